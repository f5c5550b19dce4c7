"""One source, from its bytes to what it says, by the reader of its kind.

The readers are imported when there is something to read: where nothing has changed, none is.
"""

from __future__ import annotations

from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.model import Scan, Target


def scan(
    source: bytes,
    path: str,
    target: Target | None = None,
    *,
    function: str = "",
    bulk: bool = False,
) -> Scan:
    """Find what a source imports.

    A source that is indented as a whole, as `inspect.getsource` gives a nested function,
    is understood too, and so is a notebook, if that is what `path` ends like.

    Args:
        source: The source as it lies on disk: PEP 263 says its encoding.
        path: What messages call it; what the source finds relative to `__file__` is beside it.
        target: The Python that it is to run with.
        function: A function or `Class.method`: only what that one needs counts.
        bulk: Whether speed matters more than to hear of a syntax error: a source without
            anything unusual is then not parsed.

    Raises:
        SourceError: It cannot be decoded, or is not Python, as far as one can tell.
        UsageError: It has no such function.
    """
    target = target or Target()
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
    """Whether a source whose name does not tell, such as standard input, is a notebook."""
    return source.lstrip()[:1] == b"{" and b'"nbformat"' in source
