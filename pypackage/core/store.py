"""Stores of reproducible files: looked up by key, the least recently used removed.

A store's entries are single files. Each is added atomically (`pypackage.core.files`) and
read through an open file, so that any number of processes may read, add and remove at the
same time. An entry's modification time is the time of its last use.
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

# Removing a folder would disturb a process that uses it; removing a file does not.
IN_USE = 3600.0


@dataclass(frozen=True)
class Entry:
    """A cached file or folder.

    Attributes:
        path: Its path.
        size: In bytes; a file with several hard links counts in parts.
        used: When it was made or used last, in seconds since 1970.
    """

    path: Path
    size: int
    used: float


@dataclass(frozen=True)
class Store:
    """A folder of files by key.

    Attributes:
        root: The folder; it is created when needed.
    """

    root: Path

    def open(self, key: str) -> BufferedReader | None:
        """Open the file of a key, which counts as a use; None if there is none."""
        try:
            file = (self.root / key).open("rb")
        except OSError:
            return None
        with suppress(OSError):  # a read-only cache is fine
            os.utime(file.fileno())
        return file

    def new(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open a file that is stored for a key when the block ends without an error.

        Raises:
            OSError: The store cannot be written to.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        return files.new_file(self.root / key)


def entries(folder: Path) -> list[Entry]:
    """Return an entry for each file or folder in a folder; empty if it does not exist."""
    found = []
    with suppress(OSError), os.scandir(folder) as scan:
        for item in scan:
            with suppress(OSError):  # removed by another process in the meantime
                path = Path(item.path)
                found.append(Entry(path, _size(path), item.stat(follow_symlinks=False).st_mtime))
    return sorted(found, key=lambda entry: entry.path.name)


def evict(kept: Iterable[Entry], limit: int) -> list[Entry]:
    """Remove the least recently used entries until the rest is within a limit.

    Returns:
        The removed entries.
    """
    newest_first = sorted(kept, key=lambda entry: entry.used, reverse=True)
    total = 0
    dropped = []
    for entry in newest_first:
        total += entry.size
        if total > limit and not _in_use(entry):
            with suppress(OSError):  # another user's, for example
                remove(entry)
                dropped.append(entry)
                total -= entry.size
    return dropped


def remove(entry: Entry) -> None:
    """Remove an entry; one that is gone already is not an error.

    A folder is renamed first, so that nobody finds a part of it.

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
