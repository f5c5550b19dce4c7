"""Which installed package a module comes from, and whether conda or pip brought it.

A question reads no more than it must: the lists of files (RECORD) of the distributions are
searched as bytes, and only those that mention a module are read as metadata. In a conda
prefix the records in conda-meta say which conda package a distribution is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pypackage import names
from pypackage.distributions import Distribution, load, metadata_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypackage.interpreter import Interpreter


class CondaPackage(NamedTuple):
    """An installed conda package, as its record says.

    Attributes:
        name: Its name.
        version: Its version.
        channel: A name or a URL, without the platform; empty when the record has none.
    """

    name: str
    version: str
    channel: str


@dataclass(frozen=True)
class Owner:
    """An installed package that a module comes from; at least one of the two is there.

    Attributes:
        distribution: The Python distribution, which some conda packages are not.
        conda: The conda package; None when pip or the like installed the distribution.
    """

    distribution: Distribution | None
    conda: CondaPackage | None

    @property
    def key(self) -> str:
        """The normalized name on PyPI; of what is no distribution the conda name."""
        if self.distribution:
            return self.distribution.key
        assert self.conda is not None
        return names.pypi_name(self.conda.name) or self.conda.name

    @property
    def version(self) -> str:
        """The installed version."""
        package = self.distribution or self.conda
        assert package is not None
        return package.version


class Found(NamedTuple):
    """What is known of a module.

    Attributes:
        owners: The packages that have it, sorted by name. Several of them have the very
            module, or only what lies below it when it is a namespace.
        path: Where it is when no package has it; empty when it is not installed.
        namespace: Whether it is one, or a part that is missing of one; the owners, if any, only
            share it.
    """

    owners: tuple[Owner, ...] = ()
    path: str = ""
    namespace: bool = False


class Installed:
    """What an interpreter has, looked up on disk as it is asked for.

    Attributes:
        conda: Whether the interpreter is that of a conda environment; one of a virtual
            environment that was made of it is not.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        library = (interpreter.stdlib, interpreter.platstdlib)
        self._sites = [one for one in interpreter.search_path if one not in library]
        self._suffixes = ("", ".py", interpreter.extension_suffix, ".abi3.so", ".so")
        prefixes = dict.fromkeys((interpreter.prefix, interpreter.base_prefix))
        self._prefixes = [_CondaPrefix(one) for one in prefixes if (one / "conda-meta").is_dir()]
        self._having: dict[str, list[Distribution]] = {}
        self._others: dict[str, Found] = {}
        self._loaded: dict[Path, Distribution | None] = {}
        self.conda = interpreter.prefix in [one.folder for one in self._prefixes]

    def of_module(self, module: str) -> Found:
        """Where a module comes from; the longest part of its dotted name that is known."""
        top = module.partition(".")[0]
        if top not in self._having:
            self._having[top] = [one for one in self._mentioning(top) if top in one.modules]
        candidates = self._having[top]
        name = module
        while name and candidates:
            having = [one for one in candidates if name in one.modules]
            exactly = [one for one in having if not _is_namespace(name, one)]
            if exactly:
                return Found(tuple(map(self._owner, _deepest(exactly, module))))
            if having and name == module:
                return Found(tuple(map(self._owner, having)), namespace=True)
            name = name.rpartition(".")[0]
        if candidates:
            return Found(namespace=True)
        if top not in self._others:
            self._others[top] = self._without_distribution(top)
        return self._others[top]

    def named(self, name: str) -> Owner | None:
        """The package of a name, be it the one on PyPI or conda's."""
        key = names.normalize(name)
        for site, info in self._infos:
            folder = info.parent if info.name == "EGG-INFO" else info
            if names.normalize(folder.name).startswith(key):
                distribution = self._load(site, info)
                if distribution and distribution.key == key:
                    return self._owner(distribution)
        for prefix in self._prefixes:
            package = prefix.named(name)
            if package:
                return Owner(None, package)
        return None

    def python_channel(self) -> str:
        """The channel that conda's Python comes from; empty when it is not conda's."""
        for prefix in self._prefixes:
            python = prefix.named("python")
            if python:
                return python.channel
        return ""

    @cached_property
    def _infos(self) -> list[tuple[Path, Path]]:
        """The metadata folders and the folders of modules that they are in."""
        return [(site, info) for site in self._sites for info in metadata_in(site)]

    @cached_property
    def _listings(self) -> list[_Listed]:
        """The same with the list of files of each."""
        return [_Listed(site, info, _listing(info)) for site, info in self._infos]

    def _mentioning(self, top: str) -> list[Distribution]:
        """The distributions that may have a top-level module; the first one of a name counts."""
        found: dict[str, Distribution] = {}
        name = top.encode()
        for one in self._listings:
            if one.points or one.mentions(name):
                distribution = self._load(one.site, one.info)
                if distribution and (not one.points or distribution.may_have(top)):
                    found.setdefault(distribution.key, distribution)
        return [found[key] for key in sorted(found)]

    def _load(self, site: Path, info: Path) -> Distribution | None:
        if info not in self._loaded:
            self._loaded[info] = load(site, info)
        return self._loaded[info]

    def _owner(self, distribution: Distribution) -> Owner:
        prefix = next((one for one in self._prefixes if one.holds(distribution.info)), None)
        return Owner(distribution, prefix.of(distribution) if prefix else None)

    def _without_distribution(self, top: str) -> Found:
        """A module that no distribution has: a conda package has it, or nothing does."""
        paths = (
            os.path.join(site, f"{top}{end}") for site in self._sites for end in self._suffixes
        )
        path = next(filter(_is_module, paths), "")
        if not path:
            return Found()
        conda = (one for prefix in self._prefixes for one in prefix.having(top))
        owners = tuple(Owner(None, one) for one in conda)
        return Found(owners) if owners else Found(path=path)


