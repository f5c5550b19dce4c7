"""What a function at hand needs to run elsewhere: what cloudpickle would send with it.

The function is not called and nothing is imported: its code, closure, defaults and the
globals that it uses are looked at, and so are the functions and classes of the user's own
that it leads to.
"""

from __future__ import annotations

import builtins
import dis
import functools
import importlib
import linecache
import os
import sys
import types
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from pypackage.analysis.analyzer import Analyzer
from pypackage.analysis.imports import Import, Scan, Why, target_of
from pypackage.analysis.imports.scanning import scan_text
from pypackage.analysis.source_files import Source
from pypackage.core.errors import SourceError, UsageError
from pypackage.python import stdlib

_MOST_ELEMENTS = 1_000  # of a container that are looked at
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_IMPORTING = (importlib.import_module, builtins.__import__)


class Found:
    """What objects need.

    Attributes:
        modules: The required top-level modules, with the dotted names.
        optional: Those that they can do without, with the reason.
        files: The files of modules of the user's own that they refer to.
    """

    def __init__(self) -> None:
        self.modules: dict[str, set[str]] = {}
        self.optional: dict[str, str] = {}
        self.files: dict[str, None] = {}

    def add(self, module: str, why: Why, reason: str) -> None:
        """Take a module, by its dotted name."""
        top = module.partition(".")[0]
        if why is Why.REQUIRED:
            self.modules.setdefault(top, set()).add(module)
        elif why is Why.OPTIONAL:
            self.optional.setdefault(top, reason)


def explore(thing: object) -> Found:
    """Find what a function, method, class or code object needs.

    Raises:
        UsageError: It is none of these.
    """
    if not callable(thing) and not isinstance(thing, types.CodeType):
        raise UsageError(f"not a function, class or code object: {type(thing).__name__}")
    explorer = _Explorer(thing)
    explorer.run()
    return explorer.found


class _Explorer:
    """Goes from one object to the next, each once."""

    def __init__(self, thing: object) -> None:
        self.found = Found()
        self._home = _module_of(thing)
        self._standard = stdlib.names(".".join(map(str, sys.version_info[:3])))
        self._todo: deque[object] = deque([thing])
        self._seen: dict[int, object] = {}  # keeps them, or another one may get the same id
        self._scans: dict[str, dict[tuple[int, str], Import]] = {}

    def run(self) -> None:
        while self._todo:
            thing = self._todo.popleft()
            if id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                self._object(thing)

    def _object(self, thing: object) -> None:
        if isinstance(thing, types.ModuleType):
            self._module(thing.__name__)
        elif isinstance(thing, types.CodeType):
            self._code(thing, {}, "")
        elif isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, types.BuiltinFunctionType):
            self._named(thing)
            self._todo.append(thing.__self__)
        elif _is_of_cython(type(thing)):
            self._named(thing)
        elif isinstance(thing, types.MethodType):
            self._todo += [thing.__func__, thing.__self__]
        elif isinstance(thing, functools.partial):
            self._todo += [thing.func, thing.args, thing.keywords]
        elif isinstance(thing, staticmethod | classmethod | property):
            parts = (getattr(thing, name, None) for name in ("__func__", "fget", "fset", "fdel"))
            self._todo += [part for part in parts if part is not None]
        elif isinstance(thing, types.GenericAlias | types.UnionType):
            self._todo += [getattr(thing, "__origin__", None), *thing.__args__]
        elif isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, dict):
            self._todo += [*thing.keys(), *thing.values()][:_MOST_ELEMENTS]
        elif isinstance(thing, list | tuple | set | frozenset):
            self._todo += list(thing)[:_MOST_ELEMENTS]
        else:
            self._instance(thing)

    def _instance(self, thing: object) -> None:
        """Any other object is sent as its class and its state."""
        self._todo.append(type(thing))
        self._todo += list(_own_dict(thing).values())[:_MOST_ELEMENTS]

    def _named(self, function: object) -> None:
        """A function of an extension module is sent by its name."""
        module = getattr(function, "__module__", None)
        if isinstance(module, str):
            self._module(module)

    def _function(self, function: types.FunctionType) -> None:
        if not self._is_followed(function):
            return
        self._code(function.__code__, function.__globals__, function.__module__ or "")
        self._todo += [function.__defaults__ or (), function.__kwdefaults__ or {}]
        if sys.version_info < (3, 14):  # from there on they are made when asked for, by code
            self._todo += list(function.__annotations__.values())
        for cell in function.__closure__ or ():
            try:
                self._todo.append(cell.cell_contents)
            except ValueError:  # it is empty: the name is not bound yet
                continue
        self._todo += list(_own_dict(function).values())  # __wrapped__ among them

    def _class(self, cls: type) -> None:
        if self._is_followed(cls):
            self._todo += [*cls.__bases__, *vars(cls).values(), type(cls)]

    def _is_followed(self, thing: types.FunctionType | type) -> bool:
        """Whether a function or class is sent as it is, not by the name of its module."""
        module = thing.__module__
        if not isinstance(module, str):  # as that of some classes of extension modules
            module = ""
        if module in ("__main__", "__mp_main__", self._home, ""):
            return True
        if module == "builtins":
            return False
        self._module(module)
        return False

    # --- modules -------------------------------------------------------------------------

    def _module(self, name: str, why: Why = Why.REQUIRED, reason: str = "") -> None:
        top = name.partition(".")[0]
        if top in self._standard or top in ("", "__main__", "__mp_main__"):
            return
        file = _own_file(sys.modules.get(top), sys.modules.get(name))
        if file:
            if why.counts:
                self.found.files[file] = None
        else:
            self.found.add(name, why, reason)

    # --- code ----------------------------------------------------------------------------

    def _code(self, code: types.CodeType, names: Mapping[str, Any], module: str) -> None:
        reading = _Instructions(code, names)
        for line, imported, level, taken in reading.imports():
            self._imported(code, line, imported, level, taken, names)
        self._todo += reading.used
        for name in reading.modules:
            self._module(name)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant, names, module)

    def _imported(
        self,
        code: types.CodeType,
        line: int,
        module: str,
        level: int,
        taken: tuple[str, ...],
        names: Mapping[str, Any],
    ) -> None:
        """Take an import statement of a code object."""
        if level:
            package = str(names.get("__package__") or "").split(".")
            parents = package[: len(package) - level + 1]
            module = ".".join([*parents, module] if module else parents)
        known = self._in_source(code).get((line, module.partition(".")[0]))
        why, reason = (known.why, known.reason) if known else (Why.REQUIRED, "")
        for name in [f"{module}.{one}" for one in taken if one != "*"] or [module]:
            loaded = sys.modules.get(name)
            self._module(name if loaded or not taken else module, why, reason)
            if not _own_file(sys.modules.get(module.partition(".")[0]), None):
                self._namespaced(module, name, why, reason)

    def _namespaced(self, module: str, name: str, why: Why, reason: str) -> None:
        """Keep the whole dotted name of what is not loaded: it may be in a namespace."""
        if name != module and module.partition(".")[0] in self.found.modules and why.counts:
            self.found.add(name, why, reason)

    def _in_source(self, code: types.CodeType) -> dict[tuple[int, str], Import]:
        """The imports of the file that a code object comes from, by line and top-level name."""
        file = code.co_filename
        if file not in self._scans:
            scanned = Scan()
            try:
                text = "".join(linecache.getlines(file))
                version = ".".join(map(str, sys.version_info[:3]))
                scanned = scan_text(text, file, target_of(version))
            except SourceError:
                pass  # then all of them are required
            self._scans[file] = {(one.line, one.top): one for one in scanned.imports}
        return self._scans[file]


