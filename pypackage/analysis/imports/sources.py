"""Scan the bytes of one source with the scanner for its kind.

The scanners are imported on use: if all results are cached, none is.
"""

from __future__ import annotations

from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.model import Scan, Target


def scan(
    source: bytes,
    path: str,
    target: Target = (3,),
    *,
    function: str = "",
    bulk: bool = False,
) -> Scan:
    """Find what a source imports.

    A source indented as a whole, as `inspect.getsource` returns for a nested function, is
    accepted, and so is a notebook, if `path` ends like one.

    Args:
        source: The bytes as on disk, in the encoding that they declare (PEP 263).
        path: Its name in messages; paths relative to `__file__` are resolved beside it.
        target: The Python to analyze it for.
        function: A function or `Class.method`: only what it needs counts.
        bulk: Whether speed matters more than reporting syntax errors: a source without anything
            unusual is then not parsed.

    Raises:
        SourceError: The source cannot be decoded, or is not recognizably Python.
        UsageError: It does not have the function.
    """
    if path.endswith(".ipynb") or (not path.endswith(".py") and _is_notebook(source)):
        from pypackage.analysis.imports import notebook

        return notebook.scan(source, path, target, function)
    if path.endswith((".pyx", ".pxd")):
        from pypackage.analysis.imports import cython

        return cython.scan(source, path, target)
    if path.endswith((".qmd", ".Rmd", ".md")):
        from pypackage.analysis.imports import documents

        return documents.scan_markdown(source, path, target, function)
    if path.endswith((".smk", "Snakefile")):
        from pypackage.analysis.imports import documents

        return documents.scan_snakefile(source, path, target)
    from pypackage.analysis.imports import scanning

    text = decode(source, path)
    if "# %%" in text or "get_ipython()." in text:
        from pypackage.analysis.imports import ipython

        text = ipython.of_script(text)
    return scanning.scan_text(text, path, target, function=function, bulk=bulk)


def _is_notebook(source: bytes) -> bool:
    """Whether a source is a notebook though its name does not show it, such as stdin."""
    return source.lstrip()[:1] == b"{" and b'"nbformat"' in source