def _is_module(path: str) -> bool:
    """Whether a path is a module: a file, or a folder with some; an empty shell is none."""
    if not os.path.isdir(path):
        return os.path.exists(path)
    with os.scandir(path) as entries:
        return any(
            one.name.endswith((".py", ".so")) or (one.is_dir() and one.name.isidentifier())
            for one in entries
            if one.name != "__pycache__"
        )


def _is_namespace(name: str, distribution: Distribution) -> bool:
    return any(module.startswith(f"{name}.") for module in distribution.modules)


def _deepest(owners: list[Distribution], module: str) -> list[Distribution]:
    """Those with most of a dotted module's path, where several put files into one package."""
    if len(owners) == 1:
        return owners
    parts = module.split(".")
    reach = {one.key: _reach(one, parts) for one in owners}
    return [one for one in owners if reach[one.key] == max(reach.values())]


def _reach(distribution: Distribution, parts: list[str]) -> int:
    """How many of the leading parts of a dotted name are among the files."""
    paths = distribution.listed
    for count in range(len(parts), 1, -1):
        path = "/".join(parts[:count])
        if any(one.startswith((f"{path}/", f"{path}.")) for one in paths):
            return count
    return 1


_POINTER = re.compile(rb"\n[^/\n]*\.pth,")


def _listing(info: Path) -> bytes:
    """The files or at least the modules of a distribution, each between line feeds."""
    for name in ("RECORD", "top_level.txt"):
        content = _read(info / name)
        if content:
            return b"\n%b\n" % content.replace(b"\r\n", b"\n")
    return b"\n"


