"""Decode a source in the encoding that it declares (PEP 263)."""

from __future__ import annotations

import re

from pypackage.analysis.imports.model import place
from pypackage.core.errors import SourceError

# Compiled only on use: most sources need none of them, and compiling is slow.
_LINE_END_BYTES = rb"\r\n|\r|\n"
_COOKIE = rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_COMMENT_OR_BLANK = rb"[ \t\f]*(?:#.*)?"
_UTF8 = r"(?i)utf[-_]?8([-_].*)?"
_LONGEST_NAME = 60  # characters of an encoding's name
_BOM = b"\xef\xbb\xbf"


def decode(source: bytes, path: str) -> str:
    """Decode a source, without its byte order mark, and with newlines as the only line ends.

    Raises:
        SourceError: It is not in the encoding that it declares, or contains a null byte.
    """
    body = source.removeprefix(_BOM)
    encoding, line = _declared(body)
    if len(body) < len(source) and not re.fullmatch(_UTF8, encoding):
        what = f"a UTF-8 byte order mark, but the encoding is declared as {encoding}"
        raise SourceError(f"{place(path, line, 1)}: {what}")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        where = _place_of_byte(body, error.start, path)
        what = f"byte 0x{body[error.start : error.start + 1].hex()} is not valid {encoding}"
        raise SourceError(f"{where}: {what}", "declare the encoding, or save it as UTF-8") from None
    except (LookupError, UnicodeError):
        raise SourceError(f"{place(path, line, 1)}: unknown encoding {encoding!r}") from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        before = text[: text.index("\0")].split("\n")
        raise SourceError(f"{place(path, len(before), len(before[-1]) + 1)}: a null byte")
    return text


def _declared(body: bytes) -> tuple[str, int]:
    """The encoding declared in one of the first two lines, and that line's number."""
    if b"coding" not in body[:1000]:
        return "utf-8", 1
    for number, line in enumerate(re.split(_LINE_END_BYTES, body[:10_000], maxsplit=2)[:2], 1):
        cookie = re.match(_COOKIE, line)
        if cookie:
            return cookie[1][:_LONGEST_NAME].decode("ascii", "replace"), number
        if not re.fullmatch(_COMMENT_OR_BLANK, line):
            break
    return "utf-8", 1


def _place_of_byte(body: bytes, offset: int, path: str) -> str:
    before = re.split(_LINE_END_BYTES, body[:offset])
    return place(path, len(before), len(before[-1].decode("utf-8", "replace")) + 1)
