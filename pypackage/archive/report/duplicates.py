"""Find duplicates: the same content twice, or several versions of one library."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pypackage.archive import tar_stream
from pypackage.archive.contents import Entry

SMALLEST = 16384  # bytes; smaller duplicates are licenses and the like


@dataclass(frozen=True)
class Copies:
    """Identical files in several packages, or versions of the same library.

    Attributes:
        name: The name of the library or file.
        files: The path and package of each.
        size: The size of all in bytes.
        extra: The size of all but the largest in bytes.
    """

    name: str
    files: tuple[tuple[str, str], ...]
    size: int
    extra: int


def same_content(entries: Iterable[Entry], owners: Mapping[str, str]) -> tuple[Copies, ...]:
    """Groups of identical files in several packages, largest first.

    Raises:
        OSError: A file cannot be read.
    """
    by_size: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        if tar_stream.size(entry) >= SMALLEST and tar_stream.tar_info(entry).isreg():
            by_size[tar_stream.size(entry)].append(entry)
    by_content: dict[tuple[int, bytes], list[Entry]] = defaultdict(list)
    for size, group in by_size.items():
        if _of_several(group, owners):
            for entry in group:
                by_content[size, _digest(entry, size)].append(entry)
    return _largest_first(by_content.values(), owners)


def same_library(
    entries: Iterable[Entry], owners: Mapping[str, str], same: Iterable[Copies]
) -> tuple[Copies, ...]:
    """Groups of shared libraries of the same name in several packages, largest first.

    Args:
        entries: All files.
        owners: The package of each path.
        same: Groups of identical files, which are reported already.
    """
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        name = library(entry.target)
        if name and tar_stream.tar_info(entry).isreg():
            by_name[name].append(entry)
    told = [set(one.files) for one in same]
    found = _largest_first(by_name.values(), owners)
    return tuple(one for one in found if not any(group >= set(one.files) for group in told))


def library(path: str) -> str:
    """A shared library's name without version and auditwheel's digest; empty if it is not one."""
    name = posixpath.basename(path)
    found = re.fullmatch(r"(lib.+?)(-[0-9a-f]{8})*(\.\d[\w.]*)?\.so(\.[\d.]+)?", name)
    if not found or re.search(r"\.(cpython-|abi3)", name):
        return ""
    return re.sub(r"([-_.]\d+)+$", "", found[1])


def _largest_first(
    groups: Iterable[Sequence[Entry]], owners: Mapping[str, str]
) -> tuple[Copies, ...]:
    found = [_copies(group, owners) for group in groups if _of_several(group, owners)]
    return tuple(sorted(found, key=lambda one: (-one.extra, one.name, one.files)))


def _of_several(group: Sequence[Entry], owners: Mapping[str, str]) -> bool:
    return len({owners.get(entry.target, "") for entry in group}) > 1


def _copies(group: Sequence[Entry], owners: Mapping[str, str]) -> Copies:
    sizes = [tar_stream.size(entry) for entry in group]
    paths = sorted((entry.target, owners.get(entry.target, "")) for entry in group)
    name = library(paths[0][0]) or posixpath.basename(paths[0][0])
    return Copies(name, tuple(paths), sum(sizes), sum(sizes) - max(sizes))


def _digest(entry: Entry, size: int) -> bytes:
    digest = sha256()
    for block in tar_stream.content(entry, size):
        digest.update(block)
    return digest.digest()
