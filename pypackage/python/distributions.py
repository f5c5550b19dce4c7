"""Installed distributions, read from their metadata on disk.

Nothing is imported and no process started. Only the headers are read immediately; files, modules
and entry points are looked up on first access.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from pypackage.core.errors import SolveError
from pypackage.core.package_names import normalize
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python import metadata, module_files
from pypackage.python.metadata import EntryPoint

if TYPE_CHECKING:
    from pathlib import Path

    from pypackage.python.interpreter import Interpreter

__all__ = ["Distribution", "EntryPoint", "File", "installed", "load", "providers", "scan"]


class File(NamedTuple):
    """A file of a distribution.

    Attributes:
        source: Its absolute path; it need not exist.
        path: Its path relative to the folder of modules, with `/` and, for scripts and
            data, leading `../`.
    """

    source: Path
    path: str


class Distribution:
    """An installed distribution.

    Attributes:
        name: As written in its metadata.
        version: As written in its metadata.
        site: The folder of modules in which it was found.
        folder: Its dist-info or egg-info folder, or the egg-info file of distutils.
        requires: Its requirements (PEP 508), with their markers.
        license: The license's name; empty if the metadata has none.
        project: The project's folder of an editable install; else empty.
    """

    def __init__(
        self,
        name: str,
        version: str,
        site: str,
        folder: str,
        requires: tuple[str, ...] = (),
        license: str = "",  # noqa: A002 (as the metadata calls it)
        project: str = "",
    ) -> None:
        self.name = name
        self.version = version
        self.site = site
        self.folder = folder
        self.requires = requires
        self.license = license
        self.project = project

    @cached_property
    def key(self) -> str:
        """The normalized name (PEP 503)."""
        return normalize(self.name)

    @property
    def root(self) -> Path:
        """`site` as a path."""
        from pathlib import Path

        return Path(self.site)

    @property
    def info(self) -> Path:
        """`folder` as a path."""
        from pathlib import Path

        return Path(self.folder)

    @property
    def editable(self) -> Path | None:
        """`project` as a path; None if it is not an editable install."""
        from pathlib import Path

        return Path(self.project) if self.project else None

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Its files without byte code, sorted; those of an editable install are its sources.

        Raises:
            SolveError: The metadata does not tell which files it has.
        """
        from pathlib import Path

        places = self._places
        return tuple(File(Path(os.path.normpath(places[path])), path) for path in sorted(places))

    @cached_property
    def reference(self) -> str:
        """The URL that it was installed from (PEP 610), as PEP 508 writes it after `@`.

        Empty if it comes from an index. A folder on this machine is a `file:` URL; a VCS
        checkout has its commit.
        """
        direct = metadata.direct_url(self.folder)
        if direct:
            return metadata.reference(direct)
        project = module_files.project_of(self.project) if self.project else ""
        if not project:
            return ""
        from pathlib import Path

        return Path(project).as_uri()

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The importable modules: top-level names, and the dotted ones of namespaces.

        A name is dotted if the folders above it are namespace packages, so that
        google-cloud-storage has `google`, `google.cloud` and `google.cloud.storage`.
        """
        try:
            paths: Iterable[str] = self._places if self.project else self.listed
        except SolveError:  # raised again when the files are needed
            if not self.project:
                return ()
            from pypackage.python import editable

            return tuple(sorted(editable.redirected(self.site, self.listed)))
        declared = metadata.words(self.folder, "namespace_packages.txt")
        return tuple(sorted(module_files.importable(paths, declared)))

    def may_have(self, top: str) -> bool:
        """Whether a top-level module can be one of `modules`: a quick approximation.

        Those of an editable install are only known for certain after a walk through its
        sources.
        """
        if not self.project:
            return True
        from pypackage.python import editable

        return any(editable.leads_to(self.site, path, top) for path in self.listed)

    @cached_property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """The entry points of all groups, in the order of the file."""
        return metadata.entry_points(self.folder)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The paths of its files relative to `site`, if the metadata lists them."""
        return metadata.listed(self.folder) or tuple(self._listed_by_name())

    @cached_property
    def _places(self) -> dict[str, str]:
        """The absolute paths of its files, by their listed paths."""
        listed = frozenset(self.listed)
        places = {p: os.path.join(self.site, p) for p in listed if not _is_cached(p, listed)}
        if self.project and self.folder.endswith(".dist-info"):
            return self._with_sources(places)
        from pypackage.python import companions

        more = companions.of(self.site, list(places.values()))
        return {**places, **{name: os.path.join(self.site, name) for name in more}}

    def _with_sources(self, places: dict[str, str]) -> dict[str, str]:
        """Return the files of an editable install, with sources for its .pth files and hooks."""
        from pypackage.python import editable

        names = metadata.words(self.folder, "top_level.txt")
        kept = {path: place for path, place in places.items() if not editable.is_pointer(path)}
        found = {**kept, **editable.sources(self.site, places, names)}
        # A hook's other modules may be anywhere, and be built on import.
        if editable.redirected(self.site, places) or not editable.has_modules(found):
            raise SolveError(
                f"cannot determine the source files of {self.name}, installed in editable mode"
                f" from {self.project}",
                f"install it without -e: pip install {self.project}",
            )
        return found

    def _listed_by_name(self) -> Iterator[str]:
        """Yield files of a distribution without a list of them: its modules and its metadata."""
        tops = self._tops()
        found = [path for name in tops for path in module_files.of_module(self.site, name)]
        if not found:
            raise SolveError(
                f"{self.name} {self.version} in {self.site} has no list of its files",
                "install it again with pip, which writes one",
            )
        yield from found
        name = os.path.basename(self.folder)
        is_folder = os.path.isdir(self.folder)
        yield from module_files.below(self.site, name) if is_folder else [name]

    def _tops(self) -> list[str]:
        """Return its top-level modules by top_level.txt, else by its name.

        The `lazr` of lazr.uri is shared with others; only its own part is returned.
        """
        dotted = re.sub(r"[-_]+", "_", self.name).replace(".", "/")
        names = metadata.words(self.folder, "top_level.txt")
        top, slash, _ = dotted.partition("/")
        if slash and top in names and os.path.exists(os.path.join(self.site, dotted)):
            return [dotted]
        lower = self.name.lower()
        likely = (dotted, lower.replace("-", "_"), lower.replace("-", "/"))
        return names or list(dict.fromkeys(likely))


