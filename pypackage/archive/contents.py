"""Collect the files of a prefix for an archive, using conda-pack.

Only this module uses conda-pack, which says which files belong to the environment and where they
contain the prefix. Files are taken from the package cache where conda-pack finds them there, so
that they contain the packages' placeholders and not this machine's paths.
"""

from __future__ import annotations

import json
import os
import re
import stat
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from pypackage.archive import paths, pip_installed
from pypackage.archive.manifest import Omitted, Package, Relocation
from pypackage.backends import conda_meta
from pypackage.core.errors import PackError
from pypackage.core.urls import LOCAL, redact
from pypackage.prefix import variables
from pypackage.prefix.directory import MARK, PLACEHOLDER, PROVENANCE
from pypackage.python import dist_info, launcher
from pypackage.python.distributions import Distribution


@dataclass(frozen=True)
class Entry:
    """A file, link or empty folder of the archive.

    Attributes:
        target: Its path relative to the prefix.
        source: The file on this machine; None if `data` or `link` is all there is.
        data: Its content, if that differs from the source's.
        link: The target of a symbolic link without a source.
        package: The package that it belongs to; empty if there is none.
        mode: Its mode (0o755 or 0o644) if there is no source.
        pristine: Whether it is unchanged from its package, so that the package's digest covers
            its content.
    """

    target: str
    source: str | os.PathLike[str] | None
    data: bytes | None = None
    link: str = ""
    package: str = ""
    mode: int = 0o755
    pristine: bool = False


@dataclass(frozen=True)
class Contents:
    """All files of a prefix that go into an archive, in a fixed order, and what was left out.

    Attributes:
        glibc: The lowest glibc for packages that are not conda's; empty if unknown.
    """

    entries: tuple[Entry, ...]
    relocations: tuple[Relocation, ...]
    packages: tuple[Package, ...]
    omitted: Omitted | None = None
    glibc: str = ""

    def plus(self, entry: Entry) -> Contents:
        """The contents with one more entry, at the end."""
        return replace(self, entries=(*self.entries, entry))


def collect(prefix: Path, target_prefix: Path, altered: Collection[str] = ()) -> Contents:
    """Collect the files of a conda prefix.

    Args:
        target_prefix: The path that the files were written for.
        altered: Files, relative to the prefix, that differ from those in their packages.

    Raises:
        PackError: It is not a conda environment, or files of its packages are missing, or a project
            that it links to.
    """
    from conda_pack.core import CondaPackException, Packer

    records = {
        path.relative_to(prefix).as_posix(): conda_meta.record(path)
        for path in conda_meta.paths(prefix)
    }
    others = pip_installed.look(prefix, list(records.values()))
    recorder = _Recorder(os.fsencode(target_prefix))
    packer = Packer(str(target_prefix), recorder)
    try:
        files = _listed(prefix)
        pip_installed.check_lost(others, list(records.values()), {file.target for file in files})
        for file in _as_on_disk(files, prefix, {*altered, *others.files}):
            _check_readable(file)
            if file.file_mode is None:  # conda-pack would parse and rewrite conda's records
                recorder.add(file.source, file.target)
            elif placeholder := _interpreter_of_its_own(file, str(target_prefix)):
                recorder.add_bytes(file.source, Path(file.source).read_bytes(), file.target)
                packer.prefixes.append((file.target, placeholder, "text"))
            else:
                packer.add(file)
        entries, packer.prefixes = _without_prefix(recorder.take(), packer.prefixes, target_prefix)
        packer.finish()
    except CondaPackException as error:
        raise PackError(f"{prefix} cannot be packed", str(error).strip()) from error
    except RecursionError:
        raise PackError(f"{prefix} cannot be packed: folders are nested too deeply") from None
    found = sorted([*entries, *recorder.take()], key=attrgetter("target"))
    found = _with_variables(found, prefix)
    found = _unlinked(found, others.editable, prefix)
    cleaned = [_cleaned(one, records) for one in found]
    collected = Contents(
        entries=tuple(_attributed(cleaned, records.values(), others.files)),
        relocations=tuple(Relocation(path, mode, mark) for path, mark, mode in packer.prefixes),
        packages=tuple(_package(record) for record in records.values()),
        glibc=others.glibc,
    )
    return paths.resolve(collected)


