"""Traverse all objects that are sent with some objects, each once, as `pickle` does."""

from __future__ import annotations

import copyreg
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pypackage.analysis.imports import Import
from pypackage.analysis.live_objects import references
from pypackage.analysis.live_objects.code import CodeImports
from pypackage.core.errors import UsageError

_ATOMS = {type(None), bool, int, float, complex, str, bytes, bytearray, type(...), slice, range}
_MAPPINGS = (dict, types.MappingProxyType)
_EMPTY: tuple[dict[object, object], ...] = ({}, OrderedDict())
_VIEWS = tuple(  # cloudpickle sends these too
    type(view) for one in _EMPTY for view in (one.keys(), one.values(), one.items())
)
_CONTAINERS = (list, tuple, set, frozenset, *_VIEWS)
_PROTOCOL = 5  # which passes large arrays without copying them


def explore(things: Iterable[object]) -> list[Import]:
    """The imports that sending objects implies.

    Args:
        things: Functions, methods, classes, code objects, or any objects that contain them.

    Raises:
        UsageError: One is only a number or a string.
    """
    explorer = _Explorer()
    for thing in things:
        if type(thing) in _ATOMS:
            raise UsageError(
                f"not a function, class or other object with code: {type(thing).__name__}",
                "for a file, call analyze(path)",
            )
        explorer.run(thing)
    return list(explorer.imports)


class _Explorer:
    """Visits objects, each once.

    Attributes:
        imports: The imports found, in order.
    """

    def __init__(self) -> None:
        self.imports: dict[Import, None] = {}
        self._code = CodeImports()
        self._todo: deque[object] = deque()
        self._seen: dict[int, object] = {}  # keeps them alive, so that no id is reused

    def run(self, thing: object) -> None:
        self._todo.append(thing)
        while self._todo:
            thing = self._todo.popleft()
            if id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                self._object(thing)

    def _add(self, things: Iterable[object]) -> None:
        self._todo += (thing for thing in things if type(thing) not in _ATOMS)

    def _object(self, thing: object) -> None:
        kind = type(thing)  # not isinstance: a proxy claims the type of its object
        if kind is types.CodeType:
            self._of_code(thing, {})  # type: ignore[arg-type]
        elif kind is types.FunctionType:
            self._function(thing)  # type: ignore[arg-type]
        elif kind is types.MethodType:
            self._add([thing.__func__, thing.__self__])  # type: ignore[attr-defined]
        elif kind in (staticmethod, classmethod, property):
            names = ("__func__", "fget", "fset", "fdel")
            self._add(getattr(thing, name, None) for name in names)
        elif kind in _MAPPINGS:
            self._add(thing)  # type: ignore[arg-type]
            self._add(thing.values())  # type: ignore[attr-defined]
        elif kind in _CONTAINERS:
            self._add(thing)  # type: ignore[arg-type]
        elif kind is types.CellType:
            self._add(_content(thing))  # type: ignore[arg-type]
        elif issubclass(kind, types.ModuleType):
            self._module(thing)  # type: ignore[arg-type]
        elif issubclass(kind, type):
            self._class(thing)  # type: ignore[arg-type]
        elif kind is TypeVar:  # reduces itself to a string only if its module is not registered
            if not self._is_named(thing):
                self._add([thing.__bound__, *thing.__constraints__])  # type: ignore[attr-defined]
        else:
            self._instance(thing)

    def _module(self, module: types.ModuleType) -> None:
        name = module.__name__
        if references.is_importable(name):
            self._import(name)
        elif references.is_registered(name) or sys.modules.get(name) is not module:
            self._add(vars(module).values())  # sent by value, with everything in it

    def _function(self, function: types.FunctionType) -> None:
        if self._is_named(function):
            return
        self._of_code(function.__code__, function.__globals__)
        self._add([function.__defaults__, function.__kwdefaults__, function.__closure__])
        if sys.version_info < (3, 14):  # from there on they are computed on access, by code
            self._add(function.__annotations__.values())
        self._add(vars(function).values())  # including __wrapped__

    def _class(self, cls: type) -> None:
        if not self._is_named(cls):
            self._add([*cls.__bases__, *vars(cls).values(), type(cls)])

    def _instance(self, thing: object) -> None:
        """Follow what any other object reduces itself to."""
        self._add([type(thing)])
        reduced: object = None
        with suppress(Exception):  # if it cannot be pickled, its state counts
            reducer = copyreg.dispatch_table.get(type(thing))
            reduced = reducer(thing) if reducer else thing.__reduce_ex__(_PROTOCOL)
        if isinstance(reduced, tuple):
            self._add(reduced[:3])
            self._add(references.by_text(reduced[1]))
            for items in reduced[3:5]:
                self._add(items or ())
        elif reduced is None and _is_like_function(thing):  # as cloudpickle sends wrapt's proxies
            self._function(thing)  # type: ignore[arg-type]
        elif not (isinstance(reduced, str) and self._found(references.holder_of(thing))):
            self._add(_state(thing))

    def _is_named(self, thing: object) -> bool:
        """Whether an object is sent by the name of its module, which is then recorded."""
        return self._found(references.module_of(thing))

    def _found(self, module: str) -> bool:
        if module and not module.startswith("_cython_"):  # which cannot be imported
            self._import(module)
        return bool(module)

    def _of_code(self, code: types.CodeType, names: Mapping[str, Any]) -> None:
        found, used = self._code.of(code, names)
        self.imports.update(dict.fromkeys(found))
        self._add(used)

    def _import(self, module: str) -> None:
        self.imports[Import(module, "", 0, 0)] = None


def _is_like_function(thing: object) -> bool:
    with suppress(Exception):  # a proxy may have no object
        return isinstance(thing, types.FunctionType)
    return False


def _content(cell: types.CellType) -> Iterator[object]:
    with suppress(ValueError):  # empty: the name is not bound yet
        yield cell.cell_contents


def _state(thing: object) -> Iterator[object]:
    """The values in an object's `__dict__` and slots."""
    for cls in type(thing).__mro__:
        for member in vars(cls).values():
            if type(member) is types.MemberDescriptorType or (
                type(member) is types.GetSetDescriptorType and member.__name__ == "__dict__"
            ):
                with suppress(AttributeError, TypeError):
                    yield member.__get__(thing)
