"""Relocate environments without Python, by a shell script with all the data.

`relocate.py` is run by the environment's own interpreter. Without one the worker may have no
Python either, so what relocate.py determines on the worker is determined here and put into the
script: for each binary the strings that contain the prefix, with their offsets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pypackage.archive import relocate
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Relocation
from pypackage.core.errors import PackError

PATH = "etc/pypackage/relocate.sh"

_ANY = 4096  # bytes of a prefix if no binary limits it: Linux's PATH_MAX

_OF_CONDA_PACK = ("bin/conda-unpack", "bin/conda_unpack_progress.py")

# Replaces conda-pack's, which is written in Python.
_UNPACK = b"""\
#!/bin/sh
# Let the files of this environment name the folder that it is in.
folder=$(cd "$(dirname "$0")/.." && pwd -P) || exit 1
exec sh "$folder/etc/pypackage/relocate.sh" "$folder"
"""


def complete(contents: Contents) -> Contents:
    """Add the script, and bin/conda-unpack that calls it, if the contents need it.

    Raises:
        PackError: A file cannot be read.
    """
    if any(package.name == "python" for package in contents.packages):
        return contents
    with PackError.wrapping("cannot read the environment"):
        script = render(contents)
    kept = [one for one in contents.entries if one.target not in (PATH, *_OF_CONDA_PACK)]
    added = [Entry(PATH, None, script, mode=0o644), Entry("bin/conda-unpack", None, _UNPACK)]
    return replace(contents, entries=(*kept, *added))


def render(contents: Contents) -> bytes:
    """Render the script that relocates an environment.

    Raises:
        OSError: A file cannot be read.
    """
    sources = {entry.target: entry for entry in contents.entries}
    texts: list[bytes] = []
    binaries: list[bytes] = []
    rooms = [_ANY]
    for number, relocation in enumerate(contents.relocations):
        content = _content(sources[relocation.path])
        if relocation.mode == "text":
            pattern = _quoted(os.fsencode(_pattern(relocation.placeholder)))
            path = _quoted(os.fsencode(relocation.path))
            texts.append(b"$1 %d %s %s" % (number, path, pattern))
        else:
            binaries += _binary(relocation, content)
            rooms.append(len(relocation.placeholder.encode()))
    head = (Path(__file__).parent / "share" / "relocate.sh").read_bytes()
    lines = [b"", b"ppl_room=%d" % min(rooms), b"each_text() {", b"    :"]
    lines += [b"    " + line for line in texts] + [b"}", b"each_binary() {", b"    :"]
    lines += [b"    " + line for line in binaries] + [b"}", b'relocate "${1-}"']
    return head + b"\n".join(lines) + b"\n"


def _content(entry: Entry) -> bytes:
    return entry.data if entry.data is not None else Path(entry.source or "").read_bytes()


def _binary(relocation: Relocation, content: bytes) -> Iterator[bytes]:
    placeholder = relocation.placeholder.encode()
    path = _quoted(os.fsencode(relocation.path))
    pieces = relocate.pieces_of(content, "binary", placeholder)
    if not pieces:
        return
    yield b"begin " + path
    for offset, piece in pieces:
        between = [_quoted(part) if part else b"" for part in piece.split(placeholder)]
        yield b"piece %d %d %s" % (offset, len(piece), b'"$ppl_prefix"'.join(between))
    yield b"publish %s binary" % path


def _pattern(placeholder: str) -> str:
    """A basic regular expression, for grep and sed, that matches only the placeholder."""
    return re.sub(
        r"[.\[\]*$|\\^]", lambda found: _ESCAPED.get(found[0], f"[{found[0]}]"), placeholder
    )


_ESCAPED = {"\\": "\\\\", "^": "\\^"}


def _quoted(text: bytes) -> bytes:
    """Quote a text as a word of the shell."""
    return b"'" + text.replace(b"'", b"'\\''") + b"'"
