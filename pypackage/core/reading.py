"""Read files named by the user, with errors that name them."""

from __future__ import annotations

import errno
import os
import sys

from pypackage.core.errors import InputPathError, RequirementsError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, BinaryIO

_BLOCK = 10_000_000  # bytes
_MOST = 50 * _BLOCK  # a device may be endless


def bounded(file: BinaryIO) -> bytes:
    """Read a file with a limit on its size.

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
    """Read a file named on the command line; `-` is stdin.

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


def decode(content: bytes, label: str) -> str:
    """Decode UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.

    Raises:
        RequirementsError: It is neither.
    """
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequirementsError(f"{label}: not a text file (byte {error.start})") from None


def parse_json(text: str | bytes) -> Any:
    """Parse JSON that others wrote.

    Raises:
        ValueError: It is not valid, or nested too deep (a RecursionError of Python's reader).
    """
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_text(path: str, included_at: str = "") -> str:
    """Read a text file.

    Args:
        included_at: The place that includes it, if another file does.
    """
    before = f"{included_at}: " if included_at else ""
    try:
        with open(path, "rb") as file:
            content = bounded(file)
    except OSError as error:
        raise InputPathError(f"{before}cannot read {path}: {error.strerror}") from error
    except ValueError as error:  # a null byte in the name
        raise InputPathError(f"{before}cannot read {path!r}: {error}") from None
    return decode(content, f"{before}{path}")