class _Instructions:
    """What the instructions of a code object load and import.

    Attributes:
        used: The globals that they use, but for modules.
        modules: The modules that they use, as deep as their attributes go; and those that
            `import_module` is called with by a literal name.
    """

    def __init__(self, code: types.CodeType, names: Mapping[str, Any]) -> None:
        self.used: list[object] = []
        self.modules: list[str] = []
        self._names = names
        self._code = code
        self._local: dict[object, object] = {}  # what importlib offers, by local names

    def imports(self) -> Iterator[tuple[int, str, int, tuple[str, ...]]]:
        """The import statements: line, module, level and names; fills the attributes."""
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
                yield line, one.argval, level if isinstance(level, int) else 0, taken
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
                current = _own_dict(imported).get(one.argval)
                continue
            if one.opname == "STORE_FAST":
                self._local[one.argval] = current
            if one.opname in _LOADS:
                current = self._loaded(one.argval)
            elif one.opname.startswith("LOAD_FAST"):
                current = self._local.get(one.argval)
            elif one.opname in _ATTRIBUTES and isinstance(current, types.ModuleType):
                current = self._attribute(current, one.argval)
            elif one.opname not in ("PUSH_NULL", "PRECALL", "CACHE"):
                current = None
            importing = importing or any(current is function for function in _IMPORTING)

    def _loaded(self, name: str) -> object:
        value = self._names.get(name, getattr(builtins, name, None))
        if isinstance(value, types.ModuleType):
            self.modules.append(value.__name__)
        elif name in self._names:
            self.used.append(value)
        return value

    def _attribute(self, module: types.ModuleType, name: str) -> object:
        value = vars(module).get(name)
        if isinstance(value, types.ModuleType):
            self.modules.append(value.__name__)
        return value


def _is_of_cython(cls: type) -> bool:
    """Whether a class is that of Cython's functions, whose module is none that one can import."""
    return str(cls.__module__).startswith("_cython_")


def _line_of(one: dis.Instruction) -> int | None:
    positions = getattr(one, "positions", None)
    if positions is not None:
        return positions.lineno  # type: ignore[no-any-return]
    return one.starts_line


def _own_dict(thing: object) -> dict[str, object]:
    found = getattr(thing, "__dict__", None)
    return found if isinstance(found, dict) else {}


def _module_of(thing: object) -> str:
    """The module of a function whose own helpers go with it."""
    while isinstance(thing, functools.partial | types.MethodType):
        thing = thing.func if isinstance(thing, functools.partial) else thing.__func__
    module = getattr(thing, "__module__", None)
    return module if isinstance(module, str) else "__main__"


def _own_file(top: types.ModuleType | None, module: types.ModuleType | None) -> str:
    """The file of a module of the user's own; empty of one that is installed, or not loaded."""
    file = getattr(module, "__file__", None) or getattr(top, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return ""
    parts = file.split(os.sep)
    installed = "site-packages" in parts or "dist-packages" in parts
    return "" if installed or file.startswith(os.path.dirname(os.__file__) + os.sep) else file


def with_own_files(found: Found, analyzer: Analyzer) -> None:
    """Let an analyzer take the user's own files that objects refer to."""
    named = [Source(os.path.realpath(file), file) for file in found.files]

    def content(source: Source) -> bytes:
        with open(source.path, "rb") as file:
            return file.read()

    analyzer.add(named, content)