class _Listed:
    """A metadata folder and its list of files, searched as bytes.

    Attributes:
        site: The folder of modules.
        info: The metadata folder.
        files: One a line.
        points: Whether the modules may lie elsewhere: an editable install has a .pth file, or
            the finder that it imports, instead of them, and so do a few others.
    """

    def __init__(self, site: Path, info: Path, files: bytes) -> None:
        self.site = site
        self.info = info
        self.files = files
        self.points = b".pth," in files and bool(_POINTER.search(files))
        self._unlisted = files == b"\n"
        self._quoted = b'"' in files

    def mentions(self, top: bytes) -> bool:
        """Whether a top-level name is among the files, or nothing tells that it is not."""
        return (
            self._unlisted or self._has(b"\n" + top) or (self._quoted and self._has(b'\n"' + top))
        )

    def _has(self, start: bytes) -> bool:
        # One search for all endings: the lists may be megabytes.
        at = self.files.find(start)
        while at >= 0:
            if self.files[at + len(start)] in b"/.\n":
                return True
            at = self.files.find(start, at + 1)
        return False


class _CondaPrefix:
    """A conda environment's records; each is a JSON file that is named like its package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holds(self, path: Path) -> bool:
        """Whether a path lies in the environment."""
        return self.folder in path.parents

    def of(self, distribution: Distribution) -> CondaPackage | None:
        """The package that a distribution is; None when it was installed by pip."""
        inside = f'"{distribution.info.relative_to(self.folder).as_posix()}'.encode()
        for record in self._likely(distribution.key):
            if inside in self._content(record):
                return self._package(record)
        return None

    def _likely(self, key: str) -> Iterator[str]:
        """All records; the package that is named like the distribution or so in the table first.

        Any package may have a distribution in it.
        """
        called = {one: names.normalize(_name_of(one)) for one in self._records}
        yield from (one for one in self._records if called[one] == key)
        known = names.normalize(names.conda_name(key))
        yield from (one for one in self._records if called[one] == known != key)
        yield from (one for one in self._records if called[one] not in (key, known))

    def having(self, top: str) -> list[CondaPackage]:
        """The packages that have a top-level module, sorted."""
        name = re.escape(top.encode())
        module = re.compile(
            rb'"(?:lib/python[0-9.]+/)?site-packages/%b(?:/|\.py"|\.[^"/]*\.?so")' % name
        )
        having = [one for one in self._records if module.search(self._content(one))]
        return [self._package(one) for one in having]

    def named(self, name: str) -> CondaPackage | None:
        """The package of a name."""
        for record in self._records:
            if _name_of(record) == name.lower():
                return self._package(record)
        return None

    @cached_property
    def _records(self) -> list[str]:
        files = os.listdir(self.folder / "conda-meta")
        return sorted(one for one in files if one.endswith(".json") and one.count("-") >= 2)

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        return {}

    def _content(self, record: str) -> bytes:
        if record not in self._contents:
            self._contents[record] = _read(self.folder / "conda-meta" / record)
        return self._contents[record]

    def _package(self, record: str) -> CondaPackage:
        name, version, _ = record.removesuffix(".json").rsplit("-", 2)
        content = self._content(record)
        # Read without parsing it: the record of Python alone is a megabyte of JSON.
        channel, subdir = (_string(content, key) for key in (b"channel", b"subdir"))
        return CondaPackage(name, version, _public(channel.rstrip("/").removesuffix(f"/{subdir}")))


def _string(content: bytes, key: bytes) -> str:
    """The first string with a key in the text of a JSON object."""
    found = re.search(rb'"%b"\s*:\s*"([^"\\]*)"' % key, content)
    return found[1].decode("utf-8", "replace") if found else ""


def _name_of(record: str) -> str:
    """The package in the name of a record's file, NAME-VERSION-BUILD.json."""
    return record.rsplit("-", 2)[0]


def _public(channel: str) -> str:
    """A channel without user names and tokens; its name where conda has its public ones."""
    plain = re.sub(r"^(\w+://)[^/@]*@", r"\1", channel.rstrip("/"))
    plain = re.sub(r"(?<=[\w])/t/[^/]+(?=/)", "", plain)
    public = re.fullmatch(r"https://(?:conda|repo)\.anaconda\.(?:org|com)/(.+)", plain)
    return public[1] if public else plain


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
