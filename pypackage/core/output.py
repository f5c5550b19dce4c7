"""Write a result to a file, a device, a pipe or stdout."""

from __future__ import annotations

import os
import stat
import sys

from pypackage.core.errors import InputPathError

# Written to directly: opening such a path would truncate a file that stdout is appended to.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_stdout(path: str) -> bool:
    """Whether a path means the standard output."""
    return path in _STDOUT


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
