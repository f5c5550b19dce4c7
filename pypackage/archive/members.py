"""The gzip members of an archive: compressed once, then taken from a store.

A part is what belongs together: the files of one conda package, or of one folder that no
package owns. It is kept under a name for all that its bytes depend on, with the digest of
each member, which is compared before the member is used.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader
from operator import attrgetter
from typing import Any, BinaryIO, NamedTuple

from pypackage.archive import sha256sums, tar_stream
from pypackage.archive.contents import Entry
from pypackage.core import files
from pypackage.core.store import Store

_FORMAT = 4  # of the members' making: another one makes all of them anew
_CHUNK = 16 << 20  # bytes of files that make a member of their own
_BLOCK = 1 << 20
GZIP = 31  # zlib's window bits for a gzip stream

# igzip's best level: larger than gzip's default by a twentieth, in a fifth of the time.
LEVEL = 3
_IGZIP = range(1, LEVEL + 1)  # the levels that igzip does; the others are zlib's


@dataclass(frozen=True)
class Kept:
    """What a store holds of a part.

    Attributes:
        start: Where the first member begins in the store's file.
        size: Bytes of the part's files.
        members: Length and digest (SHA-256) of each.
        sums: The list of digests in each.
    """

    start: int
    size: int
    members: Sequence[tuple[int, str]]
    sums: Sequence[str]


@dataclass(frozen=True)
class Part:
    """Entries that are compressed, and kept, together.

    Attributes:
        entries: In their order.
        key: What it is kept under.
        size: Bytes of its files.
        number: Of members.
        sums: The list of digests in each member.
        made_of: The entries of each member; empty when there is something kept.
        kept: What there is of it in the store, perhaps damaged.
    """

    entries: Sequence[Entry]
    key: str
    size: int
    number: int
    sums: Sequence[str]
    made_of: Sequence[Sequence[Entry]] = ()
    kept: Kept | None = None

    @property
    def lists(self) -> Mapping[str, str]:
        """The lists of digests by their paths."""
        places = _list_places(self.entries, len(self.sums))
        return dict(zip(places, self.sums, strict=True))

    def chunk(self, index: int) -> Sequence[Entry]:
        """The entries of a member, and the list of them."""
        chunk = (self.made_of or _chunks(self.entries))[index]
        place, listed = list(self.lists.items())[index]
        return [*chunk, sha256sums.entry(place, listed)]


class Made(NamedTuple):
    """A member.

    Attributes:
        length: Of its bytes.
        sha256: Their digest, hexadecimal.
        blocks: The bytes themselves, of one that is new.
        file: The store's, to be closed, of one that is kept.
        start: Where it begins in that.
    """

    length: int
    sha256: str
    blocks: Sequence[bytes] = ()
    file: BufferedReader | None = None
    start: int = 0

    @property
    def is_at_hand(self) -> bool:
        """Whether its bytes are, or only what tells of them."""
        return self.file is not None or bool(self.blocks)

    def write(self, target: BinaryIO) -> None:
        """Write it to where a file is, once.

        Raises:
            OSError: It cannot be read or written.
        """
        target.writelines(self.blocks)
        if self.file:
            with self.file as kept:
                files.copy(kept, self.start, self.length, target)

    def close(self) -> None:
        """Let go of it, in place of writing it."""
        if self.file:
            self.file.close()


def groups(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries in the order of the archive, those of a part together."""
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        found[owner(entry)].append(entry)
    return [sorted(found[one], key=attrgetter("target")) for one in sorted(found)]


def owner(entry: Entry) -> tuple[str, str]:
    """What an entry belongs to: its package, else a module of site-packages, else a folder."""
    if entry.package:
        return entry.package, ""
    found = re.match(r"lib/python[^/]+/site-packages/([^/.-]+)", entry.target)
    return "", found[0] if found else entry.target.partition("/")[0]


def find(group: Sequence[Entry], digests: Mapping[str, str], level: int, store: Store) -> Part:
    """Look up what is kept of a part.

    Args:
        group: Its entries.
        digests: Of the packages, by name; empty where unknown.
        level: Of compression.
        store: Where to look.

    Raises:
        OSError: A file cannot be read.
    """
    package = digests.get(group[0].package, "")
    of = _list_places(group, 1)
    digest = sha256(repr((_FORMAT, _CHUNK, level, _library(level), package, of)).encode())
    for entry in group:
        digest.update(tar_stream.cache_key(entry, bool(package)))
    key = digest.hexdigest()
    kept = _header(store, key)
    if kept:
        return Part(group, key, kept.size, len(kept.members), kept.sums, kept=kept)
    return part(group, key)


