"""Cython sources (`.pyx`, `.pxd`): their imports, `cimport` among them, found line by line."""

from __future__ import annotations

import re

from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.model import Scan, Target
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError

# What Cython brings itself.
_OWN = frozenset(("cpython", "cython", "libc", "libcpp", "openmp", "posix"))
_CIMPORT = r"(?m)^([ \t]*)(?:(from[ \t]+[\w.]+[ \t]+)cimport\b|cimport\b)"


def scan(source: bytes, path: str, target: Target) -> Scan:
    """Find what a Cython source imports.

    Raises:
        SourceError: It cannot be decoded.
    """
    text = re.sub(_CIMPORT, lambda match: f"{match[1]}{match[2] or ''}import", decode(source, path))
    try:
        found = scan_text(text, path, target)
    except SourceError:
        return Scan()  # declarations alone, which are no Python
    imports = tuple(one for one in found.imports if one.top not in _OWN)
    return found._replace(imports=imports, remarks=())
