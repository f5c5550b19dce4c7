"""Write a result to a file, a device, a pipe or stdout."""

from __future__ import annotations

import os
import stat
import sys

from pypackage.core.errors import InputPathError, UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Written to directly: opening such a path would truncate a file that stdout is appended to.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

_NAME_A_FILE = "name the file to be written"


def is_stdout(path: str) -> bool:
    """Whether a path means the standard output."""
    return path in _STDOUT


def check_file(path: str, *, folder: bool = False, stream: bool = False) -> None:
    """Check, before the work is done, that a file can be written.

    Args:
        path: Its path as given, with a slash at the end where there is one.
        folder: Whether it may be a folder, which is judged where it is replaced.
        stream: Whether a device or a pipe will do.

    Raises:
        InputPathError: Its folder does not exist or is not writable, or something else is there.
    """
    with InputPathError.wrapping("cannot write the file", path):
        try:
            mode = os.stat(path).st_mode  # follows a link, as writing does
        except (FileNotFoundError, NotADirectoryError):
            mode = stat.S_IFDIR if path.endswith(os.sep) else stat.S_IFREG
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            if stream:
                return
            raise InputPathError(f"cannot write {path}: it is a device or pipe", _NAME_A_FILE)
        if stat.S_ISDIR(mode) and not folder:
            raise InputPathError(f"cannot write {path}: it names a folder", _NAME_A_FILE)
    parent = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(parent):
        raise InputPathError(f"cannot write {path}: the folder {parent} does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputPathError(f"cannot write {path}: the folder {parent} cannot be written to")


def check_apart(
    outputs: Iterable[str | os.PathLike[str]], inputs: Iterable[str | os.PathLike[str]]
) -> None:
    """Check that no output replaces an input or another output.

    Raises:
        UsageError: One does.
    """
    there = filter(os.path.exists, inputs)  # others are names, such as those of environments
    taken = {os.path.realpath(one): "an input" for one in there}
    for output in outputs:
        place = os.path.realpath(output)
        if place in taken:
            raise UsageError(f"{output} would replace {taken[place]}", "choose another name")
        taken[place] = "another output"


def write(text: str, path: str) -> None:
    """Write a text; a file is replaced as a whole and keeps its mode.

    Raises:
        InputPathError: It cannot be written there.
    """
    try:
        _write(text.encode(errors="surrogateescape"), path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputPathError(f"cannot write {path}: {error.strerror}") from error
    except OSError as error:
        error.filename = error.filename or path
        raise


def _write(content: bytes, path: str) -> None:
    if is_stdout(path):
        if sys.stdout is None:  # the process was started without one
            raise InputPathError("stdout is closed")
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            stream.write(content)
    elif _is_stream(path):
        with open(path, "wb") as stream:
            stream.write(content)
    else:
        from pypackage.core import files

        if os.path.isdir(path):
            raise IsADirectoryError(21, "Is a directory", path)
        files.write_new(path, content)


def _is_stream(path: str) -> bool:
    """Whether a path is a device or a pipe."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
