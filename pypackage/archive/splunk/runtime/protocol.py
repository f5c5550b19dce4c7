"""Implement Splunk's chunked protocol for search commands, version 2: its framing and its CSV.

A chunk is a line `chunked 1.0,METADATA,BODY` with two lengths in bytes, then that much JSON and
that much CSV (RFC 4180, UTF-8). Splunk sends a chunk and waits for one in answer: first for
`getinfo`, then for each `execute`, until an answer or Splunk itself says `finished`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Record = dict[str, Any]

_HEADER = re.compile(rb"chunked\s+1\.0\s*,\s*(\d+)\s*,\s*(\d+)\s*\n")
_LONGEST_HEADER = 100
_MULTIVALUE = "__mv_"
_VALUE = re.compile(r"\$((?:[^$]|\$\$)*)\$(?:;|$)")
_ILLEGAL = re.compile(r"\0")


class ProtocolError(Exception):
    """The other side does not speak the protocol, or ends in the middle of a chunk."""


class Chunk(NamedTuple):
    """A chunk as sent, with its parsed metadata."""

    metadata: dict[str, Any]
    body: bytes
    raw: bytes


def read(stream: IO[bytes]) -> Chunk | None:
    """Read a chunk; None at the end of the stream.

    Raises:
        ProtocolError: It is not a complete chunk.
    """
    header = stream.readline(_LONGEST_HEADER)
    if not header:
        return None
    found = _HEADER.fullmatch(header)
    if not found:
        raise ProtocolError(f"not a chunk of Splunk's protocol: {header!r}")
    metadata = _exactly(stream, int(found.group(1)))
    body = _exactly(stream, int(found.group(2)))
    try:
        told = json.loads(metadata.decode("utf-8")) if metadata else {}
    except ValueError as error:
        raise ProtocolError(f"a chunk's metadata is not JSON: {error}") from error
    if not isinstance(told, dict):
        raise ProtocolError("a chunk's metadata is not an object")
    return Chunk(told, body, header + metadata + body)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise ProtocolError(f"a chunk ends after {len(content)} of {length} bytes")
    return content


def write(stream: IO[bytes], metadata: dict[str, Any], body: bytes = b"") -> None:
    """Write a chunk.

    Raises:
        OSError: The reader is gone.
    """
    told = json.dumps(metadata).encode("utf-8")
    stream.write(b"chunked 1.0,%d,%d\n" % (len(told), len(body)) + told + body)
    stream.flush()


def failure(message: str) -> dict[str, Any]:
    """The metadata of an answer that ends the search with a message for its user."""
    return {
        "finished": True,
        "error": message,
        "inspector": {"messages": [["ERROR", message]]},
    }


def decode(body: bytes) -> Iterator[Record]:
    """The records of a body; a multivalue field is a list."""
    csv.field_size_limit(sys.maxsize)  # an event may be longer than csv's 128 KiB
    text = io.StringIO(_ILLEGAL.sub("", body.decode("utf-8", "replace")), newline="")
    for row in csv.DictReader(text):
        record = {
            name: value
            for name, value in row.items()
            if name is not None and not name.startswith(_MULTIVALUE)
        }
        for name, value in row.items():
            if name is not None and name.startswith(_MULTIVALUE) and value:
                values = [one.replace("$$", "$") for one in _VALUE.findall(value)]
                record[name[len(_MULTIVALUE) :]] = values
        yield record


def encode(records: Iterable[Record]) -> bytes:
    """Encode records as a body, with every field that occurs in one of them.

    A list or tuple becomes a multivalue field, a mapping JSON, true and false 1 and 0, None and NaN
    an empty field.
    """
    rows = list(records)
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    cells = [{str(name): _values(value) for name, value in row.items()} for row in rows]
    several = {name for row in cells for name, values in row.items() if len(values) > 1}
    header: list[str] = []
    for name in names:
        header += [name, _MULTIVALUE + name] if name in several else [name]
    if not header:
        return b""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in cells:
        line: list[str] = []
        for name in names:
            values = row.get(name, [])
            line.append("\n".join(values))
            if name in several:
                line.append(_multivalue(values) if len(values) > 1 else "")
        writer.writerow(line)
    return text.getvalue().encode("utf-8", "replace")


def _multivalue(values: list[str]) -> str:
    return ";".join(f"${one}$" for one in (one.replace("$", "$$") for one in values))


def _values(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [_text(one) for one in value]
    return [_text(value)]


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN does not equal itself
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    elif isinstance(value, (dict, list, tuple)):
        value = json.dumps(value, default=str)
    return _ILLEGAL.sub("", str(value))
