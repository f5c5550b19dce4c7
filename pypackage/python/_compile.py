"""Write byte code that stays valid wherever its source is moved.

Run by the interpreter in question as `PYTHON -s -S _compile.py` with a list of modules in
JSON on stdin; answers with a dictionary in marshal's format 2, which every Python reads. It
needs the standard library alone and keeps to what Python 3.7 understands.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are not meant

import importlib.util
import json
import marshal
import os
from typing import Any

# A hash of the source that is not to be checked (PEP 552).
HEAD = importlib.util.MAGIC_NUMBER + b"\1\0\0\0"


def byte_code(target: str, path: str, content: str | None, former: str | None) -> Any:
    """A module's byte code.

    Args:
        target: Its path relative to the prefix; tracebacks and warnings show it until the
            module is imported from its place.
        path: Where it lies now.
        content: Its source, when that is not what lies there (latin-1 for bytes), or None.
        former: Byte code that its package's builder made, or None.

    Returns:
        The content of its pyc file; True when the former one will do; None when the module
        cannot be compiled.
    """
    try:
        source = content.encode("latin-1") if content is not None else read(path)
        head = HEAD + importlib.util.source_hash(source)
        made = read(former) if former else b""
        if made[:16] == head:
            return True
        if content is None and is_current(made, os.stat(path)):
            return head + made[16:]
        code = compile(source, target, "exec", dont_inherit=True)
    except Exception:  # a syntax of another version, an encoding, nesting, a missing file
        return None
    return head + marshal.dumps(code)


def is_current(pyc: bytes, status: os.stat_result) -> bool:
    """Whether byte code was made from a source as it is now, by the import system's rule."""
    fields = (0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    said = b"".join(field.to_bytes(4, "little") for field in fields)
    return pyc[:16] == importlib.util.MAGIC_NUMBER + said


def read(path: str) -> bytes:
    """A file's whole content."""
    with open(path, "rb") as stream:
        return stream.read()


def main() -> None:
    """Answer for all modules in the order in which they are given."""
    answer = {}
    for target, path, content, formers in json.load(sys.stdin):
        place = importlib.util.cache_from_source(target)
        answer[place] = byte_code(target, path, content, formers.get(place))
    sys.stdout.buffer.write(marshal.dumps(answer, 2))


if __name__ == "__main__":
    main()
