"""Compress the gzip members of an archive, or take them from a store.

A part consists of the files of one conda package, or of one folder without a package. Its cache key
covers everything that its bytes depend on, and the digest of each member is checked before use.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import BufferedReader
from operator import attrgetter
from typing import Any, BinaryIO, NamedTuple

from pypackage.archive import sha256sums, tar_stream
from pypackage.archive.contents import Entry
from pypackage.archive.sha256sums import Listed
from pypackage.core import files, fingerprint
from pypackage.core.store import Store

_FORMAT = 5  # part of the cache keys: a new number compresses everything again
_CHUNK = 16 << 20  # bytes of files per member
GZIP = 31  # zlib's window bits for a gzip stream

# igzip's best level: a twentieth larger than gzip's default, in a fifth of the time.
LEVEL = 3
_IGZIP = range(1, LEVEL + 1)  # igzip's levels; others use zlib


@dataclass(frozen=True)
class Kept:
    """The cached state of a part.

    Attributes:
        start: The offset of the first member in the store's file.
        size: The size of the part's files in bytes.
        members: The length, SHA-256 digest and digest list of each member.
    """

    start: int
    size: int
    members: Sequence[tuple[int, str, str]]


@dataclass(frozen=True)
class Part:
    """Entries that are compressed and cached together.

    Attributes:
        entries: The entries, in order.
        key: The cache key; empty if it is not to be cached.
        kept: Its cached state, which may be damaged; None if it is not cached.
    """

    entries: Sequence[Entry]
    key: str = ""
    kept: Kept | None = None

    @cached_property
    def size(self) -> int:
        """The size of its files in bytes."""
        return self.kept.size if self.kept else sum(map(tar_stream.size, self.entries))

    @property
    def number(self) -> int:
        """The number of members."""
        return len(self.kept.members if self.kept else self._chunks)

    @cached_property
    def _chunks(self) -> Sequence[Sequence[Entry]]:
        """The entries of each member."""
        chunks: list[list[Entry]] = []
        total = _CHUNK
        for entry in self.entries:
            size = tar_stream.size(entry)
            if not chunks or total + size > _CHUNK:
                chunks.append([])
                total = 0
            chunks[-1].append(entry)
            total += size
        return chunks

    def list_path(self, index: int) -> str:
        """The path of a member's digest list."""
        return sha256sums.path(*owner(self.entries[0]), index)

    def listed(self, index: int) -> Listed:
        """The content of a member: its entries and their digest list."""
        return Listed(self.list_path(index), self._chunks[index])


class Made(NamedTuple):
    """A gzip member.

    Attributes:
        length: The number of bytes.
        sha256: Their digest, hexadecimal.
        sums: The digest list in it, if any.
        blocks: The bytes, if the member is new.
        file: The store's file, if the member is cached; it must be closed.
        start: The offset in that file.
    """

    length: int
    sha256: str
    sums: str = ""
    blocks: Sequence[bytes] = ()
    file: BufferedReader | None = None
    start: int = 0

    @property
    def is_at_hand(self) -> bool:
        """Whether its bytes are available, not only length and digest."""
        return self.file is not None or bool(self.blocks)

    def write(self, target: BinaryIO) -> None:
        """Write it to a file's current position; possible only once.

        Raises:
            OSError: It cannot be read or written.
        """
        target.writelines(self.blocks)
        if self.file:
            with self.file as kept:
                files.copy(kept, self.start, self.length, target)

    def close(self) -> None:
        """Release it without writing it."""
        if self.file:
            self.file.close()


