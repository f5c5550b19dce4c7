"""The distributions installed beside an interpreter, read from their metadata on disk.

Nothing is imported and no process started: a distribution's folder (dist-info, or egg-info
of older tools) says its name, version, files and modules. Only the headers are read at
once; files, modules and entry points are looked up when they are asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pypackage.errors import SolveError
from pypackage.names import normalize

if TYPE_CHECKING:
    import ast

    from pypackage.interpreter import Interpreter

# ast, csv, json and urllib are imported where they are used: each run of the analyzer looks
# for the owners of a few modules and mostly needs none of them.


class File(NamedTuple):
    """A file of a distribution.

    Attributes:
        source: Where it is, absolute; it need not exist.
        path: Its place relative to the folder of modules, with `/` and, for scripts and
            data, leading `../`.
    """

    source: Path
    path: str


class EntryPoint(NamedTuple):
    """One line of entry_points.txt, such as ("console_scripts", "f2py", "numpy.f2py:main")."""

    group: str
    name: str
    value: str


@dataclass(frozen=True)
class Distribution:
    """An installed distribution.

    Attributes:
        name: As its metadata writes it.
        version: As its metadata writes it.
        root: The folder of modules in which it was found.
        info: Its dist-info or egg-info folder, or the egg-info file of distutils.
        requires: Its requirements (PEP 508), with their markers.
        license: In a few words; empty when the metadata does not say.
        editable: The project's folder when it is installed in editable mode.
    """

    name: str
    version: str
    root: Path
    info: Path
    requires: tuple[str, ...]
    license: str = ""
    editable: Path | None = None

    @property
    def key(self) -> str:
        """The normalized name (PEP 503)."""
        return normalize(self.name)

    @cached_property
    def files(self) -> tuple[File, ...]:
        """Its files without byte code, sorted; those of an editable one are its sources.

        Raises:
            SolveError: The metadata does not tell which files are its own.
        """
        listed = frozenset(self.listed)
        places = {path: self.root / path for path in listed if not _is_cached(path, listed)}
        if self.editable and self.info.suffix == ".dist-info":
            places = _resolve_editable(self, places)
        return tuple(File(_normal(places[path]), path) for path in sorted(places))

    @cached_property
    def reference(self) -> str:
        """The URL that it was installed from (PEP 610), as PEP 508 writes it after `@`.

        Empty when it comes from an index. A folder of this machine is a `file:` URL; what
        a version control system gave has its commit.
        """
        direct = _direct_url(self.info)
        if direct:
            return _reference(direct)
        project = _project_of(self.editable) if self.editable else None
        return project.as_uri() if project else ""

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """What can be imported from it: top-level names, and the dotted ones of namespaces.

        A name is dotted where the folders above are namespace packages, so that
        google-cloud-storage has `google`, `google.cloud` and `google.cloud.storage`.
        """
        try:
            paths: Iterable[str] = self.listed
            if self.editable:
                paths = [file.path for file in self.files]
        except SolveError:  # of the files; it matters only when they are asked for
            return tuple(sorted(_redirected(self))) if self.editable else ()
        declared = _read(self.info / "namespace_packages.txt").split()
        return tuple(sorted(_importable(paths, frozenset(declared))))

    def may_have(self, top: str) -> bool:
        """Whether a top-level module can be one of `modules`: a quick answer.

        Those of an editable install are known for sure only when its sources have been
        walked through.
        """
        return not self.editable or any(_leads_to(self, path, top) for path in self.listed)

    @cached_property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """The entry points of all groups, in the order of the file."""
        found, group = [], ""
        for raw in _read(self.info / "entry_points.txt").splitlines():
            line = raw.strip()
            if line.startswith("[") and line.endswith("]"):
                group = line[1:-1].strip()
            elif line and line[0] not in "#;" and "=" in line:
                name, value = line.split("=", 1)
                found.append(EntryPoint(group, name.strip(), value.strip()))
        return tuple(found)

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The paths of its files relative to `root`, as far as the metadata lists them."""
        record = _read(self.info / "RECORD")
        if record:
            return tuple(row[0] for row in _rows(record) if row and row[0])
        legacy = _read(self.info / "installed-files.txt")
        if legacy:
            return tuple(
                os.path.relpath(self.info / line, self.root) for line in legacy.splitlines() if line
            )
        return tuple(_listed_by_name(self))


