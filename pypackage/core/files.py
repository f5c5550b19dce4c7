"""Write files and folders atomically.

Each is made beside its final path under a unique name (`.NAME.….part`) and renamed when it
is complete. No lock is needed: if several processes make the same thing, the last one stays.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache

from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedRandom
    from pathlib import Path
    from typing import BinaryIO

# pathlib and subprocess are imported where needed: the analyzer only writes one file.

# Older parts were left behind by processes of other machines that were killed.
ABANDONED = 24 * 3600.0

_OURS = re.compile(r"\.([0-9a-f]{8})-(\d+)-[0-9a-f]{6}\.part$")  # machine, process, unique

_BLOCK = 1 << 20

PATIENCE = 5.0  # seconds to remove a part that is still written to


@contextmanager
def new_file(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """Open a new file that replaces `path` when the block ends without an error.

    The mode of an existing file is kept; a symbolic link is followed and stays a link.
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
    """Make a new folder that is renamed to `path` when the block ends without an error.

    Parts that a killed process left beside it long ago are removed.

    Args:
        path: Its final path; parent folders are created.
        replace: Whether it replaces an existing folder; if not, a folder that another
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
def temporary_folder(parent: Path, mode: int = 0o777) -> Iterator[Path]:
    """Make a folder in `parent` that is removed after the block."""
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    part = part_of(parent / "temporary")
    part.mkdir(mode)
    try:
        yield part
    except BaseException:
        _discard(part)
        raise
    remove(part)


def private_folder() -> AbstractContextManager[Path]:
    """Make a folder in TMPDIR that only this user can enter and that is removed after the block.

    Unlike one of `tempfile`, it is removed by the next process if this one is killed.
    """
    import tempfile
    from pathlib import Path

    return temporary_folder(Path(tempfile.gettempdir()), 0o700)


def rewrite(path: Path, content: bytes) -> None:
    """Replace a file that may be a hard link by a new one with the same mode."""
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(content)
    path.chmod(mode)


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a folder and all in it, or a file; what cannot be removed stays."""
    import subprocess

    try:
        # At least twice as fast as Python for the thousands of files of an environment.
        subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL)
    except OSError:  # there is no rm on PATH, or no process can be started
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            os.unlink(folder)


def copy(source: BinaryIO, start: int, length: int, target: BinaryIO) -> None:
    """Copy a part of a file to the current position of another, sharing blocks if possible.

    Args:
        start: The offset of the part.
        length: Its length in bytes.
        target: The other file; its position is after the part afterwards.

    Raises:
        OSError: The source cannot be read or is too short, or the target cannot be written.
    """
    target.flush()
    end, left = target.tell() + length, length
    with suppress(OSError, AttributeError):  # not between these file systems
        pair = source.fileno(), target.fileno()
        while left and (done := os.copy_file_range(*pair, left, start + length - left)):
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


def part_of(path: Path) -> Path:
    """Return a unique name beside a path, for what is being made or removed."""
    return path.with_name(os.path.basename(_part_name(path)))


def _part_name(path: str | os.PathLike[str]) -> str:
    folder, name = os.path.split(path)
    name = os.fsdecode(os.fsencode(name)[:220])  # of the 255 bytes that names may have
    return os.path.join(
        folder, f".{name}.{_machine() or '0' * 8}-{os.getpid()}-{os.urandom(3).hex()}.part"
    )


@cache
def _machine() -> str:
    """Identify the PID namespace of this process: eight digits; empty if the system does not."""
    from zlib import crc32

    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            boot = file.read()
        return f"{crc32(boot + os.readlink('/proc/self/ns/pid').encode()):08x}"
    except OSError:
        return ""


def _exchange(part: Path, path: Path) -> None:
    """Rename `part` to `path`; an existing folder is moved aside first, then removed."""
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
    """Remove a folder that threads may still be writing to shortly after an error.

    The engine's do: it does not wait for them when one of them fails, or on an interrupt.
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
    """Remove the parts of processes that were killed."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in list(entries):
            with suppress(OSError):  # another user's, or already gone
                if _is_abandoned(entry):
                    remove(entry)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    found = _OURS.search(entry.name)
    if not found:
        return False
    if found[1] == _machine() and not os.path.exists(f"/proc/{found[2]}"):
        return True
    return entry.stat(follow_symlinks=False).st_mtime < time.time() - ABANDONED
