"""Find the folders that this process has loaded the user's own modules from."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterable, Iterator
from functools import cache
from glob import escape, glob

from pypackage.analysis.search_path import INSTALLED, Root
from pypackage.core.errors import InputPathError, UsageError
from pypackage.python import distributions


def roots(modules: Iterable[str]) -> tuple[str, ...]:
    """The absolute paths of the folders in which the user's own modules are searched.

    These are the entries of `sys.path` except folders of installed packages, and the folders of
    loaded modules, whatever has happened to `sys.path` and the current directory since: first if
    another module of the same name would be found instead, else last.

    Args:
        modules: The dotted names of the modules to be searched.

    Raises:
        InputPathError: A module was loaded from a file that no longer exists.
        UsageError: A module was loaded from a file of another name, so that it cannot be imported
            by its own name.
    """
    for top in dict.fromkeys(module.partition(".")[0] for module in modules):
        if module := sys.modules.get(top):
            _check_importable(top, module)
    path = [os.path.realpath(one) for one in map(os.path.abspath, sys.path) if _is_own(one)]
    loaded = list(_loaded())
    hidden = [folder for top, folder in loaded if _first(path, top) not in ("", folder)]
    return tuple(dict.fromkeys([*hidden, *path, *(folder for _, folder in loaded)]))


def beside_packages() -> tuple[Root, ...]:
    """The user's loaded modules in folders of packages, as of `pip install --target`."""
    found = []
    for folder in dict.fromkeys(map(os.path.abspath, sys.path)):
        if _is_installed(folder) or not _has_packages(folder):
            continue
        owned = distributions.providers(distributions.scan([folder]))
        for top, module in list(sys.modules.items()):
            if "." not in top and top not in owned:
                places = _places(module)
                found += [Root(folder, top) for one in places if os.path.dirname(one) == folder]
    return tuple(found)


def _loaded() -> Iterator[tuple[str, str]]:
    """The user's own loaded modules, each with its folder."""
    is_own = cache(_is_own)
    for top, module in list(sys.modules.items()):
        if "." not in top:
            for place in _places(module):
                folder, name = os.path.split(place)
                if name.partition(".")[0] == top and is_own(folder) and os.path.exists(place):
                    yield top, os.path.realpath(folder)


def _check_importable(top: str, module: types.ModuleType) -> None:
    for place in _places(module):
        folder, name = os.path.split(place)
        if _is_installed(folder) or _has_packages(folder):
            continue
        if not os.path.exists(place):
            raise InputPathError(
                f"the module {top} was loaded from {place}, which is gone or in an archive"
            )
        if name.partition(".")[0] != top:
            raise UsageError(
                f"the module {top} was loaded from {place}: it cannot be imported by its name",
                "name the file like the module, or let cloudpickle send it: "
                "register_pickle_by_value",
            )


def _first(folders: Iterable[str], top: str) -> str:
    """The first folder that has a module or package of this name; empty if none has."""
    for folder in folders:
        if os.path.isdir(os.path.join(folder, top)) or glob(f"{escape(folder)}/{top}.*"):
            return folder
    return ""


def _places(module: types.ModuleType) -> list[str]:
    """The file of a module, or the folders of a package."""
    if not isinstance(module, types.ModuleType):
        return []
    known = object.__getattribute__(module, "__dict__")  # getattr loads lazy modules
    file, path = known.get("__file__"), known.get("__path__")
    if path is not None:
        return [os.path.abspath(one) for one in path if isinstance(one, str)]
    return [os.path.abspath(file)] if isinstance(file, str) else []


def _is_own(folder: str) -> bool:
    """Whether a folder has only the user's modules: no standard library, nothing installed."""
    return os.path.isdir(folder) and not (_is_installed(folder) or _has_packages(folder))


def _is_installed(folder: str) -> bool:
    standard = os.path.dirname(os.__file__)
    if f"{folder}{os.sep}".startswith(f"{standard}{os.sep}"):
        return True
    return not set(INSTALLED).isdisjoint(folder.split(os.sep))


def _has_packages(folder: str) -> bool:
    return bool(glob(f"{escape(folder)}/*.dist-info"))
