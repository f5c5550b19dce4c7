"""Decide whether an object is sent by its module's name or by value, as cloudpickle does."""

from __future__ import annotations

import pickle
import re
import sys
import types
from collections.abc import Iterator

_MAIN = ("__main__", "__mp_main__")
_REGISTRY = "cloudpickle.cloudpickle"  # joblib, PySpark and Ray have their own copies


def module_of(thing: object) -> str:
    """The module by whose name a function, class or other global is sent; empty if by value.

    It is sent by name if the module has it under its qualified name, unless the module was
    registered by `register_pickle_by_value`.
    """
    module = holder_of(thing)
    return "" if is_registered(module) else module


def holder_of(thing: object) -> str:
    """The module, except `__main__`, that has an object under its qualified name; else empty.

    Objects that reduce themselves to a string, such as functions with `lru_cache`, are sent by this
    name even if the module is registered.
    """
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    if not isinstance(name, str):
        return ""
    try:
        module = pickle.whichmodule(thing, name)  # type: ignore[attr-defined]
    except Exception:  # any module in sys.modules may raise
        return ""
    if module == "builtins":
        return "builtins"  # NoneType and others are not attributes of it
    if not isinstance(module, str) or module in _MAIN or module not in sys.modules:
        return ""
    return module if _attribute(sys.modules[module], name) is thing else ""


def is_importable(module: str) -> bool:
    """Whether the worker has to import a module of this process by its name."""
    return module not in _MAIN and module in sys.modules and not is_registered(module)


def is_registered(module: str) -> bool:
    """Whether a module is sent by value, because it or a parent package was registered."""
    registered = set(_registered())
    parts = module.split(".")
    return any(".".join(parts[:end]) in registered for end in range(1, len(parts) + 1))


def by_text(arguments: object) -> Iterator[object]:
    """Resolve `module:qualname` among arguments, as toolz sends decorated functions.

    Yields the module if it is imported by name, else the object itself.
    """
    for text in arguments if isinstance(arguments, tuple) else ():
        if type(text) is not str or not re.fullmatch(r"[\w.]+:[\w.]+", text):
            continue
        name, _, attribute = text.partition(":")
        if is_importable(name):
            yield sys.modules[name]
        elif name in sys.modules:
            found = _attribute(sys.modules[name], attribute)
            yield from (found, getattr(found, "func", None))


def _attribute(module: types.ModuleType, name: str) -> object:
    found: object = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _registered() -> Iterator[str]:
    """The modules that cloudpickle was told to send by value."""
    for name, module in list(sys.modules.items()):
        if name.endswith(_REGISTRY):
            yield from getattr(module, "_PICKLE_BY_VALUE_MODULES", ())
