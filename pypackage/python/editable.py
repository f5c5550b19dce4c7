"""Find the source files of editable installs, without running anything.

A .pth file has a folder or imports a finder; setuptools, hatchling, scikit-build-core and
meson-python each write finders of their own.
"""

from __future__ import annotations

import _ast
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pypackage.python.metadata import read
from pypackage.python.module_files import below, extensions, is_module, modules_in, of_module
from pypackage.python.source_tree import tree_of, walk

_POINTER = r".*\.pth|_{1,2}editable_.*\.py|_.*_editable(_loader)?\.py"


def is_pointer(path: str) -> bool:
    """Whether a file only points to the sources: a .pth file, or the finder it imports."""
    return "/" not in path and bool(re.fullmatch(_POINTER, path))


def sources(root: str, listed: Iterable[str], names: list[str]) -> dict[str, str]:
    """Return the source files of an editable install, by the paths of a regular install.

    Args:
        root: The folder of modules in which it is installed.
        names: Its top-level modules; if empty, all modules of a folder are used.
    """
    found: dict[str, str] = {}
    for path in sorted(filter(is_pointer, listed)):
        if path.endswith(".pth"):
            for line in read(os.path.join(root, path)).splitlines():
                found.update(_pointed_at(root, line.strip(), names))
    return found


def leads_to(root: str, path: str, top: str) -> bool:
    """Whether a file of an editable install can make a top-level module importable."""
    if not is_pointer(path):
        return path.startswith((f"{top}/", f"{top}."))
    place = os.path.join(root, path)
    if not path.endswith(".pth"):
        if top not in read(place):
            return False
        return any(name.split(".")[0] == top for name in (*mapping(place), *_hooked(place)))
    for line in read(place).splitlines():
        folder = os.path.join(root, line.strip() or "-")
        if os.path.isdir(os.path.join(folder, top)):
            return True
        if line.strip() and next(of_module(folder, top), None):
            return True
    return False


def redirected(root: str, listed: Iterable[str]) -> set[str]:
    """Return the top-level modules that the import hooks of an editable install provide."""
    hooks = (os.path.join(root, path) for path in listed if is_pointer(path))
    return {name.split(".")[0] for path in hooks for name in _hooked(path)}


def _pointed_at(root: str, line: str, names: list[str]) -> dict[str, str]:
    """Return the source files that one line of a .pth file makes importable, by future path."""
    if not line or line.startswith("#"):
        return {}
    finder = re.match(r"import\s+(\w+)", line)
    if finder:
        known = mapping(os.path.join(root, f"{finder[1]}.py"))
        return {
            path: place
            for module, location in sorted(known.items())
            for path, place in _mapped(module, location)
        }
    folder = os.path.join(root, line)
    tops = names or modules_in(folder)
    return {path: os.path.join(folder, path) for top in tops for path in of_module(folder, top)}


def _mapped(module: str, location: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a mapped module; the location is a folder, or a file without suffix."""
    path = module.replace(".", "/")
    folder, name = os.path.split(location)
    if os.path.isdir(location):
        for inside in below(folder, name):
            inner = inside.split("/", 1)[1]
            yield f"{path}/{inner}", os.path.join(location, inner)
        return
    for file in (name, f"{name}.py", *extensions(folder, name)):
        if os.path.isfile(os.path.join(folder, file)):
            yield os.path.join(os.path.dirname(path), file), os.path.join(folder, file)


# --- finders -----------------------------------------------------------------------------


def mapping(finder: str) -> dict[str, str]:
    """Return the MAPPING from modules to locations that setuptools writes into its finders."""
    for node in _statements(finder):
        targets = node.targets if isinstance(node, _ast.Assign) else [getattr(node, "target", None)]
        named = [one.id for one in targets if isinstance(one, _ast.Name)]
        value = getattr(node, "value", None)
        if "MAPPING" in named and isinstance(value, _ast.Dict):
            pairs = zip(map(_string, value.keys), map(_string, value.values), strict=True)
            return {name: place for name, place in pairs if name and place}
    return {}


def _hooked(file: str) -> set[str]:
    """Return the modules that an import hook provides.

    Those of meson-python and scikit-build-core end with a call, or define an `init` with a call,
    one of whose arguments has the modules: a set of names, or a dict from names to files.
    """
    names: set[str] = set()
    for node in _statements(file) if file.endswith(".py") else ():
        if isinstance(node, _ast.Expr) or getattr(node, "name", "") == "init":
            for call in walk(node):
                if isinstance(call, _ast.Call) and len(call.args) > 2:
                    names.update(_constant_names(call.args))
    return {name for name in names if all(part.isidentifier() for part in name.split("."))}


def _constant_names(arguments: list[_ast.expr]) -> Iterator[str]:
    """Yield the strings in literal sets, and the keys of literal dicts."""
    for argument in arguments:
        keys: list[_ast.expr | None] = []
        if isinstance(argument, _ast.Set):
            keys = list(argument.elts)
        elif isinstance(argument, _ast.Dict):
            keys = list(argument.keys)
        yield from filter(None, map(_string, keys))


def _string(node: _ast.expr | None) -> str:
    """Return the value of a string literal; empty for any other expression."""
    value = node.value if isinstance(node, _ast.Constant) else ""
    return value if isinstance(value, str) else ""


def _statements(file: str) -> list[_ast.stmt]:
    """Return the top-level statements of a Python file; empty if it cannot be parsed."""
    return _parsed(read(file))


@lru_cache(maxsize=16)
def _parsed(text: str) -> list[_ast.stmt]:
    try:
        return tree_of(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def has_modules(paths: Iterable[str]) -> bool:
    """Whether there is a module among the files of a distribution, except its metadata."""
    return any(is_module(path) for path in paths if not _is_metadata(path))


def _is_metadata(path: str) -> bool:
    head = path.split("/", 1)[0]
    return head.endswith((".dist-info", ".egg-info")) or path.startswith("../")
