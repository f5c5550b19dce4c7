"""Scan documents with Python code: Quarto, R Markdown, MyST and Snakefiles."""

from __future__ import annotations

import re

from pypackage.analysis.imports import ipython
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
    lines = re.split(r"\r\n|\r|\n", decode(source, path))
    kept = [""] * len(lines)
    begin, fence, runs = -1, "", False
    front = _FRONT.match("\n".join(lines))
    rests = bool(front and re.search(r"(?m)^[ \t]+eval:[ \t]*false", front[0]))
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if not fence and match:
            begin, fence = number + 1, match[1]
            runs = bool(_PYTHON.match(match[2])) and not _NOT_RUN.search(match[2])
        elif fence and match and match[1].startswith(fence) and not match[2]:
            chunk = "\n".join(lines[begin:number])
            chunk = _OPTIONS.sub(lambda its: "\n" * its[0].count("\n"), chunk)
            options = "\n".join(one for one in lines[begin:number] if one.startswith("#|"))
            runs = runs and not (rests and not _RUN.search(options))
            if runs and not _NOT_RUN.search(options):
                kept[begin:number] = ipython.as_python(chunk).split("\n")
            fence = ""
    return scan_text("\n".join(kept), path, target, function=function)


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