def installed(interpreter: Interpreter) -> tuple[Distribution, ...]:
    """The distributions that an interpreter sees; the first of a name on its path wins."""
    return scan(interpreter.search_path)


def scan(folders: Iterable[Path]) -> tuple[Distribution, ...]:
    """The distributions of some folders of modules, sorted by name; the first one wins."""
    found: dict[str, Distribution] = {}
    for folder in folders:
        for info in metadata_in(folder):
            distribution = load(folder, info)
            if distribution:
                found.setdefault(distribution.key, distribution)
    return tuple(found[key] for key in sorted(found))


def providers(distributions: Iterable[Distribution]) -> dict[str, tuple[Distribution, ...]]:
    """Which distributions an importable name comes from.

    Args:
        distributions: Such as `installed` returns.

    Returns:
        For each name of `Distribution.modules` its distributions, in the order given.
    """
    found: dict[str, list[Distribution]] = {}
    for distribution in distributions:
        for module in distribution.modules:
            found.setdefault(module, []).append(distribution)
    return {module: tuple(owners) for module, owners in found.items()}


def metadata_in(folder: Path) -> list[Path]:
    """The metadata folders of a folder of modules, sorted; eggs keep theirs in EGG-INFO.

    In some, of older tools, it is a file.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return []  # a zip file, or an entry of the path that does not exist
    wanted = [n for n in names if n.endswith((".dist-info", ".egg-info")) or n == "EGG-INFO"]
    # pip renames what it is about to remove to `~ame`, and a crash leaves it there.
    return [folder / name for name in sorted(wanted) if not name.startswith(("~", "."))]


def load(root: Path, info: Path) -> Distribution | None:
    """The distribution of one metadata folder; None when that has no name or version.

    Args:
        root: The folder of modules.
        info: One of `metadata_in(root)`.
    """
    if info.name.endswith(".dist-info"):
        text = _read(info / "METADATA")
    else:
        text = _read(info / "PKG-INFO") or _read(info)
    headers = _headers(text)
    guessed, _, rest = info.stem.partition("-")
    name = headers.get("name", [guessed])[0]
    version = headers.get("version", [rest.partition("-")[0]])[0]
    if not name or not version:
        return None
    requires = headers.get("requires-dist") or _legacy_requires(_read(info / "requires.txt"))
    return Distribution(
        name, version, root, info, tuple(requires), _license(headers), _project(root, info)
    )


_WANTED = frozenset(("name", "version", "requires-dist", "license", "license-expression"))


def _headers(text: str) -> dict[str, list[str]]:
    """The headers that matter here, by lower-case name; the first line of each."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line:
            break  # the description follows
        if line[0] in " \t":
            continue
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _WANTED:
            found.setdefault(name, []).append(value.strip())
    return found


def _license(headers: dict[str, list[str]]) -> str:
    """The licence's name; some metadata has the whole text instead, which is not it."""
    text = (headers.get("license-expression") or headers.get("license") or [""])[0]
    return text if len(text) <= 80 and text != "UNKNOWN" else ""


def _legacy_requires(text: str) -> Iterator[str]:
    """Requirements of an egg-info's requires.txt, whose sections are `[extra:marker]`."""
    conditions: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            extra, _, marker = line.strip("[]").partition(":")
            conditions = [f"({marker})"] if marker else []
            conditions += [f'extra == "{extra}"'] if extra else []
        elif line and not line.startswith("#"):
            yield f"{line} ; {' and '.join(conditions)}" if conditions else line


def _project(root: Path, info: Path) -> Path | None:
    """The folder of the project when the distribution is installed in editable mode."""
    direct = _direct_url(info)
    if direct.get("dir_info", {}).get("editable"):
        return _path(direct["url"])
    develop = info.name.endswith(".egg-info") and info.is_dir() and _is_project(root)
    return root if develop else None


