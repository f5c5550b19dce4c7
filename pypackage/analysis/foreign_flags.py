"""Follow flags that one file sets on trying an import, and another file tests.

With `from ._compat import HAS_CUPY` and `if HAS_CUPY: import cupyx`, `cupyx` is as optional as
what `_compat` tries to import. Modules that only re-export a flag are followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pypackage.analysis.alternatives import Guard
from pypackage.analysis.classify import Classifier
from pypackage.analysis.findings import Findings
from pypackage.analysis.imports import Import, Scan, Why
from pypackage.analysis.imports.model import BODY, HANDLER, HELPER, REQUIRES
from pypackage.analysis.modules import Unit

_MOST_STEPS = 5  # modules that re-export a flag


class ForeignFlags:
    """Looks up flags in the files that set them.

    Args:
        classifier: Finds the files.
        scanned: Returns the scan of a file of the user's own.
        findings: Receives the guards that imports depend on.
    """

    def __init__(
        self,
        classifier: Classifier,
        scanned: Callable[[Unit], Scan | None],
        findings: Findings,
    ) -> None:
        self._classifier = classifier
        self._scanned = scanned
        self._findings = findings
        self._known: dict[tuple[object, ...], Guard | None] = {}

    def guarded(self, unit: Unit, one: Import) -> Import:
        """Return an import, made optional if it depends on flags of other files."""
        is_given = any(name.endswith(HELPER) for _, name, _ in one.flags)
        if one.why is not Why.REQUIRED and not one.choices and not is_given:
            return one
        guards = []
        for module, name, holds in one.flags:
            guard = self._find(unit, module, name)
            if name.endswith(HELPER):
                if guard is None:  # the function does not import its argument
                    return one._replace(why=Why.DEAD)
                if guard.fork == REQUIRES:
                    continue
            if guard is not None:
                way = guard.way if holds else HANDLER + BODY - guard.way
                guards.append(guard._replace(way=way))
        if not guards:
            return one
        # An import in forks of its own file stays optional: other files' flags do not decide those.
        if not one.choices:
            self._findings.guards[(unit.path, one.line, one.column)] = tuple(guards)
        reason = one.reason or f"if {one.flags[0][1].replace(HELPER, '()')}"
        return one._replace(why=Why.OPTIONAL, reason=reason, choices=())

    def _find(self, unit: Unit, module: str, name: str) -> Guard | None:
        where = unit.folder if module.startswith(".") else (unit.roots, unit.late)
        key = (where, module, name)
        if key not in self._known:
            self._known[key] = None  # ends the recursion for modules that import each other
            self._known[key] = self._look_up(unit, module, name, _MOST_STEPS)
        return self._known[key]

    def _look_up(self, unit: Unit, module: str, name: str, steps: int) -> Guard | None:
        """Find the `try` that sets a name of a module, and the branch that makes it true."""
        path = self._file_of(unit, module)
        if not path or not steps:
            return None
        inner = unit._replace(path=path, label=path, folder=os.path.dirname(path))
        scanned = self._scanned(inner)
        if scanned is None:
            return None
        names = (name, f"{module.rpartition('.')[2]}.{name}")  # the last may be a class
        for flag, fork, way in scanned.flags:
            if flag in names:
                return Guard(path, fork, way)
        bound = name.partition(".")[0].partition("(")[0].partition("[")[0]
        for one in scanned.imports:
            if one.name in (bound, "*"):
                found = self._look_up(inner, one.module, name, steps - 1)
                if found is not None:
                    return found
        return None

    def _file_of(self, unit: Unit, module: str) -> str:
        """The file of a local module; empty if there is none."""
        one = Import(module, "", 1, 1)
        is_relative = module.startswith(".")
        look = self._classifier.relative if is_relative else self._classifier.absolute
        kind, located = look(unit, one)
        files = located.files if kind == "local" and located else ()
        return os.path.realpath(files[-1]) if files else ""
