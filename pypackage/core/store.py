"""Stores of reproducible things: looked up by key, the least recently used dropped.

A store's entries are single files. Each appears whole or not at all (`pypackage.core.files`), and
is read through an open file, so that any number of processes may read, add and drop at the
same time. An entry's modification time tells when it was used last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from pypackage.core import files

# A folder may be in use by another process, which a removal would disturb; a file may not.
IN_USE = 3600.0


@dataclass(frozen=True)
class Entry:
    """Something kept.

    Attributes:
        path: A file or a folder.
        size: In bytes; a file with several names counts in parts.
        used: When it was made or used last, in seconds since 1970.
    """

    path: Path
    size: int
    used: float


@dataclass(frozen=True)
class Store:
    """A folder of files by key.

    Attributes:
        root: The folder; it is made when needed.
    """

    root: Path

    def open(self, key: str) -> BufferedReader | None:
        """The file that was kept for a key, which counts as a use; None if there is none."""
        try:
            file = (self.root / key).open("rb")
        except OSError:
            return None
        with suppress(OSError):  # a cache that only may be read is one as well
            os.utime(file.fileno())
        return file

    def new(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file to be kept for a key once the block ends without an error.

        Raises:
            OSError: The store cannot be written to.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        return files.new_file(self.root / key)


def entries(folder: Path) -> list[Entry]:
    """What is in a folder, each file or folder in it being an entry; none if there is no such."""
    found = []
    with suppress(OSError), os.scandir(folder) as scan:
        for item in scan:
            with suppress(OSError):  # dropped by another process in the meantime
                path = Path(item.path)
                found.append(Entry(path, _size(path), item.stat(follow_symlinks=False).st_mtime))
    return sorted(found, key=lambda entry: entry.path.name)


def evict(kept: Iterable[Entry], limit: int) -> list[Entry]:
    """Drop what was not used for longest, until the rest is within a limit.

    Returns:
        What was dropped.
    """
    newest_first = sorted(kept, key=lambda entry: entry.used, reverse=True)
    total = 0
    dropped = []
    for entry in newest_first:
        total += entry.size
        if total > limit and not _in_use(entry):
            with suppress(OSError):  # another user's, say
                remove(entry)
                dropped.append(entry)
                total -= entry.size
    return dropped


def remove(entry: Entry) -> None:
    """Remove an entry; one that is gone already is no error.

    A folder is renamed first, so that nobody finds half of it.

    Raises:
        OSError: It cannot be removed.
    """
    with suppress(FileNotFoundError):
        if entry.path.is_dir() and not entry.path.is_symlink():
            aside = files.part_of(entry.path)
            entry.path.rename(aside)
            files.remove(aside)
        else:
            entry.path.unlink()


def _in_use(entry: Entry) -> bool:
    return entry.path.is_dir() and entry.used > time.time() - IN_USE


def _size(path: Path) -> int:
    return sum(_share(one) for one in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir() or path.is_symlink():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _share(path: Path) -> int:
    with suppress(OSError):
        status = path.lstat()
        return status.st_size // max(status.st_nlink, 1)
    return 0