def _direct_url(info: Path) -> dict[str, Any]:
    """What direct_url.json says (PEP 610), empty when there is none that has a URL."""
    text = _read(info / "direct_url.json")
    if not text:
        return {}
    import json

    try:
        found = json.loads(text)
        return found if isinstance(found["url"], str) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _path(url: str) -> Path:
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(url).path))


def _reference(direct: dict[str, Any]) -> str:
    """A direct URL in one line, without the password that some tools leave in it."""
    url = re.sub(r"^(\w+://)[^/@]*:[^/@]*@", r"\1", direct["url"])
    vcs, archive = direct.get("vcs_info", {}), direct.get("archive_info", {})
    fragments = []
    if vcs.get("vcs") and vcs.get("commit_id"):
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    sha256 = archive.get("hashes", {}).get("sha256")
    if sha256 or archive.get("hash", "").startswith("sha256="):
        fragments.append(f"sha256={sha256}" if sha256 else archive["hash"])
    if direct.get("subdirectory"):
        fragments.append(f"subdirectory={direct['subdirectory']}")
    return "#".join([url, "&".join(fragments)]) if fragments else url


_PROJECT_FILES = ("setup.py", "pyproject.toml", "setup.cfg")


def _is_project(folder: Path) -> bool:
    """Whether setuptools' develop mode put a folder of sources on the path."""
    if folder.name in ("site-packages", "dist-packages") or folder.suffix == ".egg":
        return False
    return _project_of(folder) is not None


def _project_of(folder: Path) -> Path | None:
    """The project's folder to a folder of sources: that itself, or the one above `src`."""
    for place in (folder, folder.parent):
        if any((place / name).exists() for name in _PROJECT_FILES):
            return place
    return None


# Files that the metadata does not list.


def _listed_by_name(distribution: Distribution) -> Iterator[str]:
    """Files of a distribution without a list of them: its modules and its metadata."""
    root, info = distribution.root, distribution.info
    names = _top_level(distribution)
    found = [path for name in names for path in _module_paths(root, name)]
    if not found:
        raise SolveError(
            f"{distribution.name} {distribution.version} in {root} has no list of its files",
            "install it again with pip, which writes one",
        )
    yield from found
    yield from _below(root, info.name) if info.is_dir() else [info.name]


def _top_level(distribution: Distribution) -> list[str]:
    """Its top-level modules as top_level.txt says, else what bears its name.

    The `lazr` of lazr.uri is shared with others; only the part of its own is meant.
    """
    dotted = re.sub(r"[-_]+", "_", distribution.name).replace(".", "/")
    names = _read(distribution.info / "top_level.txt").split()
    if "/" in dotted and dotted.split("/")[0] in names and (distribution.root / dotted).exists():
        return [dotted]
    lower = distribution.name.lower()
    return names or list(dict.fromkeys((dotted, lower.replace("-", "_"), lower.replace("-", "/"))))


def _module_paths(root: Path, name: str) -> Iterator[str]:
    """The files of a module or package of a folder, relative to the folder."""
    if (root / name).is_dir():
        yield from _below(root, name)
    if (root / f"{name}.py").is_file():
        yield f"{name}.py"
    yield from sorted(p.relative_to(root).as_posix() for p in root.glob(f"{name}.*.so"))


_NOT_CODE = re.compile(r"__pycache__|\..*|.*\.egg-info|node_modules")


def _below(root: Path, name: str) -> Iterator[str]:
    """The files below a folder, relative to `root`, without caches and hidden folders."""
    for folder, subfolders, files in os.walk(root / name, followlinks=True):
        wanted = (n for n in subfolders if not _NOT_CODE.fullmatch(n))
        subfolders[:] = sorted(n for n in wanted if not _leads_up(folder, n))
        base = os.path.relpath(folder, root)
        yield from (f"{base}/{f}" for f in sorted(files) if not f.endswith((".pyc", ".pyo")))


def _leads_up(folder: str, name: str) -> bool:
    """Whether a link in a folder leads to the folder itself or one above it."""
    path = os.path.join(folder, name)
    above = os.path.join(os.path.realpath(path), "")
    return os.path.islink(path) and os.path.join(os.path.realpath(folder), "").startswith(above)


# Editable installs.


