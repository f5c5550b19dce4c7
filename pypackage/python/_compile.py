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


def byte_code(
    target: str, path: str, content: str | None, former: str | None, installed: bool = False
) -> Any:
    """A module's byte code.

    Args:
        target: Its path relative to the prefix; tracebacks and warnings show it until the
            module is imported from its place.
        path: Where it lies now.
        content: Its source, when that is not what lies there (latin-1 for bytes), or None.
        former: Byte code that its package's builder made, or None.
        installed: Whether byte code that an installer made beside it is taken.

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
        code = beside(path) if installed and content is None else None
        if code is None:
            made = marshal.dumps(compile(source, target, "exec", dont_inherit=True))
            code = marshal.loads(made) if _REPRODUCES else None
        return head + (canonical(code, target) if _REPRODUCES else made)
    except Exception:  # a syntax of another version, an encoding, nesting, a missing file
        return None


def beside(path: str) -> Any:
    """The code object that was made of a source when it was installed; None if there is none.

    It takes an eighth of the time of compiling, and is the same but for the file's name.
    """
    if not _REPRODUCES:
        return None
    try:
        made = read(importlib.util.cache_from_source(path))
        code = marshal.loads(made[16:]) if is_current(made, os.stat(path)) else None
    except Exception:  # not there, or damaged
        return None
    return code if isinstance(code, _CODE) else None


def canonical(code: Any, target: str) -> bytes:
    """A code object in marshal's form, the same for the same code.

    What marshal writes depends on which equal constants are one object, and on which objects
    something else refers to. So equal ones become one, and all of them are referred to.

    Args:
        code: The code object of a module, as marshal has read it.
        target: What it is to call its file.
    """
    known: dict[Any, Any] = {}
    held: list[Any] = []

    def hold(value: Any) -> Any:
        held.append(value)
        for one in value if isinstance(value, (tuple, frozenset)) else ():
            hold(one)
        return value

    def renewed(value: Any) -> Any:
        if isinstance(value, _CODE):
            constants = tuple(map(renewed, value.co_consts))
            if not any(isinstance(one, _CODE) for one in constants):
                constants = renewed(constants)
            value = value.replace(co_filename=target, co_consts=constants)
            held.append(value.co_consts)
            for name in _NAMES:
                hold(getattr(value, name, None))
        elif isinstance(value, (tuple, frozenset)):
            value = known.setdefault((type(value), marshal.dumps(value, 2)), value)
        return hold(value)

    return marshal.dumps(renewed(code))


# Of 16,224 modules of 3.11 and 1,975 of 3.12 each came out as the installer had made it, but
# not of 28 and 33 in 2,000 of 3.9 and 3.10, whose sets have no order, nor of 363 of 3.13.
_REPRODUCES = sys.version_info[:2] in ((3, 11), (3, 12))
_CODE: Any = type(byte_code.__code__)
_NAMES = ["co_names", "co_varnames", "co_cellvars", "co_freevars"]
_NAMES += ["co_name", "co_qualname", "co_filename"]


def is_current(pyc: bytes, status: os.stat_result) -> bool:
    """Whether byte code was made from a source as it is now, by the import system's rule."""
    fields = (0, int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    said = b"".join(field.to_bytes(4, "little") for field in fields)
    return pyc[:16] == importlib.util.MAGIC_NUMBER + said


def read(path: str) -> bytes:
    """A file's whole content."""
    with open(path, "rb") as stream:
        return stream.read()


def is_of_this_compiler(modules: Any) -> bool:
    """Whether the byte code beside the first module that has some is what would be made now.

    It is not where the interpreter has had a new release since, of the same magic number.
    """
    for target, path, content, _, installed in modules:
        if installed and content is None and beside(path) is not None:
            return bool(
                byte_code(target, path, None, None) == byte_code(target, path, None, None, True)
            )
    return False


def main() -> None:
    """Answer for all modules in the order in which they are given."""
    answer = {}
    modules = json.load(sys.stdin)
    trusted = is_of_this_compiler(modules)
    for target, path, content, formers, installed in modules:
        place = importlib.util.cache_from_source(target)
        former = formers.get(place)
        answer[place] = byte_code(target, path, content, former, installed and trusted)
    sys.stdout.buffer.write(marshal.dumps(answer, 2))


if __name__ == "__main__":
    main()
