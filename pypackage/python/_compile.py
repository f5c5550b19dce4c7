"""Write byte code that stays valid wherever its source is moved.

Run by the interpreter in question as `PYTHON -s -S _compile.py` with a list of modules on stdin;
answers with a dictionary. Both are in marshal's format 2, which every Python reads, and without
the 13 ms that `json` takes to load. It needs the standard library alone and keeps to what
Python 3.7 understands.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are not meant

import gc
import importlib.util
import marshal
import os
from typing import Any

# A hash of the source that is not to be checked (PEP 552).
HEAD = importlib.util.MAGIC_NUMBER + b"\1\0\0\0"


def byte_code(
    target: str, path: str, content: bytes | None, former: str | None, installed: bool = False
) -> Any:
    """A module's byte code.

    Args:
        target: Its path relative to the prefix; tracebacks and warnings show it until the
            module is imported from its place.
        path: Where it lies now.
        content: Its source, when that is not what lies there, or None.
        former: Byte code that its package's builder made, or None.
        installed: Whether byte code that an installer made beside it is taken.

    Returns:
        The content of its pyc file; True when the former one will do; None when the module
        cannot be compiled.
    """
    try:
        source = read(path) if content is None else content
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

    def renewed(value: Any) -> Any:
        if type(value) is not _CODE:
            return one_of_equals(value)
        constants = tuple(one if type(one) in _PLAIN else renewed(one) for one in value.co_consts)
        if not any(type(one) is _CODE for one in constants):
            constants = one_of_equals(constants)
        value = value.replace(co_filename=target, co_consts=constants)
        held.extend((value, constants, *constants, value.co_name, value.co_qualname, target))
        for names in (value.co_names, value.co_varnames, value.co_cellvars, value.co_freevars):
            held.append(names)
            held.extend(names)
        return value

    def one_of_equals(value: Any) -> Any:
        if type(value) not in _COLLECTIONS:
            return value
        key = type(value), marshal.dumps(value, 2)
        if key not in known:
            known[key] = value
            hold(value)
        return known[key]

    def hold(value: Any) -> None:
        held.append(value)
        held.extend(value)
        for one in value:
            if type(one) in _COLLECTIONS:
                hold(one)

    return marshal.dumps(renewed(code))


# Of 16,224 modules of 3.11 and 1,975 of 3.12 each came out as the installer had made it, but
# not of 28 and 33 in 2,000 of 3.9 and 3.10, whose sets have no order, nor of 363 of 3.13.
_REPRODUCES = sys.version_info[:2] in ((3, 11), (3, 12))
_CODE: Any = type(byte_code.__code__)
_PLAIN = {str, int, type(None), bytes, float, bool}
_COLLECTIONS = {tuple, frozenset}


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
    """Whether the byte code beside a module that has some is what would be made now.

    It is not where the interpreter has had a new release since, of the same magic number. A
    small module tells it as well as one that takes as long to compile as all others to read.
    """
    paths = [path for _, path, content, _, installed in modules if installed and content is None]
    sizes = {path: os.stat(path).st_size for path in paths if os.path.isfile(path)}
    for path in sorted(sizes, key=lambda path: (sizes[path] < _TELLING, sizes[path])):
        if beside(path) is not None:
            now, then = (byte_code(path, path, None, None, one) for one in (False, True))
            return bool(now == then)
    return False


_TELLING = 2000  # bytes of a source that has more than a docstring


def main() -> None:
    """Answer for all modules in the order in which they are given."""
    gc.disable()  # of the millions of objects that are looked at, none is in a circle
    answer = {}
    modules = marshal.load(sys.stdin.buffer)
    trusted = is_of_this_compiler(modules)
    for target, path, content, formers, installed in modules:
        place = importlib.util.cache_from_source(target)
        former = formers.get(place)
        answer[place] = byte_code(target, path, content, former, installed and trusted)
    sys.stdout.buffer.write(marshal.dumps(answer, 2))


if __name__ == "__main__":
    main()
