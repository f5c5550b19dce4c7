"""Report remarks on sources: each warning once, and a limited number of remarks."""

from __future__ import annotations

import os

from pypackage.analysis.imports import Scan, place
from pypackage.core.progress import Reporter

_MOST_OF_A_KIND = 20  # remarks shown as warnings; further ones need -v
# Usual names for one's own modules: that packages have these names too means nothing.
_USUAL = (
    "api app apps base chunk cli client common conf config constants core data demo example "
    "examples functions helper helpers job jobs lib logger main model models module package parser "
    "pipes plugin plugins process run runner schema script scripts server settings setup task "
    "tasks test tests tool tools types util utils worker workers"
)
_USUAL_NAMES = frozenset(_USUAL.split())


class Diagnostics:
    """Reports remarks and warnings."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._warned: set[str] = set()
        self._count = 0

    def of_source(self, label: str, scanned: Scan) -> None:
        """Report the remarks of a source's scan."""
        for remark in scanned.remarks:
            self._count += 1
            where = place(label, remark.line, remark.column, remark.cell)
            tell = (
                self._reporter.warning if self._count <= _MOST_OF_A_KIND else self._reporter.debug
            )
            tell(f"{where}: {remark.text}")

    def more(self) -> None:
        """Report how many remarks were not shown; call it last."""
        if self._count > _MOST_OF_A_KIND:
            more = self._count - _MOST_OF_A_KIND
            self._reporter.warning(f"and {more} more remarks of this kind; -v shows them")

    def warn(self, message: str) -> None:
        """Report a warning, once."""
        if message not in self._warned:
            self._warned.add(message)
            self._reporter.warning(message)


def is_known_package(top: str) -> bool:
    """Whether a module is that of a known package, and its name is unusual for one's own."""
    from pypackage.core import package_names

    return top not in _USUAL_NAMES and bool(package_names.find(top))


def shown(path: str) -> str:
    """A path for messages: relative to the current directory if it is below."""
    here = os.getcwd() + os.sep
    return path[len(here) :] if path.startswith(here) else path