def without_mark(contents: Contents) -> Contents:
    """The contents without this package's own records, as if another tool had created them."""
    entries = tuple(entry for entry in contents.entries if entry.target not in (MARK, PROVENANCE))
    return replace(contents, entries=entries)


class _File(NamedTuple):
    """A file as given by conda-pack; see `Entry`."""

    target: str
    source: str | None
    data: bytes | None = None
    executable: bool = True  # if there is no source


def _listed(prefix: Path) -> Sequence[Any]:
    """Return the files that conda-pack would pack."""
    from conda_pack.core import CondaEnv

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a package missing from the cache is harmless here
        env = CondaEnv.from_prefix(
            str(prefix), ignore_missing_files=True, ignore_editable_packages=True
        )
    files: Sequence[Any] = env.files
    return files


def _as_on_disk(files: Iterable[Any], prefix: Path, altered: Collection[str]) -> Iterator[Any]:
    """Take files of several packages, and altered ones, only once and from the prefix itself."""
    from conda_pack import File

    times = Counter(file.target for file in files)
    taken = set()
    for file in files:
        if times[file.target] == 1 and file.target not in altered:
            yield file
        elif file.target not in taken:
            taken.add(file.target)
            yield File(str(prefix / file.target), file.target, file_mode="unknown")


def _check_readable(file: Any) -> None:
    """Refuse what no package can have installed: reading it could block, or never end."""
    if file.file_mode == "unknown":
        mode = os.lstat(file.source).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
            raise PackError(f"{file.target} is a pipe, a socket or a device", "remove it")


def _interpreter_of_its_own(file: Any, target_prefix: str) -> str:
    """The placeholder in a script's shebang that needs the true path; empty if it does not.

    conda-pack would use `env` there, which does not support options (`perl -w`) and only works in
    an active environment. Scripts of Python find their interpreter beside them.
    """
    placeholder: str = target_prefix if file.file_mode == "unknown" else file.prefix_placeholder
    if file.file_mode == "binary" or not placeholder or os.path.islink(file.source):
        return ""
    if not file.target.startswith("bin/") or not os.path.isfile(file.source):
        return ""
    with open(file.source, "rb") as script:
        start = script.read(2)
        content = start + script.read() if start == b"#!" else b""
    named = re.match(rb"#![ \t]*" + re.escape(placeholder.encode()) + rb"/", content)
    return placeholder if named and launcher.relative(content) == content else ""


def _unlinked(found: list[_File], linked: Sequence[Distribution], prefix: Path) -> list[_File]:
    """Replace the links of editable installs by the files that they refer to."""
    if not linked:
        return found
    from pypackage.archive import editables

    site = next(iter(dist_info.site_folders(prefix))).relative_to(prefix).as_posix()
    gone = editables.links(linked, prefix)
    items = {item.path: item for item in editables.items(linked, prefix, site)}
    kept = [one for one in found if one.target not in gone and one.target not in items]
    for path, item in items.items():
        source = os.fspath(item.source) if item.source else None
        kept.append(_File(path, source, item.content, item.executable))
    return sorted(kept, key=attrgetter("target"))


def _with_variables(found: list[_File], prefix: Path) -> list[_File]:
    """Add scripts that set the environment's own variables: the worker does not read JSON."""
    scripts = variables.scripts(prefix)
    kept = [one for one in found if one.target not in (variables.ACTIVATE, variables.DEACTIVATE)]
    kept += [_File(path, None, text.encode(), False) for path, text in scripts.items()]
    return sorted(kept, key=attrgetter("target"))


def _attributed(
    files: Iterable[_File], records: Iterable[dict[str, Any]], foreign: Collection[str]
) -> Iterator[Entry]:
    """Determine each file's package, and whether it is unchanged from that package.

    Files that were changed in the package cache after unpacking are rejected: environments share
    files with the cache by hard links, so an edit in one environment would get into all that are
    created later.

    Raises:
        PackError: There is such a file.
    """
    owners: dict[str, tuple[str, str, float]] = {}
    for record in records:
        folder = (record.get("link") or {}).get("source") or "\0"  # matches no path
        known = (record["name"], f"{folder}/", _unpacked(folder) + 1)
        owners.update((file, known) for file in record["files"] if file not in foreign)
    for target, source, data, executable in files:
        package, folder, unpacked = owners.get(target, ("", "\0", 0.0))
        pristine = source is not None and data is None and source.startswith(folder)
        if pristine and os.lstat(source or "").st_mtime > unpacked:
            raise PackError(
                f"{target} was changed in the package cache",
                f"remove {folder.rstrip('/')} and create again, so that it is fetched again",
            )
        mode = 0o755 if executable else 0o644
        yield Entry(target, source, data, package=package, mode=mode, pristine=pristine)


