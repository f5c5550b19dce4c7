"""Compress with zstd; no other module uses the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, cast


@contextmanager
def compressing(file: BinaryIO, level: int, workers: int = 4) -> Iterator[BinaryIO]:
    """Compress what is written, in threads; the same input gives the same bytes.

    Args:
        level: 1 to 19, or below 0 for speed.
    """
    zstd = _library()
    # Any number of workers but 0 gives the same bytes.
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.nb_workers: max(1, min(workers, os.cpu_count() or 1)),
        zstd.CompressionParameter.checksum_flag: 1,
    }
    with zstd.ZstdFile(file, "w", options=options) as stream:
        yield cast(BinaryIO, stream)


def decompressing(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """Decompress what is read from a file, which stays open."""
    return cast(AbstractContextManager[BinaryIO], _library().ZstdFile(file, "r"))


def _library() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
