"""Scripts that find their interpreter beside themselves, wherever the prefix is."""

from __future__ import annotations

import re

from pypackage.python import launcher
from pypackage.python.distributions import EntryPoint

_ENTRY = """\
import sys

from {module} import {top}

if __name__ == "__main__":
    sys.exit({attribute}())
"""


def entry_script(point: EntryPoint, python: str) -> bytes | None:
    """The script of a console entry point; None when its value is not `module:function`."""
    match = re.fullmatch(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?\s*", point.value)
    if not match:
        return None
    module, attribute = match[1], match[2]
    body = _ENTRY.format(module=module, top=attribute.split(".")[0], attribute=attribute)
    return (launcher.head(python) + body).encode()


def relative_script(content: bytes, python: str) -> bytes:
    """A script with its `#!` line replaced if that names a Python; else as it is."""
    old = re.match(rb"#![^\n]*\bpython[\d.]*t?\b[^\n]*\n", content)
    if old:
        return launcher.head(python).encode() + content[old.end() :]
    # What pip and uv write where the interpreter's path is long: the same trick, absolute.
    old = re.match(rb"#!/bin/sh\n'''exec' [^\n]*\n' '''\n", content)
    return launcher.head(python).encode() + content[old.end() :] if old else content
