"""Find the files that an import of the user's own module runs, in Python's search order.

Only file names are looked at, never contents. Each folder is listed once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from pypackage.analysis.source_files import FolderNames, leads_to
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypackage.analysis.exports import Exported

_COMPILED = (".so", ".pyd", ".pyc")
# Sources or type stubs of an extension module, in order of preference.
_OF_EXTENSIONS = (".pyx", ".pxd", ".pyi")
_MOST_PARTS = 100  # parts of a dotted name that are looked up


class Located(NamedTuple):
    """A module of the user's own.

    Attributes:
        tops: The file or folder of its top-level name; several for a namespace package.
        files: The Python files that importing it runs, in order.
        namespace: Whether it is a folder without `__init__.py`, over which an installed package
            takes precedence.
        bare: Whether only the folder's name was imported, so that it may be an unrelated folder.
        closed: Whether it has no submodules, so that `from` can only take names that it binds.
    """

    tops: tuple[str, ...]
    files: tuple[str, ...] = ()
    namespace: bool = False
    bare: bool = False
    closed: bool = False


class _Listing(NamedTuple):
    """The names in a folder.

    Attributes:
        names: Each name, and whether it is a folder.
        compiled: The files of extension modules, and of byte code without source, by module name.
    """

    names: dict[str, bool]
    compiled: dict[str, str]


class _Hit(NamedTuple):
    """What a name is in one folder: `package`, `module`, `compiled`, or a plain `folder`."""

    kind: str
    path: str
    file: str = ""


class _Reached(NamedTuple):
    """How far a dotted name could be resolved.

    Attributes:
        tops: The files or folders of its first part.
        files: The Python files that are run on the way.
        folders: Where further parts may be; empty after a module or a missing part.
        init: The `__init__.py` of the package that the name denotes; empty if it is not one.
        ends: The compiled modules reached, which have no source to scan.
        namespace: Whether its first part is a folder without `__init__.py`.
    """

    tops: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]
    init: str = ""
    ends: tuple[str, ...] = ()
    namespace: bool = False


class Finder:
    """Looks up modules in folders.

    Args:
        exports: Says what a package's `__init__.py` binds.

    Attributes:
        folder_names: What is in each folder that was listed already.
    """

    def __init__(self, exports: Exported) -> None:
        self.folder_names: FolderNames = {}
        self._exports = exports
        self._listings: dict[str, _Listing] = {}
        self._packages: dict[str, str] = {}
        self._modules: dict[tuple[str, tuple[str, ...]], _Reached | None] = {}

    def find(self, module: str, name: str, roots: tuple[str, ...]) -> Located | None:
        """Find the module of an absolute import.

        Args:
            module: Its dotted name.
            name: The name taken from it, which may be a submodule; else empty.
            roots: The folders to search, in order.
        """
        if module.count(".") >= _MOST_PARTS:
            module = ".".join(module.split(".", _MOST_PARTS)[:_MOST_PARTS])
        reached = self._module(module, roots)
        if reached is None:
            return None
        files, ends = reached.files, reached.ends
        for one in self._submodules(reached, name):
            for hit in self._hits(reached.folders, one):
                files, ends = _with(hit, files, ends)
        if not reached.namespace:
            return Located(reached.tops, files, closed=not reached.folders)
        if not name and not reached.init:
            ends += tuple(one for one in reached.folders if self._has_modules(one))
        # A folder without __init__.py counts only if it contains what is imported.
        used = tuple(top for top in reached.tops if any(_is_in(p, top) for p in (*files, *ends)))
        return Located(used, files, True, not (name or "." in module)) if used else None

    def runs(self, module: str, roots: tuple[str, ...]) -> bool:
        """Whether `python -m` can run a module, or a package by its `__main__`."""
        parent, dot, last = module.rpartition(".")
        above = self._module(parent, roots) if dot else None
        reached = self._module(module, roots)
        if reached is None or (above and not self._hits(above.folders, last)):
            return False
        return not reached.folders or bool(self._hits(reached.folders, "__main__"))

    def find_relative(self, module: str, name: str, folder: str) -> Located | None:
        """Find the module of a relative import in a folder, or a file that is run by its path."""
        if "/" in module:
            path = os.path.normpath(os.path.join(folder, module))
            return Located((path,), (path,)) if os.path.isfile(path) else None
        rest = module.lstrip(".")
        for _ in range(len(module) - len(rest) - 1):
            folder = os.path.dirname(folder)
        init = f"{folder}{os.sep}__init__.py" if self.has_file(folder, "__init__.py") else ""
        parents = (init,) if init else ()
        if rest:
            found = self.find(rest, name, (folder,))
            return found and found._replace(files=(*parents, *found.files))
        names = self._submodules(_Reached((), parents, (folder,), init), name)
        located = [one for one in (self.find(name, "", (folder,)) for name in names) if one]
        if not located and not parents:
            return None
        tops = (top for one in located for top in one.tops)
        files = (file for one in located for file in one.files)
        return Located(tuple(tops), (*parents, *files))

    def has_package(self, name: str, folders: Iterable[str]) -> bool:
        """Whether one of the folders has a module, or a package with `__init__`, of this name."""
        hits = (self._hit(folder, name) for folder in folders)
        return any(hit is not None and hit.kind != "folder" for hit in hits)

    def has_name(self, name: str, roots: Iterable[str]) -> bool:
        """Whether one of the folders has anything that may be a top-level module of this name."""
        return any(self._hit(root, name) for root in roots)

    def has_extension(self, name: str, folder: str) -> bool:
        """Whether a folder has an extension module of this name, or its source."""
        hit = self._hit(folder, name)
        return hit is not None and (hit.kind == "compiled" or hit.path.endswith(_OF_EXTENSIONS))

    def has_file(self, folder: str, name: str) -> bool:
        """Whether a folder has an entry of this name."""
        return name in self._listing(folder).names

    def outermost_package(self, folder: str, tree: str = "") -> str:
        """Return the outermost package that a folder is part of; empty if there is none.

        Args:
            folder: The folder.
            tree: A parent folder; below it, folders without `__init__.py` may be part of a package.
        """
        if folder not in self._packages:
            is_package = self.has_file(folder, "__init__.py")
            above, found = os.path.dirname(folder), folder if is_package else ""
            if above != folder and (is_package or (tree and _is_in(folder, tree))):
                found = self.outermost_package(above, tree) or found
            self._packages[folder] = found
        return self._packages[folder]

    # --- one name after the other --------------------------------------------------------

    def _module(self, module: str, roots: tuple[str, ...]) -> _Reached | None:
        """Resolve a dotted name, cached; None if its first part is not found."""
        key = (module, roots)
        if key not in self._modules:
            parent, dot, last = module.rpartition(".")
            above = self._module(parent, roots) if dot else None
            if dot:
                self._modules[key] = above and self._inside(above, last)
            else:
                self._modules[key] = self._top(last, roots)
        return self._modules[key]

    def _top(self, name: str, roots: tuple[str, ...]) -> _Reached | None:
        hits = self._hits(roots, name)
        if not hits:
            return None
        tops = tuple([hit.path for hit in hits])
        namespace = hits[0].kind == "folder"
        return self._inside(_Reached(tops, (), roots, namespace=namespace), name)

    def _inside(self, reached: _Reached, name: str) -> _Reached:
        """Resolve one more part of a dotted name."""
        hits = self._hits(reached.folders, name)
        files, ends = reached.files, reached.ends
        for hit in hits:
            files, ends = _with(hit, files, ends)
        folders = tuple([hit.path for hit in hits if hit.kind in ("package", "folder")])
        init = hits[0].file if hits and hits[0].kind == "package" else ""
        return _Reached(reached.tops, files, folders, init, ends, reached.namespace)

    def _submodules(self, reached: _Reached, name: str) -> Sequence[str]:
        """The submodules that taking a name from a package imports."""
        if not name or not reached.folders:
            return ()
        if name == "*":
            return self._exports.every(reached.init) if reached.init else ()
        # A name that the package binds takes precedence over a submodule.
        if not self._hits(reached.folders, name):
            return ()
        return () if reached.init and self._exports.binds(reached.init, name) else (name,)

    def _hits(self, folders: Sequence[str], name: str) -> list[_Hit]:
        """What a name is in some folders: the first module or package, else all plain folders."""
        hits = []
        for folder in folders:
            hit = self._hit(folder, name)
            if hit is not None:
                if hit.kind != "folder":
                    return [hit]
                hits.append(hit)
        return hits

    def _hit(self, folder: str, name: str) -> _Hit | None:
        """What a name is in a folder, in Python's order of precedence."""
        listing = self._listing(folder)
        path = f"{folder}{os.sep}{name}"
        is_folder = listing.names.get(name, False)
        if is_folder:
            inside = self._listing(path).names
            if "__init__.py" in inside:
                return _Hit("package", path, f"{path}{os.sep}__init__.py")
            if any(one.startswith("__init__.") and one.endswith(_COMPILED) for one in inside):
                return _Hit("package", path)
        names = listing.names
        if name in listing.compiled:
            source = next((end for end in _OF_EXTENSIONS if names.get(f"{name}{end}") is False), "")
            file = f"{path}{source}" if source else ""
            return _Hit("compiled", os.path.join(folder, listing.compiled[name]), file)
        for end in (".py", *_OF_EXTENSIONS):
            if names.get(f"{name}{end}") is False:
                return _Hit("module", f"{path}{end}", f"{path}{end}")
        return _Hit("folder", path) if is_folder else None

    def _has_modules(self, folder: str) -> bool:
        listing = self._listing(folder)
        return bool(listing.compiled) or any(one.endswith((".py", ".pyx")) for one in listing.names)

    def _listing(self, folder: str) -> _Listing:
        """The names in a folder, listed once."""
        known = self._listings.get(folder)
        if known is None:
            names = self.folder_names.get(folder)
            known = self._listings[folder] = _listed(_names(folder) if names is None else names)
        return known


def _names(folder: str) -> dict[str, bool]:
    """The names in a folder, and whether each is a folder; none if it cannot be read."""
    try:
        return {entry.name: leads_to(entry.is_dir) for entry in os.scandir(folder)}
    except (OSError, ValueError):
        return {}


def _listed(names: dict[str, bool]) -> _Listing:
    compiled = [one for one in names if one.endswith(_COMPILED) and not names[one]]
    # Extension modules take precedence over other files of that name, byte code comes last.
    last = [one for one in compiled if one.endswith(".pyc") and one[:-1] not in names]
    extensions = [one for one in compiled if not one.endswith(".pyc")]
    ordered = sorted(last, reverse=True) + sorted(extensions, reverse=True)
    return _Listing(names, {one.partition(".")[0]: one for one in ordered})


def _with(
    hit: _Hit, files: tuple[str, ...], ends: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if hit.kind == "compiled":
        ends = (*ends, hit.path)
    return (*files, hit.file) if hit.file else files, ends


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