def part(group: Sequence[Entry], key: str = "") -> Part:
    """A part of which nothing is kept."""
    chunks = _chunks(group)
    size = sum(map(tar_stream.size, group))
    return Part(group, key, size, len(chunks), list(map(sha256sums.text, chunks)), chunks)


def _list_places(group: Sequence[Entry], number: int) -> list[str]:
    """Where the lists of a part's members are."""
    return [sha256sums.path(*owner(group[0]), index) for index in range(number)]


def _library(level: int) -> str:
    """What compresses, for another version may give other bytes."""
    if level not in _IGZIP:
        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    import isal

    return f"isal {isal.__version__} {isal.ISAL_VERSION}"


def _chunks(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each member."""
    chunks: list[list[Entry]] = []
    total = _CHUNK
    for entry in entries:
        size = tar_stream.size(entry)
        if not chunks or total + size > _CHUNK:
            chunks.append([])
            total = 0
        chunks[-1].append(entry)
        total += size
    return chunks


def compress(entries: Iterable[Entry], level: int) -> Made:
    """One gzip member: the tar entries of a chunk.

    Raises:
        OSError: A file cannot be read.
    """
    return _made(tar_stream.stream(entries), level)


def end(level: int) -> Made:
    """The last member: the end of the tar."""
    return _made([tar_stream.END], level)


def _made(content: Iterable[bytes | memoryview], level: int) -> Made:
    deflate = deflater(level)
    blocks = [deflate.compress(block) for block in content]
    blocks.append(deflate.flush())
    digest = sha256()
    for block in blocks:
        digest.update(block)
    return Made(sum(map(len, blocks)), digest.hexdigest(), blocks)


def deflater(level: int, window_bits: int = GZIP) -> Any:
    """What compresses by deflate, with `compress` and `flush`; the same bytes each time.

    That is igzip where it has the level, in a fifth of zlib's time.

    Args:
        window_bits: As zlib has them: `GZIP` for a gzip stream, -15 for bare deflate.
    """
    if level not in _IGZIP:
        return zlib.compressobj(level, zlib.DEFLATED, window_bits)
    from isal import isal_zlib

    return isal_zlib.compressobj(level, isal_zlib.DEFLATED, window_bits)


# --- what is kept ------------------------------------------------------------------------

# A file of the store begins with a line that has the digest of the second one, a JSON object.


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
    """A member that is kept; None when it is not, or is damaged.

    Args:
        store: Where it is.
        part: What it is a member of.
        index: Which of them, from 0.
    """
    if part.kept is None or (file := store.open(part.key)) is None:
        return None
    length, digest = part.kept.members[index]
    start = part.kept.start + sum(one[0] for one in part.kept.members[:index])
    if digest_of(file, start, length) == digest:
        return Made(length, digest, file=file, start=start)
    file.close()
    return None


def digest_of(file: BufferedReader, start: int, length: int) -> str:
    """The digest of a part of a file; of less, where the file ends before."""
    digest = sha256()
    buffer = memoryview(bytearray(_BLOCK))  # one: fresh memory costs more than reading into it
    file.seek(start)
    while length and (read := file.readinto(buffer[:length])):
        digest.update(buffer[:read])
        length -= read
    return digest.hexdigest()


def keep(
    store: Store,
    part: Part,
    members: Sequence[tuple[int, str]],
    write: Callable[[BinaryIO], None],
) -> None:
    """Keep a part; a store that cannot be written to is no error.

    Args:
        store: Where to.
        part: What is to be kept.
        members: Length and digest of each.
        write: Writes them to where a file is; where it fails nothing is kept.
    """
    kept = {"size": part.size, "members": members, "sums": part.sums}
    line = json.dumps(kept).encode() + b"\n"
    try:
        with store.new(part.key) as file:
            file.write(sha256(line).hexdigest().encode() + b"\n" + line)
            write(file)
    except OSError:
        return
