"""Read the scripts that a project declares, which run a package without a `__main__`."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from typing import Any

from pypackage.core.errors import PackageError
from pypackage.core.reading import read_text

_GROUPS = ("console_scripts", "gui_scripts")
_LEVELS = 4  # parent folders to search


def of_project(folder: str) -> dict[str, str]:
    """The module of each script, by name, of the project that a folder belongs to."""
    for _ in range(_LEVELS):
        found = dict(_in_folder(folder))
        if found or os.path.dirname(folder) == folder:
            return found
        folder = os.path.dirname(folder)
    return {}


def _in_folder(folder: str) -> Iterator[tuple[str, str]]:
    pyproject = os.path.join(folder, "pyproject.toml")
    if os.path.isfile(pyproject):
        yield from _in_pyproject(pyproject)
    setup = os.path.join(folder, "setup.cfg")
    if os.path.isfile(setup):
        yield from _in_setup_cfg(setup)
    script = os.path.join(folder, "setup.py")
    if os.path.isfile(script):
        yield from _in_setup_py(script)


def _in_pyproject(path: str) -> Iterator[tuple[str, str]]:
    from pypackage.requirements.formats import document

    try:
        top: Any = document.of_toml(read_text(path), path).value
    except PackageError:
        return
    for keys in (("project", "scripts"), ("project", "gui-scripts"), ("tool", "poetry", "scripts")):
        table: Any = top
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        for name, value in table.items() if isinstance(table, dict) else ():
            target = value.get("reference") if isinstance(value, dict) else value
            if isinstance(target, str):
                yield name, _module(target)


def _in_setup_cfg(path: str) -> Iterator[tuple[str, str]]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(path))
    except (configparser.Error, PackageError):
        return
    for group in _GROUPS:
        yield from _listed(parser.get("options.entry_points", group, fallback="").splitlines())


def _in_setup_py(path: str) -> Iterator[tuple[str, str]]:
    """Read literal lists under the group names, without running the file."""
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError, PackageError):
        return
    for node in ast.walk(tree):
        for key, value in (
            zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
        ):
            if isinstance(key, ast.Constant) and key.value in _GROUPS:
                items = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
                texts = (one.value for one in items if isinstance(one, ast.Constant))
                yield from _listed(line for text in texts for line in str(text).splitlines())


def _listed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Parse lines such as `name = package.module:function`."""
    for line in lines:
        name, equals, target = line.partition("=")
        if equals:
            yield name.strip(), _module(target)


def _module(target: str) -> str:
    """Return `package.module` of `package.module:function [extra]`."""
    return target.partition(":")[0].partition("[")[0].strip()
