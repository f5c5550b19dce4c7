"""Console scripts that find the interpreter beside them, wherever their folder is."""

from __future__ import annotations

import re
import warnings

from pypackage.python.metadata import EntryPoint


def head(python: str, options: str = "") -> str:
    """Return the first lines of a script: sh starts Python by them, Python reads a string.

    Args:
        python: The interpreter's file name, in the same folder as the script.
        options: Its options, each after a space.
    """
    interpreter = f'"$(dirname -- "$(readlink -f -- "$0")")/{python}"{options}'
    return f"#!/bin/sh\n'''exec' {interpreter} \"$0\" \"$@\"\n' '''\n"


# Includes what installers write for a path with blanks, though the kernel stops there.
_SHEBANG = re.compile(rb"#!\s*(?P<interpreter>/.*?/python[\d.]*t?(?=\s)|\S+)(?P<options>.*)\n")
_PYTHON = re.compile(rb"(?:.*/)?(?P<name>python[\d.]*t?)$")
# What pip and uv write if the interpreter's path has over 127 bytes: the same trick, absolute.
_EXEC = re.compile(
    rb"#!/bin/sh\n'''exec' (?:([\"']?)/[^\n]*/(?P<name>python[\d.]*t?)\1 )?[^\n]*\n' '''\n"
)
_ENTRY = """\
import sys

from {module} import {top}

if __name__ == "__main__":
    sys.exit({attribute}())
"""


def entry_script(point: EntryPoint, python: str) -> bytes | None:
    """Return the script of a console entry point; None if its value is not `module:function`."""
    match = re.fullmatch(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?\s*", point.value)
    if not match:
        return None
    module, attribute = match[1], match[2]
    body = _ENTRY.format(module=module, top=attribute.split(".")[0], attribute=attribute)
    return (head(python) + body).encode()


def relative(script: bytes, python: str = "") -> bytes:
    """Make a Python script start with the interpreter in the script's own folder.

    The kernel uses a shebang's path as it is, so a moved script would lose its
    interpreter, and truncates it at 127 to 255 bytes. The result is a text that sh reads as an
    `exec` of the interpreter beside it and Python as a string followed by the script.

    Args:
        script: A file's content whose shebang has a Python of the same folder, by path
            or through `env`.
        python: The interpreter's file name there; by default the shebang's.

    Returns:
        The script with its new head; unchanged if it is not a Python script, or if
        its own first lines (an encoding line, a `__future__` import after a docstring)
        do not allow another head.
    """
    shebang = _SHEBANG.match(script)
    if shebang is None:
        return script
    words = [shebang["interpreter"], *shebang["options"].split()]
    if words[0].endswith(b"/env") and len(words) > 1:
        words = [word for word in words[1:] if word != b"-S"]
    named, other = _PYTHON.match(words[0]), _EXEC.match(script)
    found = named or other
    name = python or (found["name"] or b"" if found else b"").decode()
    if not (found and name):
        return script
    options = b"".join(b" " + word for word in words[1:]).decode() if named else ""
    body = script[(other or shebang).end() :]
    changed = head(name, options).encode() + body
    return changed if _compiles(changed) else script


def _compiles(script: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(script, "script", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True
