"""The content of files that were named, as bytes or text, with errors that name them."""

from __future__ import annotations

import errno
import os
import sys
from typing import BinaryIO

from pypackage.core.errors import InputPathError, RequirementsError

_BLOCK = 10_000_000  # bytes
_MOST = 50 * _BLOCK  # a device may give them without end


def bounded(file: BinaryIO) -> bytes:
    """All that a file holds.

    Raises:
        OSError: It is longer than any that a user writes.
    """
    parts = []
    while part := file.read(_BLOCK):
        parts.append(part)
        if len(parts) * _BLOCK > _MOST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return b"".join(parts)


def read_input(path: str | os.PathLike[str]) -> bytes:
    """The content of a file that was named on the command line; `-` is stdin.

    Raises:
        InputPathError: It cannot be read.
    """
    try:
        if os.fspath(path) == "-":
            if sys.stdin is None:  # the process was started without one
                raise InputPathError("stdin is closed")
            return bounded(sys.stdin.buffer)
        with open(path, "rb") as file:
            return bounded(file)
    except OSError as error:
        raise InputPathError(f"cannot read {os.fspath(path)}: {error.strerror}") from error


def read_text(path: str, included_at: str = "") -> str:
    """The text of a file.

    Args:
        path: The file.
        included_at: The place that names it, when another file includes it.
    """
    before = f"{included_at}: " if included_at else ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InputPathError(f"{before}cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        what = f"not a text file in UTF-8 (byte {error.start})"
        raise RequirementsError(f"{before}{path}: {what}") from None
    except ValueError as error:  # a null byte in the name
        raise InputPathError(f"{before}cannot read {path!r}: {error}") from None
