"""Put the digest of a file into the manifest near its beginning.

The manifest is written with a dummy digest, which is replaced when everything else is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import BinaryIO

from pypackage.archive import manifest

_BLOCK = 1 << 20


def unfinished(plain: bytes, kind: str) -> bytes:
    """The manifest with a dummy digest; it has the length of the finished one.

    Args:
        plain: The manifest without a digest of the file.
        kind: The format, which is the key.
    """
    return manifest.with_digest(plain, kind, "0" * 64)


def finished(plain: bytes, kind: str, file: BinaryIO, ranges: Iterable[tuple[int, int]]) -> bytes:
    """The manifest with the real digest, which replaces the unfinished one.

    Args:
        plain: The manifest without a digest of the file.
        kind: The format, which is the key.
        file: The complete file, open for reading.
        ranges: The ranges that the digest covers: begin and end of each, in bytes.
    """
    digest = sha256()
    for start, stop in ranges:
        file.seek(start)
        while start < stop and (block := file.read(min(stop - start, _BLOCK))):
            digest.update(block)
            start += len(block)
    return manifest.with_digest(plain, kind, digest.hexdigest())
