"""Scan documents with Python code: Quarto, R Markdown, MyST and Snakefiles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.analysis.imports import ipython, notebook
from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.model import Scan, Target
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*(.*)")
# ```{python}, ```{code-cell} ipython3 and ```python {.marimo}, but not {{python}}: only shown.
_PYTHON = re.compile(
    r"(?i)\{[ \t]*(?:python|code-cell\}[ \t]*(?:i?python|$)|python\.marimo|\.python\b)"
    r"|python[ \t]*\{"
)
# In jupytext's Markdown, all Python is cells.
_PLAIN = re.compile(r"(?i)i?python3?\b(?!.*\.noeval)")
_PLAIN_FORMAT = re.compile(r"(?m)^[ \t]+format_name:[ \t]*markdown\b")
# The options of a MyST cell.
_OPTIONS = re.compile(r"(?s)\A(?:---\n.*?\n---(?:\n|\Z)|(?::[\w-]+:[^\n]*(?:\n|\Z))+)")
_FRONT = re.compile(r"(?s)\A---\n.*?\n---\n")
_RUN = re.compile(r"(?im)eval[ \t]*[=:][ \t]*(?:true|T\b)")
_NOT_RUN = re.compile(r"(?im)eval[ \t]*[=:][ \t]*(?:false|F\b)")
_RULE_FILE = re.compile(
    r"(?m)^([ \t]*)(?:script|include|notebook|snakefile)[ \t]*:"
    r"\s*[\"']([^\"'{}\n]+\.(?:py|ipynb|smk))[\"'],?[ \t]*$"
)


def scan_markdown(source: bytes, path: str, target: Target, function: str = "") -> Scan:
    """Find what the Python chunks of a document import; chunks that are not run are skipped.

    Raises:
        SourceError: The document cannot be decoded.
        UsageError: It does not have the function.
    """
    written: list[notebook.Written] = []
    for begin, chunk in _chunks(decode(source, path).split("\n")):
        written += notebook.written_by(chunk, above=begin)
    found = scan_text(as_python(source, path), path, target, function=function)
    return notebook.with_written(found, written, path, target)


def as_python(source: bytes, path: str) -> str:
    """The Python of a document's chunks that are run, in the same lines.

    Raises:
        SourceError: The document cannot be decoded.
    """
    lines = decode(source, path).split("\n")
    kept = [""] * len(lines)
    for begin, chunk in _chunks(lines):
        code = ipython.as_python(chunk).split("\n")
        kept[begin : begin + len(code)] = code
    return "\n".join(kept)


def _chunks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the Python chunks that are run, each with the index of its first line."""
    begin, fence, runs = -1, "", False
    front = _FRONT.match("\n".join(lines))
    rests = bool(front and re.search(r"(?m)^[ \t]+eval:[ \t]*false", front[0]))
    python = _PLAIN if front and _PLAIN_FORMAT.search(front[0]) else _PYTHON
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if not fence and match:
            begin, fence = number + 1, match[1]
            runs = bool(python.match(match[2])) and not _NOT_RUN.search(match[2])
        elif fence and match and match[1].startswith(fence) and not match[2]:
            chunk = "\n".join(lines[begin:number])
            options = "\n".join(one for one in lines[begin:number] if one.startswith("#|"))
            runs = runs and not (rests and not _RUN.search(options))
            if runs and not _NOT_RUN.search(options):
                yield begin, _OPTIONS.sub(lambda its: "\n" * its[0].count("\n"), chunk)
            fence = ""


def scan_snakefile(source: bytes, path: str, target: Target) -> Scan:
    """Find what a Snakefile imports, and the scripts and rule files that it names.

    Raises:
        SourceError: The file cannot be decoded.
    """
    text = decode(source, path)

    def replaced(match: re.Match[str]) -> str:
        below = "\n" * match[0].count("\n")
        return f'{match[1]}__import__("runpy").run_path("{match[2]}"){below}'

    try:
        found = scan_text(_RULE_FILE.sub(replaced, text), path, target)
    except SourceError:
        return Scan()  # only rules, which are not Python
    syntax = [one for one in found.remarks if one.text.endswith("line by line")]
    return found._replace(remarks=tuple(one for one in found.remarks if one not in syntax))
