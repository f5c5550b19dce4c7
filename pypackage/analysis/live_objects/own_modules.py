"""Where this process has the user's own modules from."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterable, Iterator
from glob import escape, glob

from pypackage.analysis.search_path import INSTALLED, Root
from pypackage.core.errors import InputPathError, UsageError
from pypackage.python import distributions


def roots(modules: Iterable[str]) -> tuple[str, ...]:
    """The folders in which modules of the user's own are looked for, absolute.

    First those that loaded modules come from, whatever has happened to `sys.path` and to the
    current folder since; then what is on `sys.path` and holds nothing that is installed.

    Args:
        modules: The modules that are looked for, by their dotted names.

    Raises:
        InputPathError: A module was loaded from a file that is not there any more.
        UsageError: A module was loaded from a file of another name, so it cannot be imported
            by its own.
    """
    tops = dict.fromkeys(module.partition(".")[0] for module in modules)
    found = [root for top in tops for root in _loaded_from(top)]
    found += [path for path in map(os.path.abspath, sys.path) if _is_own(path)]
    return tuple(dict.fromkeys(map(os.path.realpath, found)))


def beside_packages() -> tuple[Root, ...]:
    """Loaded modules of the user's own in folders of packages, as of `pip install --target`."""
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


def _loaded_from(top: str) -> Iterator[str]:
    module = sys.modules.get(top)
    for place in _places(module) if module else ():
        folder, name = os.path.split(place)
        if _is_installed(folder) or _has_packages(folder):
            continue
        if not os.path.exists(place):
            raise InputPathError(f"the module {top} was loaded from {place}, which is gone")
        if name.partition(".")[0] != top:
            raise UsageError(
                f"the module {top} was loaded from {place}: it cannot be imported by its name",
                "name the file like the module, or let cloudpickle send it: "
                "register_pickle_by_value",
            )
        yield folder


def _places(module: types.ModuleType) -> list[str]:
    """The file of a module, or the folders of a package."""
    file, path = getattr(module, "__file__", None), getattr(module, "__path__", None)
    if path is not None:
        return [os.path.abspath(one) for one in path if isinstance(one, str)]
    return [os.path.abspath(file)] if isinstance(file, str) else []


def _is_own(folder: str) -> bool:
    """Whether all modules in a folder are the user's, not the standard library's or installed."""
    return os.path.isdir(folder) and not (_is_installed(folder) or _has_packages(folder))


def _is_installed(folder: str) -> bool:
    standard = os.path.dirname(os.__file__)
    if f"{folder}{os.sep}".startswith(f"{standard}{os.sep}"):
        return True
    return not set(INSTALLED).isdisjoint(folder.split(os.sep))


def _has_packages(folder: str) -> bool:
    return bool(glob(f"{escape(folder)}/*.dist-info"))
