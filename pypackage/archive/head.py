"""Read and write the first gzip member of an archive: its manifest, and a line with the id.

The member is stored, not compressed, and the manifest is padded with empty lines, because it is
written last, when all other members are known, into the space left for it. So it can be recreated
from the manifest alone, with any zlib. In a thin archive the member has a second file, the list of
the parts that the archive contains.
"""

from __future__ import annotations

import re
import struct
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from pypackage.archive import manifest
from pypackage.archive.manifest import Member

PARTS = "etc/pypackage/parts"

_STORED = 0xFFFF  # maximum bytes in a stored block of deflate
_BEFORE_BLOCK = 5  # bytes of each block's header
_BLOCK = 1 << 16
_GZIP = 31  # zlib's window bits for a gzip stream
_START = re.compile(rb"\x1f\x8b\x08\x10.{6}\npypackage-(archive|thin) (\d+) ([0-9a-f]{64})\n", re.S)


class Head(NamedTuple):
    """The content of a first member.

    Attributes:
        format: The archive's format version.
        text: The manifest, with its padding.
        held: The parts in a thin archive; None for a whole archive, which contains all.
    """

    format: int
    text: bytes
    held: tuple[Member, ...] | None


def whole(environment_id: str, text: bytes) -> bytes:
    """The first member of an archive; its length depends only on that of the text.

    Args:
        text: The manifest, padded.
    """
    return _member("archive", environment_id, {manifest.PATH: text})


def thin(environment_id: str, text: bytes, held: Iterable[Member]) -> bytes:
    """The first member of a thin archive; the parts' offsets must count from its end."""
    held = list(held)
    length = len(_thin(environment_id, text, held, 0))
    return _thin(environment_id, text, held, length)


def _thin(environment_id: str, text: bytes, held: Iterable[Member], start: int) -> bytes:
    lines = (f"{start + one.offset:15} {one.length:15} {one.sha256}\n" for one in held)
    parts = "".join(lines).encode()
    return _member("thin", environment_id, {manifest.PATH: text, PARTS: parts})


def filled(text: bytes, room: int) -> bytes:
    """Pad a manifest with empty lines to the room it has, in whole blocks of tar.

    The offset of the first part then determines the number of empty lines.
    """
    return text.ljust(room + -room % tarfile.BLOCKSIZE, b"\n")


def refilled(text: bytes, offset: int) -> bytes:
    """Pad a manifest, with or without padding, as it is in an archive before the first part.

    Args:
        offset: The offset of the first part.

    Raises:
        ValueError: The manifest does not fit.
    """
    text = text.rstrip(b"\n") + b"\n"
    stored = offset - len(whole("0" * 64, b"")) + tarfile.BLOCKSIZE + _BEFORE_BLOCK
    room = stored - _BEFORE_BLOCK * -(-stored // (_STORED + _BEFORE_BLOCK)) - tarfile.BLOCKSIZE
    # The padding is always shorter than the manifest: a larger room is not ours.
    if room % tarfile.BLOCKSIZE or not len(text) <= room <= 2 * len(text) + tarfile.BLOCKSIZE:
        raise ValueError("the manifest does not end where the first part begins")
    return filled(text, room)


def is_one(start: bytes) -> bool:
    """Whether a file that begins with these bytes (at least 200) is an archive of this format."""
    return bool(_START.match(start))


def read(file: BinaryIO) -> Head:
    """Read the first member from a file's current position.

    Raises:
        OSError: It cannot be read.
        ValueError: There is no such member.
    """
    try:
        start = file.read(_BLOCK)
        found = _START.match(start)
        if not found:
            raise ValueError("it does not begin like an archive")
        content = dict(_files(_unpacked(start, file)))
        text = content[manifest.PATH]
        held = tuple(_listed(content[PARTS])) if found[1] == b"thin" else None
    except (zlib.error, tarfile.TarError, KeyError) as error:
        raise ValueError(str(error)) from error
    return Head(int(found[2]), text, held)


def _files(tar: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=BytesIO(tar), mode="r:") as archive:
        for info in archive:
            found = archive.extractfile(info)
            if found:
                yield info.name, found.read()


def _unpacked(block: bytes, file: BinaryIO) -> bytes:
    inflate = zlib.decompressobj(_GZIP)
    found = []
    while block and not inflate.eof:
        found.append(inflate.decompress(block))
        block = file.read(_BLOCK)
    return b"".join(found)


def _listed(text: bytes) -> Iterator[Member]:
    for line in text.decode("ascii").splitlines():
        offset, length, digest = line.split()
        yield Member(int(offset), int(length), digest)


def _member(kind: str, environment_id: str, content: dict[str, bytes]) -> bytes:
    tar = b"".join(_entry(path, data) for path, data in content.items())
    comment = f"\npypackage-{kind} {manifest.FORMAT} {environment_id}\n".encode()
    check = struct.pack("<LL", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)
    return b"".join([b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff", comment, b"\0", *_blocks(tar), check])


def _entry(path: str, data: bytes) -> bytes:
    from pypackage.archive import (
        tar_stream,
    )  # which reading, by programs that start often, needs not

    info = tarfile.TarInfo(path)
    info.mtime = tar_stream.EPOCH
    info.size = len(data)
    return b"".join([tar_stream.header(info), data, tar_stream.padding(len(data))])


def _blocks(data: bytes) -> Iterator[bytes]:
    """Stored blocks of deflate (RFC 1951, 3.2.4); zlib's own differ from version to version."""
    for start in range(0, len(data), _STORED):
        block = data[start : start + _STORED]
        last = start + _STORED >= len(data)
        yield struct.pack("<BHH", last, len(block), len(block) ^ _STORED) + block
