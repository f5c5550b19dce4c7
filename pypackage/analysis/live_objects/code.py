"""Find what code objects import, and the globals that they use."""

from __future__ import annotations

import builtins
import dis
import importlib
import itertools
import linecache
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pypackage.analysis.imports import Import, Scan, Why, target_of
from pypackage.analysis.imports.scanning import scan_text
from pypackage.analysis.live_objects import handlers, references
from pypackage.core.errors import SourceError

_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_PASSIVE = ("PUSH_NULL", "PRECALL", "CACHE", "COPY_FREE_VARS", "RESUME")
_SENT_CODE = "<dynamic-code>"  # the file name that cloudpickle 3.1 gives each function
_MOST_FORKS = 1 << 50  # in a file; they are numbered by their places
IMPORTING = (importlib.import_module, builtins.__import__)


class CodeImports:
    """Analyzes code objects; caches the scans of their sources.

    Args:
        importing: The functions that import a module by its name.
    """

    def __init__(self, importing: tuple[object, ...] = IMPORTING) -> None:
        self._importing = importing
        self._scans: dict[str, dict[tuple[int, str], Import]] = {}
        self._numbers = itertools.count(0, _MOST_FORKS)

    def of(
        self, code: types.CodeType, names: Mapping[str, Any]
    ) -> tuple[list[Import], list[object]]:
        """The imports of a code object and of nested ones, and the globals that they use.

        Args:
            names: The globals.
        """
        reading = _Instructions(code, names, self._importing)
        file = code.co_filename
        if file == _SENT_CODE:
            file = str(names.get("__file__") or file)
        known: Mapping[Any, Import] = self._in_source(file)
        by_line = bool(known)
        if not by_line:
            known = self._in_code(code)
        found = [
            one
            for at, line, module, level, taken in reading.imports()
            for one in _statement(
                known.get((line, module.partition(".")[0]) if by_line else at),
                _absolute(module, level, names),
                taken,
            )
        ]
        found += [Import(name, "", 0, 0) for name in reading.modules]
        used = reading.used
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                inner, others = self.of(constant, names)
                found += inner
                used += others
        return found, used

    def _in_source(self, file: str) -> dict[tuple[int, str], Import]:
        """The imports in the file of a code object, by line and top-level name."""
        if file not in self._scans:
            scanned = Scan()
            try:
                text = "".join(linecache.getlines(file))
                version = ".".join(map(str, sys.version_info[:3]))
                scanned = scan_text(text, file, target_of(version))
            except SourceError:
                pass  # then all of them count as required
            self._scans[file] = {
                (one.line, one.top): one for one in self._numbered(scanned.imports)
            }
        return self._scans[file]

    def _in_code(self, code: types.CodeType) -> dict[int, Import]:
        """What the handlers of a code object say of its imports, by the instruction's offset."""
        found = handlers.of_imports(code)
        imports = [
            Import("", "", 0, 0, Why.OPTIONAL, one.reason, choices=one.choices)
            for one in found.values()
        ]
        return dict(zip(found, self._numbered(imports), strict=True))

    def _numbered(self, imports: Iterable[Import]) -> list[Import]:
        """Imports with numbers of their forks that no other source or code has."""
        own = next(self._numbers)
        return [
            one._replace(choices=tuple((own + fork, way) for fork, way in one.choices))
            for one in imports
        ]


def _statement(known: Import | None, module: str, taken: tuple[str, ...]) -> Iterator[Import]:
    """An import statement, optional if its source or its code says so."""
    if not module:
        return  # relative, from code in no package: it cannot be imported anywhere
    said = known or Import(module, "", 0, 0)
    for name in taken or ("",):
        yield Import(module, name, 0, 0, said.why, said.reason, choices=said.choices)


def _absolute(module: str, level: int, names: Mapping[str, Any]) -> str:
    """The absolute name of a module, resolved against `__package__` in some globals."""
    if not level:
        return module
    package = str(names.get("__package__") or "").split(".")
    parents = package[: len(package) - level + 1]
    return ".".join([*parents, module] if module else parents)


class _Instructions:
    """What the instructions of a code object load and import.

    Attributes:
        used: The globals that they use, except modules.
        modules: The modules that they use, including submodules reached as attributes, and the
            literal names that `import_module` is called with.
    """

    def __init__(
        self, code: types.CodeType, names: Mapping[str, Any], importing: tuple[object, ...]
    ) -> None:
        self._importing = importing
        self.used: list[object] = []
        self.modules: list[str] = []
        self._names = names
        self._code = code
        self._local: dict[object, object] = {}  # members of importlib, by local name

    def imports(self) -> Iterator[tuple[int, int, str, int, tuple[str, ...]]]:
        """Yield each import's offset, line, module, level and names; fills the attributes."""
        constants: list[object] = []
        current: object = None
        importing = False
        imported: object = None
        line = self._code.co_firstlineno
        for one in dis.get_instructions(self._code):
            line = _line_of(one) or line
            if one.opname == "IMPORT_NAME":
                taken = constants[-1] if constants and isinstance(constants[-1], tuple) else ()
                level = constants[-2] if len(constants) > 1 else 0
                level = level if isinstance(level, int) else 0
                yield one.offset, line, one.argval, level, taken
            if one.opname.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST")):
                constants = [*constants[-1:], one.argval]
                if importing and isinstance(one.argval, str):
                    self.modules.append(one.argval)
                current, importing = None, False
                continue
            if one.opname == "IMPORT_NAME":
                current = imported = importlib if one.argval == "importlib" else None
                continue
            if one.opname == "IMPORT_FROM":
                current = vars(imported).get(one.argval) if imported else None
                continue
            if one.opname == "STORE_FAST":
                self._local[one.argval] = current
            if one.opname in _LOADS:
                current = self._loaded(one.argval)
            elif one.opname.startswith("LOAD_FAST"):
                current = self._local.get(one.argval)
            elif one.opname in _ATTRIBUTES and isinstance(current, types.ModuleType):
                current = self._attribute(current, one.argval)
            elif one.opname not in _PASSIVE:
                current = None
            importing = importing or any(current is one for one in self._importing)

    def _loaded(self, name: str) -> object:
        value = self._names.get(name, getattr(builtins, name, None))
        if name in self._names:
            self.used.append(value)
        return value

    def _attribute(self, module: types.ModuleType, name: str) -> object:
        """The value of a module's attribute, which may be a submodule that is not bound yet."""
        inner = f"{module.__name__}.{name}"
        value = vars(module).get(name, sys.modules.get(inner))
        if isinstance(value, types.ModuleType) and references.is_importable(value.__name__):
            self.modules.append(value.__name__)
        return value


def _line_of(one: dis.Instruction) -> int | None:
    positions = getattr(one, "positions", None)
    if positions is not None:
        return positions.lineno  # type: ignore[no-any-return]
    return one.starts_line
