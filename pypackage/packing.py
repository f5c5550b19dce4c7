"""What goes into an archive of a prefix, by conda-pack's knowledge of conda packages.

The only module that knows conda-pack: it tells which files belong to the environment and
where the prefix stands in them. Files come from the package cache where conda-pack finds
them there, so that they hold the packages' own placeholders and not this machine's paths.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pypackage import launcher
from pypackage.errors import PackError
from pypackage.manifest import Package, Relocation
from pypackage.urls import public

# Stands for this machine's prefix in files that no package owns; conda's own traditional
# placeholder, in two parts so that nobody takes this file for one to be rewritten.
PLACEHOLDER = "/opt/anaconda1" + "anaconda2anaconda3"

LOCAL = "file:///local"  # stands for the URL of a channel that is a folder of this machine


@dataclass(frozen=True)
class Entry:
    """A file, link or empty folder of the archive.

    Attributes:
        target: Its path relative to the prefix.
        source: Where it lies here; None when `data` or `link` says all.
        data: Its content when that differs from the source's.
        link: What it points to, for a symbolic link without a source.
        package: Name of the package that it belongs to, empty when none owns it.
    """

    target: str
    source: Path | None
    data: bytes | None = None
    link: str = ""
    package: str = ""


@dataclass(frozen=True)
class Contents:
    """All of a prefix that goes into an archive, in a fixed order."""

    entries: tuple[Entry, ...]
    relocations: tuple[Relocation, ...]
    packages: tuple[Package, ...]


def contents(prefix: Path, stands_for: Path, altered: Collection[str] = ()) -> Contents:
    """Look through a conda prefix.

    Args:
        prefix: The folder.
        stands_for: The path that the files in it were written for.
        altered: Files, relative to the prefix, that are not as their package brought them.

    Raises:
        PackError: It is no conda environment, or files of its packages are missing, were
            overwritten, or are editable installs.
    """
    from conda_pack.core import CondaEnv, CondaPackException, Packer

    sink = _Sink()
    packer = Packer(str(stands_for), sink)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a package without cache entry is no harm here
            files = CondaEnv.from_prefix(str(prefix)).files
        for file in _as_on_disk(files, prefix, altered):
            packer.add(file)
        entries, packer.prefixes = _without_prefix(sink.take(), packer.prefixes, stands_for)
        packer.finish()
    except CondaPackException as error:
        raise PackError(f"{prefix} cannot be packed", str(error).strip()) from error
    records = [json.loads(path.read_bytes()) for path in sorted(prefix.glob("conda-meta/*.json"))]
    owners = {file: record["name"] for record in records for file in record["files"]}
    _check_package_cache(entries, records)
    finished = [_cleaned(entry) for entry in [*entries, *sink.take()]]
    return Contents(
        entries=tuple(
            replace(entry, package=owners.get(entry.target, ""))
            for entry in sorted(finished, key=lambda entry: entry.target)
        ),
        relocations=tuple(Relocation(path, mode, mark) for path, mark, mode in packer.prefixes),
        packages=tuple(_package(record) for record in records),
    )


def _as_on_disk(files: Iterable[Any], prefix: Path, altered: Collection[str]) -> Iterator[Any]:
    """Take what several packages own, and what was altered, once and from the prefix itself."""
    from conda_pack import File

    times = Counter(file.target for file in files)
    taken = set()
    for file in files:
        if times[file.target] == 1 and file.target not in altered:
            yield file
        elif file.target not in taken:
            taken.add(file.target)
            yield File(str(prefix / file.target), file.target, file_mode="unknown")


def _check_package_cache(entries: Iterable[Entry], records: Iterable[dict[str, Any]]) -> None:
    """Refuse files of the package cache that were changed since they were unpacked there.

    Environments share their files with the cache by hard links, so that an edit in one of
    them gets into all that are made later.
    """
    sources = [(record.get("link") or {}).get("source") for record in records]
    times = {source: os.stat(f"{source}/info").st_mtime for source in sources if source}
    caches = {os.path.dirname(source) + "/" for source in times}
    for entry in entries:
        path = str(entry.source or "")
        for cache in caches:
            package = cache + path[len(cache) :].partition("/")[0]
            if path.startswith(cache) and os.lstat(path).st_mtime > times[package] + 1:
                raise PackError(
                    f"{entry.target} was changed in the package cache",
                    f"remove {package} and create again, so that it is fetched anew",
                )


class _Sink:
    """Takes the place of conda-pack's archives and remembers what it is given."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, source: str, target: str) -> None:
        # conda-pack's own files come as temporary ones that are gone after this call.
        ours = re.fullmatch(r"bin/conda[-_]unpack.*", target)
        data = Path(source).read_bytes() if ours else None
        self._entries.append(Entry(target, None if ours else Path(source), data))

    def add_bytes(self, source: str, data: bytes, target: str) -> None:
        self._entries.append(Entry(target, Path(source), data))

    def take(self) -> list[Entry]:
        taken, self._entries = self._entries, []
        return taken


_Prefixes = list[tuple[str, str, str]]


def _without_prefix(
    entries: list[Entry], prefixes: _Prefixes, stands_for: Path
) -> tuple[list[Entry], _Prefixes]:
    """Put the placeholder where this machine's prefix stands.

    conda-pack lists every text file that no package owns as one to be rewritten; those
    which do not hold the prefix are taken off the list.
    """
    ours, mark = str(stands_for).encode(), PLACEHOLDER.encode()
    listed = {target for target, placeholder, _ in prefixes if placeholder == str(stands_for)}
    kept = [record for record in prefixes if record[0] not in listed]
    result = []
    for entry in entries:
        if entry.target in listed and entry.data is not None and ours in entry.data:
            entry = replace(entry, data=entry.data.replace(ours, mark))
            kept.append((entry.target, PLACEHOLDER, "text"))
        result.append(entry)
    return result, sorted(kept)


def _cleaned(entry: Entry) -> Entry:
    """Take this machine out of conda's records, and let scripts find their interpreter."""
    if entry.data is None:
        return entry
    if entry.target.startswith("conda-meta/") and entry.target.endswith(".json"):
        record = _portable(json.loads(entry.data))
        return replace(entry, data=json.dumps(record, indent=1, sort_keys=True).encode())
    if entry.target.startswith("bin/") and entry.data.startswith(b"#!/usr/bin/env python"):
        return replace(entry, data=launcher.relative(entry.data))
    return entry


def _portable(record: dict[str, Any]) -> dict[str, Any]:
    """A record of conda-meta without what only holds where and when it was installed."""
    record.pop("indexed_timestamp", None)
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
    """The package's URL, without credentials and without this machine's folders."""
    channel = _public(record["url"] or "")
    return f"{channel}/{record['subdir']}/{record['fn']}" if channel == LOCAL else channel


def _public(url: str) -> str:
    if url.startswith("file:"):
        return LOCAL
    return public(url)
