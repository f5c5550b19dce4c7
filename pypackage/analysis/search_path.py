"""Where the target imports from besides its standard library."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cached_property

from pypackage.analysis.finder import Finder
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypackage.python.interpreter import Environment

INSTALLED = ("site-packages", "dist-packages")
"""Names of folders of installed modules, which are never the user's own."""


class Root(NamedTuple):
    """A folder of the user's own modules that the target imports from.

    Attributes:
        folder: The folder.
        only: The only module that counts in it; empty if all do.
    """

    folder: str
    only: str = ""


class SitePackages:
    """The site-packages of an interpreter, which is looked for on first use.

    Args:
        find: Finds its environment; returns None if only a version is known.
    """

    def __init__(self, find: Callable[[], Environment | None], finder: Finder) -> None:
        self._find = find
        self._finder = finder

    @cached_property
    def environment(self) -> Environment | None:
        """The target's environment; None if only a version is known."""
        return self._find()

    @property
    def folders(self) -> tuple[str, ...]:
        """The target's site-packages folders."""
        return self.environment.sites if self.environment else ()

    def has(self, module: str) -> bool:
        """Whether a top-level module, or package with `__init__`, is installed."""
        return self._finder.has_package(module, self.folders)

    def script(self, name: str) -> str:
        """The module of a console script; empty if there is no such script."""
        from pypackage.python import distributions

        for distribution in distributions.scan(self.folders):
            for entry in distribution.entry_points:
                if entry.group in ("console_scripts", "gui_scripts") and entry.name == name:
                    return entry.value.partition(":")[0].strip()
        return ""

    @cached_property
    def editable(self) -> tuple[Root, ...]:
        """The folders of modules installed in editable mode."""
        prefix = self.environment.prefix if self.environment else ""
        found = (root for folder in self.folders for root in _roots_in(folder))
        return tuple(root for root in found if not root.folder.startswith(prefix + os.sep))


def _roots_in(folder: str) -> list[Root]:
    """The folders that the .pth and .egg-link files of a folder point to."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = []
    for name in names:
        if name.endswith(".pth"):
            for line in _lines(os.path.join(folder, name)):
                found += _roots_of(line.strip(), folder)
        elif name.endswith(".egg-link"):
            found += [Root(line.strip()) for line in _lines(os.path.join(folder, name))[:1]]
    return [root for root in found if os.path.isdir(root.folder)]


def _roots_of(line: str, folder: str) -> list[Root]:
    """The folders that a line of a .pth file adds: itself, or those of a finder it imports."""
    if not line or line.startswith("#"):
        return []
    imported = re.match(r"import\s+(\w+)", line)
    if not imported:
        return [Root(os.path.normpath(os.path.join(folder, line)))]
    finder = os.path.join(folder, f"{imported[1]}.py")
    if not os.path.exists(finder):  # mostly: setuptools has a .pth file that imports os
        return []
    from pypackage.python import editable

    mapping = editable.mapping(finder)
    places = [(module, place) for module, place in mapping.items() if "." not in module]
    return [
        Root(os.path.dirname(place), module)
        for module, place in places
        if os.path.basename(place) == module
    ]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1_000_000).splitlines()
    except OSError:
        return []
