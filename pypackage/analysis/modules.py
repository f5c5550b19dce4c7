"""The files of a program, and the folders in which the imports of each are searched."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pypackage.analysis.finder import Finder
from pypackage.analysis.search_path import INSTALLED, Root
from pypackage.analysis.source_files import Source
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypackage.analysis.imports import Scan

_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_PROJECT_LEVELS = 4


class Unit(NamedTuple):
    """A file that is part of a program.

    Attributes:
        path: Its path; empty for stdin and imports without a file.
        label: Its name in messages.
        roots: The folders to search for its imports before the standard library.
        late: The folders to search after it.
        base: The folder that paths of local modules are relative to.
        folder: The folder that relative imports start from.
        top: The local module that it belongs to; empty for a named source.
        met: Whether it was found in a named folder, or is imported by such a file.
    """

    path: str
    label: str
    roots: tuple[str, ...]
    late: tuple[Root, ...]
    base: str
    folder: str
    top: str = ""
    met: bool = False

    def with_paths(self, scanned: Scan) -> Unit:
        """This unit with the folders that the file's scan adds to sys.path, each once."""
        front, back = scanned.paths[: scanned.front], scanned.paths[scanned.front :]
        return self._replace(roots=tuple(dict.fromkeys((*front, *self.roots, *back))))


class Units:
    """Makes units of sources.

    Args:
        finder: Looks up modules.
        path: Additional folders to search for the user's own modules.
    """

    def __init__(self, finder: Finder, path: tuple[str, ...]) -> None:
        self._finder = finder
        self._path = path
        self._lates: dict[str, tuple[Root, ...]] = {}
        self._like: dict[tuple[str, str], Unit] = {}

    def of_name(self, label: str) -> Unit:
        """Make a unit without a file, which imports from the current directory."""
        folder = os.path.realpath(os.getcwd())
        return Unit("", label, (folder, *self._path), self._late(folder), folder, folder)

    def of_source(self, source: Source) -> Unit:
        """Make the unit of a named source, with the folders that Python would search."""
        folder = os.path.dirname(source.path) if source.path else os.path.realpath(os.getcwd())
        key = (folder, source.tree)
        if key not in self._like or not source.path:
            self._like[key] = self._first(source, folder)
        return Unit(source.path, source.label, *self._like[key][2:])

    def _first(self, source: Source, folder: str) -> Unit:
        """Make the first unit of a folder; those of its other sources are alike."""
        package = self._finder.outermost_package(folder, source.tree) if source.path else ""
        root = os.path.dirname(package) if package else folder
        late: tuple[Root, ...] = (Root(root, os.path.basename(package)),) if package else ()
        if os.path.basename(root) in INSTALLED:
            late = ()  # a program installed with a package, such as Parsl's
        if not source.tree:
            late += self._late(folder)
            roots = (folder, *self._path)
            return Unit(source.path, source.label, roots, late, folder, folder)
        # A parent of the named folder is searched only for the package's own modules; other modules
        # there are not the user's concern.
        inside = f"{root}{os.sep}".startswith(f"{source.tree}{os.sep}")
        base, own = (source.tree, (root, source.tree)) if inside else (root, ())
        roots = tuple(dict.fromkeys((*own, *self._path)))
        late += self._late(base)
        return Unit(source.path, source.label, roots, late, base, folder, package, met=True)

    def of_settings(self, path: str, changes: Sequence[str]) -> Unit:
        """Make the unit of a settings file, with the folders that its framework imports from.

        The framework runs in the folder of `manage.py`, or in the parent of the settings' package.

        Args:
            path: The settings file.
            changes: The folders that the program adds to sys.path.
        """
        folder = above = os.path.dirname(path)
        like = (unit for (where, _), unit in self._like.items() if where == folder)
        unit = next(like, None) or self.of_source(Source(path, path))
        package = self._finder.outermost_package(folder)
        roots = [one for one in unit.roots if not (package and one == folder)]
        if not package and os.path.basename(folder) == "settings":
            package = os.path.dirname(folder)
        roots += [os.path.dirname(package or folder), *(root.folder for root in unit.late)]
        for _ in range(_PROJECT_LEVELS):
            if self._finder.has_file(above, "manage.py"):
                roots.append(above)
            above = os.path.dirname(above)
        return unit._replace(roots=tuple(dict.fromkeys((*roots, *changes))))

    def _late(self, folder: str) -> tuple[Root, ...]:
        """The `src` beside a program, and the folder and `src` of its project."""
        if folder in self._lates:
            return self._lates[folder]
        below, found = folder, [os.path.join(folder, "src")]
        for _ in range(_PROJECT_LEVELS):
            if any(self._finder.has_file(folder, one) for one in _PROJECT_FILES):
                found += [os.path.join(folder, "src"), folder]
                break
            folder = os.path.dirname(folder)
        usable = (one for one in found if not self._finder.has_file(one, "__init__.py"))
        self._lates[below] = tuple(Root(one) for one in dict.fromkeys(usable))
        return self._lates[below]