def _resolve_editable(distribution: Distribution, places: dict[str, Path]) -> dict[str, Path]:
    """Replace an editable install's pointers by the files that they point to."""
    kept = {path: place for path, place in places.items() if not _is_pointer(path)}
    sources: dict[str, Path] = {}
    for path in sorted(set(places) - set(kept)):
        if path.endswith(".pth"):
            for line in _read(places[path]).splitlines():
                sources.update(_pointed_at(distribution, line.strip()))
    modules = [path for path in {**kept, **sources} if not path.startswith(("../", _info(path)))]
    if not any(_module_of(path) for path in modules):
        raise SolveError(
            f"cannot tell the source files of {distribution.name}, installed in editable mode"
            f" from {distribution.editable}",
            f"install it without -e: pip install {distribution.editable}",
        )
    return {**kept, **sources}


def _info(path: str) -> str:
    """The metadata folder that a path lies in, else something that no path begins with."""
    head = path.split("/", 1)[0]
    return head if head.endswith((".dist-info", ".egg-info")) else "\0"


# Setuptools, hatchling and scikit-build-core, meson-python each name theirs in their way.
_POINTER = re.compile(r".*\.pth|_{1,2}editable_.*\.py|_.*_editable(_loader)?\.py")


def _is_pointer(path: str) -> bool:
    """Whether a file only leads to the sources: a .pth file, or the finder it imports."""
    return "/" not in path and bool(_POINTER.fullmatch(path))


def _leads_to(distribution: Distribution, path: str, top: str) -> bool:
    """Whether a file of an editable install can make a top-level module importable."""
    if not _is_pointer(path):
        return path.startswith((f"{top}/", f"{top}."))
    if not path.endswith(".pth"):
        if top not in _read(distribution.root / path):
            return False
        names = {*_finder_mapping(distribution.root / path), *_hooked(distribution.root / path)}
        return any(name.split(".")[0] == top for name in names)
    for line in _read(distribution.root / path).splitlines():
        folder = distribution.root / (line.strip() or "-")
        if (folder / top).is_dir() or (folder / f"{top}.py").is_file():
            return True
        if line.strip() and next(folder.glob(f"{top}.*.so"), None):
            return True
    return False


def _pointed_at(distribution: Distribution, line: str) -> dict[str, Path]:
    """The source files that one line of a .pth file makes importable, by future path."""
    if not line or line.startswith("#"):
        return {}
    finder = re.match(r"import\s+(\w+)", line)
    if finder:
        mapping = _finder_mapping(distribution.root / f"{finder[1]}.py")
        return {
            path: place
            for module, location in sorted(mapping.items())
            for path, place in _mapped(module, Path(location))
        }
    folder = distribution.root / line
    names = _read(distribution.info / "top_level.txt").split() or _importable_in(folder)
    return {p: folder / p for name in names for p in _module_paths(folder, name)}


def _finder_mapping(finder: Path) -> dict[str, str]:
    """The MAPPING from module names to places that setuptools writes into its finders."""
    import ast

    for node in _statements(finder):
        targets = node.targets if isinstance(node, ast.Assign) else ()
        annotated = [node.target] if isinstance(node, ast.AnnAssign) else ()
        for target in (*targets, *annotated):
            if isinstance(target, ast.Name) and target.id == "MAPPING":
                value = getattr(node, "value", None)
                return dict(ast.literal_eval(value)) if isinstance(value, ast.Dict) else {}
    return {}


def _statements(file: Path) -> list[ast.stmt]:
    """The top-level statements of a Python file, none when it cannot be parsed."""
    return _parsed(_read(file))


@lru_cache(maxsize=16)
def _parsed(text: str) -> list[ast.stmt]:
    import ast

    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _redirected(distribution: Distribution) -> set[str]:
    """The top-level modules that the import hooks of an editable install know."""
    pointers = (distribution.root / path for path in distribution.listed if _is_pointer(path))
    return {name.split(".")[0] for path in pointers for name in _hooked(path)}


