"""Scripts that find the interpreter beside them, wherever their folder lies."""

from __future__ import annotations

import re
import warnings

_SHEBANG = re.compile(rb"#!\s*(?P<interpreter>\S+)(?P<options>[^\n]*)\n")
_PYTHON = re.compile(rb"(?:.*/)?(?P<name>python[\d.]*)$")


def relative(script: bytes) -> bytes:
    """Make a Python script start with the interpreter in the script's own folder.

    The kernel takes a shebang's path as it stands, so a moved script would lose its
    interpreter, and cuts it at 127 to 255 bytes. The result is a text that sh reads as an
    `exec` of the interpreter beside it and Python as a string followed by the script.

    Args:
        script: A file's content whose shebang names a Python of the same folder, by path
            or through `env`.

    Returns:
        The script with its new head; unchanged when it is not a Python script, or when
        its own beginning (an encoding line, a `__future__` import after a docstring)
        does not stand another head.
    """
    shebang = _SHEBANG.match(script)
    if shebang is None:
        return script
    words = (shebang["interpreter"] + shebang["options"]).split()
    if words[0].endswith(b"/env") and len(words) > 1:
        words = words[1:]
    python = _PYTHON.match(words[0])
    if python is None:
        return script
    folder = b'"$(dirname -- "$(readlink -f -- "$0")")"'
    options = b"".join(b" " + word for word in words[1:])
    interpreter = folder + b"/" + python["name"] + options
    head = b"#!/bin/sh\n'''exec' " + interpreter + b" \"$0\" \"$@\"\n' '''\n"
    changed = head + script[shebang.end() :]
    return changed if _compiles(changed) else script


def _compiles(script: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(script, "script", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True
