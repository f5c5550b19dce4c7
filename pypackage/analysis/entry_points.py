"""The scripts that a project declares: what runs a package that has no `__main__`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pypackage.core.errors import PackageError
from pypackage.core.reading import read_text

_LEVELS = 4  # of folders above a package


def of_project(folder: str) -> dict[str, str]:
    """The modules of the scripts of the project that a folder is part of, by their names."""
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
    for group in ("console_scripts", "gui_scripts"):
        for line in parser.get("options.entry_points", group, fallback="").splitlines():
            name, equals, target = line.partition("=")
            if equals:
                yield name.strip(), _module(target)


def _module(target: str) -> str:
    """`package.module` of `package.module:function [extra]`."""
    return target.partition(":")[0].partition("[")[0].strip()