def _hooked(file: Path) -> set[str]:
    """The modules that an import hook knows.

    meson-python and scikit-build-core end it with a call, or an `init` with a call, one of
    whose several arguments has the modules: a set of names, or a dict from names to files.
    """
    import ast

    names: set[str] = set()
    for node in _statements(file) if file.suffix == ".py" else ():
        if isinstance(node, ast.Expr) or getattr(node, "name", "") == "init":
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and len(call.args) > 2:
                    names.update(_constant_names(call.args))
    return {name for name in names if all(part.isidentifier() for part in name.split("."))}


def _constant_names(arguments: list[ast.expr]) -> Iterator[str]:
    """The strings in literal sets, and those that are keys of literal dicts."""
    import ast

    for argument in arguments:
        keys: list[Any] = []
        if isinstance(argument, ast.Set):
            keys = list(argument.elts)
        elif isinstance(argument, ast.Dict):
            keys = list(argument.keys)
        for key in keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def _mapped(module: str, location: Path) -> Iterator[tuple[str, Path]]:
    """The files of one mapped module; the place is a folder, or a file without its suffix."""
    path = module.replace(".", "/")
    if location.is_dir():
        for below in _below(location.parent, location.name):
            inner = below.split("/", 1)[1]
            yield f"{path}/{inner}", location / inner
        return
    for file in (location, *_module_files(location)):
        if file.is_file():
            yield os.path.join(os.path.dirname(path), file.name), file


def _module_files(location: Path) -> Iterator[Path]:
    yield location.with_name(f"{location.name}.py")
    yield from location.parent.glob(f"{location.name}.*.so")


_AROUND = re.compile(
    "benchmarks|build|conftest|dist|docs?|examples|noxfile|scripts|setup|tasks|tests?|tools"
)


def _importable_in(folder: Path) -> list[str]:
    """The modules of a folder of sources; in a project's own folder, packages alone."""
    is_project = any((folder / name).exists() for name in _PROJECT_FILES)
    found = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        name = entry.name.split(".")[0]
        if not name.isidentifier() or name == "__pycache__":
            continue
        if is_project:
            good = not _AROUND.fullmatch(name) and (entry / "__init__.py").is_file()
        else:
            good = _is_module(entry.name) or (entry.is_dir() and any(entry.rglob("*.py")))
        if good:
            found.append(name)
    return list(dict.fromkeys(found))


# Names of modules out of paths of files.


def _importable(paths: Iterable[str], declared: frozenset[str]) -> set[str]:
    """The importable names of some files.

    Args:
        paths: Relative to the folder of modules.
        declared: Dotted names of old-style namespace packages, which have an `__init__`.
    """
    files = [p for p in paths if _is_module(p)]
    packages = {p.rsplit("/", 1)[0] for p in files if "/__init__." in p}
    packages -= {name.replace(".", "/") for name in declared}
    names: set[str] = set()
    for path in files:
        top = path.split("/", 1)[0]
        if top in packages and top.isidentifier():
            names.add(top)
        else:
            names.update(_dotted(path, packages))
    return names


def _dotted(path: str, packages: set[str]) -> Iterator[str]:
    """The names from the top-level folder to the first regular package or module of a path."""
    *folders, file = path.split("/")
    stem = file.split(".")[0]
    if not all(part.isidentifier() for part in (*folders, stem)):
        return
    for depth in range(1, len(folders) + 1):
        yield ".".join(folders[:depth])
        if "/".join(folders[:depth]) in packages:
            return
    if stem != "__init__":
        yield ".".join((*folders, stem))


def _module_of(path: str) -> bool:
    return _is_module(path.rsplit("/", 1)[-1])


def _is_module(path: str) -> bool:
    return path.endswith((".py", ".so")) and not path.startswith("..")


def _is_cached(path: str, listed: Container[str]) -> bool:
    """Whether a file is byte code that can be made again; some come without their source."""
    return "__pycache__/" in path or (path.endswith((".pyc", ".pyo")) and path[:-1] in listed)


def _rows(record: str) -> Iterable[list[str]]:
    """The lines of RECORD by their columns; without quotes it is faster than by csv."""
    if '"' in record:
        import csv

        return csv.reader(record.splitlines())
    return (line.split(",", 1) for line in record.splitlines())


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _read(path: Path) -> str:
    """The text of a file, empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