def groups(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Group entries into parts, in the order of the archive."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        found[owner(entry)].append(entry)
    return [sorted(found[one], key=attrgetter("target")) for one in sorted(found)]


def owner(entry: Entry) -> tuple[str, str]:
    """What an entry belongs to: its package, else a module of site-packages, else a folder.

    An environment of Debian's Python has its modules in `lib/python3/dist-packages`.
    """
    if entry.package:
        return entry.package, ""
    found = re.match(r"lib/python[^/]+/(?:site|dist)-packages/([^/.-]+)", entry.target)
    return "", found[0] if found else entry.target.partition("/")[0]


def find(group: Sequence[Entry], digests: Mapping[str, str], level: int, store: Store) -> Part:
    """Look up a part in the store.

    Args:
        group: Its entries.
        digests: The packages' digests by name; empty if unknown.
        level: The compression level.
        store: The store.

    Raises:
        OSError: A file cannot be read.
    """
    package = digests.get(group[0].package, "")
    path = sha256sums.path(*owner(group[0]), 0)
    digest = sha256(repr((_FORMAT, _CHUNK, level, _library(level), package, path)).encode())
    for entry in group:
        digest.update(tar_stream.cache_key(entry, bool(package)))
    key = digest.hexdigest()
    return Part(group, key, _header(store, key))


def _library(level: int) -> str:
    """The compression library and its version: another may give other bytes."""
    if level not in _IGZIP:
        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    import isal

    return f"isal {isal.__version__} {isal.ISAL_VERSION}"


def compress(listed: Listed, level: int) -> Made:
    """Compress the content of a member.

    Raises:
        PackError: A name contains a newline.
        OSError: A file cannot be read.
    """
    made = _made(listed, level)
    return made._replace(sums=listed.text)


def end(level: int) -> Made:
    """The last member: the end of the tar stream."""
    return _made([tar_stream.END], level)


def _made(content: Iterable[bytes | memoryview], level: int) -> Made:
    deflate = deflater(level)
    blocks = [deflate.compress(block) for block in content]
    blocks.append(deflate.flush())
    digest = sha256()
    for block in blocks:
        digest.update(block)
    return Made(sum(map(len, blocks)), digest.hexdigest(), blocks=blocks)


def deflater(level: int, window_bits: int = GZIP) -> Any:
    """A compressor for deflate, with `compress` and `flush`; its output is deterministic.

    It is igzip for the levels that igzip supports, in a fifth of zlib's time.

    Args:
        window_bits: As in zlib: `GZIP` for a gzip stream, -15 for raw deflate.
    """
    if level not in _IGZIP:
        return zlib.compressobj(level, zlib.DEFLATED, window_bits)
    from isal import isal_zlib

    return isal_zlib.compressobj(level, isal_zlib.DEFLATED, window_bits)


# --- what is kept ------------------------------------------------------------------------

# A store file begins with a line with the digest of the second line, a JSON object.


def _header(store: Store, key: str) -> Kept | None:
    file = store.open(key)
    if file is None:
        return None
    with file:
        digest, line = file.readline(), file.readline()
        if sha256(line).hexdigest().encode() + b"\n" != digest:
            return None
        return Kept(file.tell(), **json.loads(line))


def look_up(store: Store, part: Part, index: int) -> Made | None:
    """A cached member; None if it is not cached or damaged.

    Args:
        store: The store.
        part: The part that it belongs to.
        index: Its index in the part, from 0.
    """
    if part.kept is None or (file := store.open(part.key)) is None:
        return None
    length, digest, sums = part.kept.members[index]
    start = part.kept.start + sum(one[0] for one in part.kept.members[:index])
    if fingerprint.of_ranges(file, [(start, start + length)]) == digest:
        return Made(length, digest, sums, file=file, start=start)
    file.close()
    return None


def keep(
    store: Store,
    part: Part,
    members: Sequence[tuple[int, str, str]],
    write: Callable[[BinaryIO], None],
) -> None:
    """Cache a part; failing to write it is not an error.

    Args:
        store: The store.
        part: The part.
        members: The length, digest and digest list of each member.
        write: Writes the members to a file; if it fails, nothing is cached.
    """
    line = json.dumps({"size": part.size, "members": members}).encode() + b"\n"
    try:
        with store.new(part.key) as file:
            file.write(sha256(line).hexdigest().encode() + b"\n" + line)
            write(file)
    except OSError:
        return
