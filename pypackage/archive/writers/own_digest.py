"""A manifest that has the digest of the file around it, of which it is one of the first bytes.

It is written with a digest that stands for the right one, and replaced when all else is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import BinaryIO

from pypackage.archive import manifest

_BLOCK = 1 << 20


def unfinished(plain: bytes, kind: str) -> bytes:
    """The manifest as it is written first; it has the length of the finished one.

    Args:
        plain: The manifest without a digest of the file.
        kind: Which format, and so the key.
    """
    return manifest.with_digest(plain, kind, "0" * 64)


def finished(plain: bytes, kind: str, file: BinaryIO, ranges: Iterable[tuple[int, int]]) -> bytes:
    """The manifest to be written in the place of the other.

    Args:
        plain: The manifest without a digest of the file.
        kind: Which format, and so the key.
        file: All that is written, open for reading.
        ranges: What the digest is of: where each begins and ends, in bytes.
    """
    digest = sha256()
    for start, stop in ranges:
        file.seek(start)
        while start < stop and (block := file.read(min(stop - start, _BLOCK))):
            digest.update(block)
            start += len(block)
    return manifest.with_digest(plain, kind, digest.hexdigest())
