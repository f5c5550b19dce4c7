"""What shows that files were changed, without reading them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path


def walk(folder: Path | str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """The files and links in a folder, byte code apart, by their paths relative to it."""
    with os.scandir(f"{folder}/{below}") as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False)
            elif entry.name != "__pycache__":
                yield from walk(folder, f"{path}/")


def of(path: Path) -> list[list[object]]:
    """A file's state, or those of all files in a folder, ready for JSON."""
    found = sorted(walk(path)) if path.is_dir() else [("", path.stat())]
    return [[name, s.st_size, s.st_mtime_ns, s.st_mode] for name, s in found]


def digest(folder: Path, without: str) -> str:
    """A digest of the state of a folder, one file apart."""
    digest = sha256()
    for path, status in sorted(walk(folder)):
        if path != without:
            line = f"{path}\0{status.st_size} {status.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()
