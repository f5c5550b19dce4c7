"""Write files and folders atomically.

Each is made beside its place under a name of its own (`.NAME.….part`) and renamed when it
is complete. No lock is needed: of several makers of the same thing the last one stays.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

# pathlib and subprocess are imported where they are used: the analyzer writes one file.

# A part that is older was left behind by a process that was killed.
ABANDONED = 24 * 3600.0

_OURS = re.compile(r"\.[0-9a-f]{12}\.part$")

_BLOCK = 1 << 20

PATIENCE = 5.0  # seconds for the removal of a part to which somebody still writes


@contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of `path` when the block ends without an error.

    A former file's mode stays; a link is followed, so that it goes on pointing there.
    """
    place = os.path.realpath(path)
    _sweep(os.path.dirname(place))
    part = _part_name(place)
    try:
        with open(part, "x+b") as file:
            yield file
        with suppress(FileNotFoundError):
            os.chmod(part, stat.S_IMODE(os.stat(place).st_mode))
        os.replace(part, place)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def write_new(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a new file as `new_file` does."""
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_folder(path: Path, *, replace: bool) -> Iterator[Path]:
    """Make a new folder that is named `path` once the block ends without an error.

    Parts that a killed process left beside it long ago are removed.

    Args:
        path: Its place; folders above it are made.
        replace: Whether it takes the place of a former one; if not, a folder that another
            process made in the meantime stays and this one is dropped.
    """
    from pathlib import Path

    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    part = part_of(path)
    part.mkdir()
    try:
        yield part
        if replace:
            _exchange(part, path)
        else:
            _keep_first(part, path)
    except BaseException:
        _discard(part)
        raise


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent` that is gone after the block."""
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    part = part_of(parent / "temporary")
    part.mkdir()
    try:
        yield part
    except BaseException:
        _discard(part)
        raise
    remove(part)


def rewrite(path: Path, content: bytes) -> None:
    """Put a new file in the place of one that may be a hard link to another; its mode stays."""
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(content)
    path.chmod(mode)


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a folder and all in it, or a file; what cannot be removed stays."""
    import subprocess

    # In half of the time, or less, that Python takes for the thousands of an environment.
    subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL)


def copy(source: BinaryIO, start: int, length: int, target: BinaryIO) -> None:
    """Copy a part of a file to where another one is; file systems that can do so share blocks.

    Args:
        start: Where in it the part begins.
        length: Of the part, in bytes.
        target: To which; it is beyond the part afterwards.

    Raises:
        OSError: One cannot be read, or is shorter than that, or the other not be written.
    """
    target.flush()
    end, left = target.tell() + length, length
    with suppress(OSError, AttributeError):  # another file system, or another system
        while left and (done := _copy_inside(source, start + length - left, left, target)):
            left -= done
    source.seek(start + length - left)
    while left:
        block = source.read(min(_BLOCK, left))
        if not block:
            raise OSError(errno.EIO, "file is shorter than it was", source.name)
        target.write(block)
        left -= len(block)
    target.flush()
    target.seek(end)


def _copy_inside(source: BinaryIO, start: int, length: int, target: BinaryIO) -> int:
    return os.copy_file_range(source.fileno(), target.fileno(), length, start)


def part_of(path: Path) -> Path:
    """A new name beside a path, for what is being made or removed; see the module's text."""
    return path.with_name(os.path.basename(_part_name(path)))


def _part_name(path: str | os.PathLike[str]) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.urandom(6).hex()}.part")


def _exchange(part: Path, path: Path) -> None:
    """Rename `part` to `path`; what was there is moved aside first and then removed."""
    while True:
        old = part_of(path)
        with suppress(FileNotFoundError):
            path.rename(old)
        try:
            part.rename(path)
        except OSError as error:
            # Another process has put its own there in between: replace that one.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        finally:
            remove(old)


def _keep_first(part: Path, path: Path) -> None:
    try:
        part.rename(path)
    except OSError:
        if not path.is_dir():
            raise
        remove(part)


def _discard(folder: Path) -> None:
    """Remove a folder to which threads may go on writing for a moment after an error.

    The engine's do: they are not waited for when one of them fails, or on an interrupt.
    """
    deadline = time.monotonic() + PATIENCE
    quiet = 0
    while quiet < 5 and time.monotonic() < deadline:
        if os.path.lexists(folder):
            remove(folder)
            quiet = 0
        quiet += 1
        time.sleep(0.02)


def _sweep(folder: str | os.PathLike[str]) -> None:
    before = time.time() - ABANDONED
    with suppress(OSError), os.scandir(folder) as entries:
        parts = [entry for entry in entries if _OURS.search(entry.name)]
        for part in parts:
            with suppress(OSError):  # another process's, or already gone
                if part.stat(follow_symlinks=False).st_mtime < before:
                    remove(part)
