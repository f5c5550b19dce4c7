"""Scan Cython sources (`.pyx`, `.pxd`) line by line for imports, including `cimport`."""

from __future__ import annotations

import re

from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.lines import logical_lines
from pypackage.analysis.imports.model import Scan, Target
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError

# Packages that are part of Cython.
_OWN = frozenset(("cpython", "cython", "libc", "libcpp", "openmp", "posix"))
_CIMPORT = r"(?m)^([ \t]*)(?:(from[ \t]+[\w.]+[ \t]+)cimport\b|cimport\b)"
# `cdef inline T f(`, not `cdef int x = f(`: the rest of such a header is read as a broken `def`.
_CDEF = r"(?m)^([ \t]*)c?p?def[ \t]+[^\n(:=]*?(\w+)[ \t]*\("


def scan(source: bytes, path: str, target: Target) -> Scan:
    """Find what a Cython source imports.

    Raises:
        SourceError: The source cannot be decoded.
    """
    text = _as_python(decode(source, path))
    try:
        found = scan_text(text, path, target)
    except SourceError:
        return Scan()  # only declarations, which are not Python
    imports = tuple(one for one in found.imports if one.top not in _OWN)
    return found._replace(imports=imports, remarks=())


def _as_python(text: str) -> str:
    """Rewrite a source so that its imports, functions and classes look like Python's."""
    text = re.sub(_CIMPORT, lambda match: f"{match[1]}{match[2] or ''}import", text)
    text = re.sub(r"(?m)^([ \t]*)cdef[ \t]+class\b", r"\1class", text)
    return re.sub(_CDEF, r"\1def \2(", text)


def imports_alone(text: str) -> str:
    """Return only the import statements of a Cython cell, on their original lines."""
    lines = [""] * (text.count("\n") + 1)
    for line in logical_lines(_as_python(text)):
        named = re.match(r"(?:import|from)[ \t]+(\w+)", line.text)
        if named and named[1] not in _OWN:
            lines[line.number - 1] = line.text.rstrip("\n").replace("\n", " ")
    return "\n".join(lines)