def installed(interpreter: Interpreter) -> tuple[Distribution, ...]:
    """Return the distributions that an interpreter sees; the first of a name on its path wins."""
    return scan(interpreter.search_path)


def scan(folders: Iterable[str | os.PathLike[str]]) -> tuple[Distribution, ...]:
    """Return the distributions of some folders of modules, by name; the first of a name wins."""
    found: dict[str, Distribution] = {}
    for path in folders:
        folder = os.fspath(path)
        for info in metadata.folders_in(folder):
            distribution = load(folder, info)
            if distribution:
                found.setdefault(distribution.key, distribution)
    return tuple(found[key] for key in sorted(found))


def providers(distributions: Iterable[Distribution]) -> dict[str, tuple[Distribution, ...]]:
    """Map importable names to the distributions that provide them.

    Returns:
        For each name of `Distribution.modules` its distributions, in the order given.
    """
    found: dict[str, list[Distribution]] = {}
    for distribution in distributions:
        for module in distribution.modules:
            found.setdefault(module, []).append(distribution)
    return {module: tuple(owners) for module, owners in found.items()}


def load(site: str, info: str) -> Distribution | None:
    """Load the distribution of one metadata folder; None if that has no name or version.

    Args:
        info: One of `metadata.folders_in(site)`.
    """
    found = metadata.headers(info)
    if found is None:
        return None
    project = _project(site, info)
    return Distribution(
        found.name, found.version, site, info, found.requires, found.license, project
    )


def _project(site: str, info: str) -> str:
    """Return the project's folder of an editable install; else empty."""
    found = metadata.editable_folder(metadata.direct_url(info))
    if found:
        return found
    develop = info.endswith(".egg-info") and os.path.isdir(info) and _is_project(site)
    return site if develop else ""


def _is_project(folder: str) -> bool:
    """Whether setuptools' develop mode put a folder of sources on the path."""
    if os.path.basename(folder) in ("site-packages", "dist-packages") or folder.endswith(".egg"):
        return False
    return bool(module_files.project_of(folder))


def _is_cached(path: str, listed: frozenset[str]) -> bool:
    """Whether a file is byte code that can be compiled again; some have no source."""
    return "__pycache__/" in path or (path.endswith((".pyc", ".pyo")) and path[:-1] in listed)
