"""Classify imports: standard library, the user's own module, or a package."""

from __future__ import annotations

import os
from collections.abc import Callable

from pypackage.analysis.alternatives import Standing
from pypackage.analysis.diagnostics import Diagnostics, is_known_package, shown
from pypackage.analysis.finder import Finder, Located
from pypackage.analysis.imports import Import, Why
from pypackage.analysis.modules import Unit
from pypackage.analysis.search_path import SitePackages
from pypackage.python import stdlib

# `package`, `standard`, `local` with its location, or `unresolved` if nothing is found.
Kind = tuple[str, Located | None]


class Classifier:
    """Classifies imports.

    Args:
        standard: The top-level modules of the target's standard library.
        finder: Looks up the user's own modules.
        site: The target's site-packages.
        declares: Whether the program's author declares a package for a module.
    """

    def __init__(
        self,
        standard: frozenset[str],
        finder: Finder,
        site: SitePackages,
        diagnostics: Diagnostics,
        declares: Callable[[str], bool],
    ) -> None:
        self._declares = declares
        self._standard = standard
        self._finder = finder
        self._site = site
        self._diagnostics = diagnostics
        self._closed: dict[tuple[str | int, str], Kind] = {}  # modules without submodules
        self._late_folders: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._shadows: set[tuple[str, tuple[str, ...]]] = set()

    def kind(self, unit: Unit, one: Import, context: int) -> Kind:
        """Classify an import of a unit.

        Args:
            unit: The importing file.
            one: The import.
            context: A number that stands for the folders in which the unit's imports are searched.
        """
        is_relative = one.module[0] == "."
        where = unit.folder if is_relative else context
        kind = self._closed.get((where, one.module))
        if kind is None:
            kind = self.relative(unit, one) if is_relative else self.absolute(unit, one)
            if kind[1] is not None and kind[1].closed:
                self._closed[(where, one.module)] = kind
        return kind

    def relative(self, unit: Unit, one: Import) -> Kind:
        """Classify a relative import."""
        located = self._finder.find_relative(one.module, one.name, unit.folder)
        return ("local" if located else "unresolved"), located

    def absolute(self, unit: Unit, one: Import) -> Kind:
        """Classify an absolute import, searching in Python's order."""
        top = one.top
        if stdlib.is_never_shadowed(top) and top in self._standard:
            return "standard", None
        located = self._finder.find(one.module, one.name, unit.roots)
        if located and not located.namespace:
            self._warn_of_shadow(top, located)
            return "local", located
        if top in self._standard:
            return "standard", None
        if located and not self._site.has(top) and not self._gives_way(top, located):
            return "local", located
        located = self._find_late(unit, one)
        if located and not (located.namespace and self._gives_way(top, located)):
            return "local", located
        if stdlib.is_of_python_2(top) and not self._is_installed(top):
            if one.why is Why.REQUIRED:
                what = "a module of Python 2's standard library, not a package"
                self._diagnostics.warn(f"{top} is {what}")
            return "standard", None
        located = self._find_above(unit, one)
        return ("local", located) if located else ("package", None)

    def own(self, unit: Unit, one: Import) -> tuple[Kind, Import] | None:
        """Classify an absolute import that may mean a module beside the importing file.

        Returns None if it does not; else the kind, and the relative import that is meant.

        In a package such a module is found only when its files are run as scripts: SWIG's wrappers
        and others try both forms. An unknown name then belongs to no package, and neither does the
        name of an extension module beside the file.
        """
        top = one.top
        if not self._finder.has_extension(top, unit.folder) and self._is_of_package(top):
            return None
        meant = one._replace(module=f".{one.module}")
        located = self._finder.find_relative(meant.module, meant.name, unit.folder)
        return ("local", located), meant

    def standing(self, module: str, version: tuple[int, ...]) -> Standing:
        """How surely a target of this Python version can provide a module."""
        from pypackage.core import package_names
        from pypackage.python import stdlib_names

        top = module.partition(".")[0]
        if top in self._standard:
            gone = stdlib_names.is_missing(module, version)
            return Standing.ABSENT if gone else Standing.INSTALLED
        if self._declares(module) or self._is_installed(top):
            return Standing.INSTALLED
        if package_names.find(module):
            return Standing.KNOWN
        return Standing.ABSENT if stdlib.is_of_another_version(top) else Standing.UNKNOWN

    def _is_installed(self, top: str) -> bool:
        return self._site.environment is not None and self._site.has(top)

    def _find_above(self, unit: Unit, one: Import) -> Located | None:
        """Find a module beside a program further up in a named folder, which may import the file.

        Which programs import a file of a folder is not known; a package's name is not taken.
        """
        top, above = one.top, os.path.dirname(unit.roots[0]) if unit.met and unit.roots else ""
        while above.startswith(f"{unit.base}{os.sep}"):
            if self._finder.has_name(top, (above,)):
                located = self._finder.find(one.module, one.name, (above,))
                if located and not located.bare and not self._is_of_package(top):
                    return located
            above = os.path.dirname(above)
        return None

    def _is_of_package(self, top: str) -> bool:
        return self._is_installed(top) or self._declares(top) or is_known_package(top)

    def _find_late(self, unit: Unit, one: Import) -> Located | None:
        key = (unit.late, one.top)
        folders = self._late_folders.get(key)
        if folders is None:
            roots = (*unit.late, *self._site.editable)
            folders = tuple(root.folder for root in roots if root.only in ("", one.top))
            self._late_folders[key] = folders
        return self._finder.find(one.module, one.name, folders) if folders else None

    def _gives_way(self, top: str, located: Located) -> bool:
        """Whether a name means a known package rather than a folder without `__init__.py`."""
        if not (self._declares(top) or is_known_package(top)):
            return False
        folder = shown(located.tops[0])
        if located.bare:
            what = f"{top} is taken for the package, not for {folder}, which has no __init__.py"
        else:
            what = f"{top} is taken for {folder}, which has what is imported, not for the package"
        self._diagnostics.warn(what)
        return located.bare

    def _warn_of_shadow(self, top: str, located: Located) -> None:
        if (top, located.tops) in self._shadows:
            return
        self._shadows.add((top, located.tops))
        if top in self._standard:
            what = f"the standard library's {top}"
        elif is_known_package(top) or self._is_installed(top):
            what = f"the package {top}"
        else:
            return
        self._diagnostics.warn(f"{shown(located.tops[0])} shadows {what}")