def _unpacked(folder: str) -> float:
    """When a package was unpacked into the package cache; 0 if it is not there."""
    try:
        return os.stat(f"{folder}/info").st_mtime
    except (OSError, ValueError):  # ValueError: the \0 of a missing folder, see above
        return 0.0


class _Recorder:
    """Stands in for conda-pack's archives and records what it is given."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._found: list[_File] = []

    def add(self, source: str, target: str) -> None:
        # conda-pack's own files are temporary ones that are deleted after this call.
        if re.match("bin/conda[-_]unpack", target):
            self._found.append(_File(target, None, Path(source).read_bytes()))
        else:
            self._found.append(_File(target, source))

    def add_bytes(self, source: str, data: bytes, target: str) -> None:
        # Unchanged content need not be kept in memory.
        changed = data.startswith(b"#!") or self._prefix in data
        self._found.append(_File(target, source, data if changed else None))

    def take(self) -> list[_File]:
        taken, self._found = self._found, []
        return taken


_Prefixes = list[tuple[str, str, str]]


def _without_prefix(
    files: list[_File], prefixes: _Prefixes, target_prefix: Path
) -> tuple[list[_File], _Prefixes]:
    """Replace this machine's prefix by the placeholder.

    conda-pack lists every text file without a package for relocation; those that do not contain
    the prefix are removed from the list.
    """
    ours, mark = str(target_prefix).encode(), PLACEHOLDER.encode()
    listed = {target for target, placeholder, _ in prefixes if placeholder == str(target_prefix)}
    kept = [record for record in prefixes if record[0] not in listed]
    result = []
    for file in files:
        if file.target in listed and file.data is not None and ours in file.data:
            file = file._replace(data=file.data.replace(ours, mark))
            kept.append((file.target, PLACEHOLDER, "text"))
        result.append(file)
    return result, sorted(kept)


def _cleaned(file: _File, records: Mapping[str, dict[str, Any]]) -> _File:
    """Make conda's records independent of this machine, and scripts find their interpreter."""
    if file.target in records:
        record = _portable(dict(records[file.target]))
        return file._replace(data=json.dumps(record, sort_keys=True).encode())
    data = file.data
    if data and file.target.startswith("bin/") and data.startswith(b"#!/usr/bin/env python"):
        return file._replace(data=launcher.relative(data))
    return file


def _portable(record: dict[str, Any]) -> dict[str, Any]:
    """A conda-meta record without what only applies to this machine and installation."""
    derived = ("arch", "platform")
    here = ("indexed_timestamp", "extracted_package_dir", "package_tarball_full_path")
    for name in (*derived, *here):
        record.pop(name, None)
    record["link"] = {"source": "", "type": 1}
    record["url"], record["channel"] = _public_url(record), _public(record["channel"] or "")
    for path in record.get("paths_data", {}).get("paths", []):
        written = path.get("path_type") == "unix_python_entry_point"
        if path.pop("sha256_in_prefix", None) or written:
            path.pop("size_in_bytes", None)
        if written:
            path.pop("sha256", None)
    return record


def _package(record: dict[str, Any]) -> Package:
    return Package(
        **{key: record[key] for key in ("name", "version", "build", "subdir")},
        sha256=record.get("sha256") or "",
        url=_public_url(record),
        depends=tuple(record["depends"]),
    )


def _public_url(record: dict[str, Any]) -> str:
    """The package's URL, without credentials and local folders."""
    channel = _public(record["url"] or "")
    return f"{channel}/{record['subdir']}/{record['fn']}" if channel == LOCAL else channel


def _public(url: str) -> str:
    if url.startswith("file:"):
        return LOCAL
    return redact(url)
