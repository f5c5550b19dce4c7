"""Content digests and stat fingerprints of files.

A stat fingerprint (size and mtime) only shows that a file was changed in place. It cannot
tell two files apart: `git archive`, `rsync -a` and SOURCE_DATE_EPOCH give all files one time. So
cache keys have digests of the user's own files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BufferedIOBase
from pathlib import Path

_BLOCK = 1 << 20


def walk(folder: Path | str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files and links in a folder, except byte code, by their relative paths."""
    with os.scandir(f"{folder}/{below}") as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False)
            elif entry.name != "__pycache__":
                yield from walk(folder, f"{path}/")


def of_file(path: Path | str, kind: str = "sha256") -> str:
    """Return the SHA-256 of a file's content, or another digest, hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def of_ranges(file: BufferedIOBase, ranges: Iterable[tuple[int, int]]) -> str:
    """Return the SHA-256 of ranges of an open file, hexadecimal; of less if the file ends before.

    Args:
        ranges: The offsets of the beginning and the end of each.

    Raises:
        OSError: It cannot be read.
    """
    digest = sha256()
    buffer = memoryview(bytearray(_BLOCK))  # one: allocating costs more than reading into it
    for start, stop in ranges:
        file.seek(start)
        while start < stop and (read := file.readinto(buffer[: stop - start])):
            digest.update(buffer[:read])
            start += read
    return digest.hexdigest()


def of_folder(folder: Path) -> list[list[str]]:
    """Return the paths and digests of all files in a folder, except byte code, for JSON.

    Raises:
        OSError: One cannot be read.
    """
    return [[path, of_file(folder / path)] for path in sorted(path for path, _ in walk(folder))]


def digest(folder: Path, without: str) -> str:
    """Return a digest of the stat fingerprints of all files in a folder except one."""
    digest = sha256()
    for path, status in sorted(walk(folder)):
        if path != without:
            line = f"{path}\0{status.st_size} {status.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()
