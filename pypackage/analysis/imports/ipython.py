"""Translate IPython's syntax, magics and shell lines to equivalent Python."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex

from pypackage.analysis.imports.lines import logical_lines
from pypackage.python.source_tree import NotParsed, parse

# Cell magics whose cell is Python; the cells of other magics are not.
_PYTHON_CELLS = {
    *("time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "python", "python3", "pypy"),
    *("px", "snakeviz", "heat", "scalene", "debug", "wurlitzer", "ipytest", "run_pytest"),
    *("ipython", "ai_skip", "matplotlib", "skip"),
}
# Line magics that are followed by Python.
_PYTHON_LINES = {"time", "timeit", "prun", "memit", "debug", "px", "lprun", "mprun"}
_IPYMPL = (["ipympl"], ["widget"])  # matplotlib's backends of this package
_OWN_EXTENSIONS = {"autoreload", "storemagic", "cythonmagic", "sympyprinting"}  # part of IPython
# Modules run by -m that install packages, or are part of Python.
_TOOLS = {"pip", "conda", "uv", "venv", "ensurepip"}


def as_python(text: str) -> str:
    """Translate a cell to Python, keeping its lines."""
    text = text.replace("\0", "")
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    magic = re.match(r"%%(\w+|!)(.*)", lines[first])
    if magic:
        lines[first] = _magic_line(magic[1], magic[2]) if magic[1] == "timeit" else ""
        if magic[1] == "cython":
            from pypackage.analysis.imports import cython

            return cython.imports_alone("\n".join(lines))
        if magic[1] not in _PYTHON_CELLS:
            return "\n" * (len(lines) - 1)
        text = "\n".join(lines)
    if not isinstance(parse(text), NotParsed):
        return text
    return _without_magics(text)


def _without_magics(text: str) -> str:
    """Replace the magics and shell lines of a cell, except inside strings."""
    lines = text.split("\n")
    for line in logical_lines(text):
        if _SPECIAL.match(line.text):
            at = end = line.number - 1
            while lines[end].endswith("\\") and end + 1 < len(lines):
                end += 1
            # Quotes in shell lines are the shell's: a string they open does not span lines.
            lead = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines[at : end + 1] = [lead + _replaced(lines[at].strip()), *[""] * (end - at)]
    return "\n".join(lines)


_SPECIAL = re.compile(r"[%!?/,;]|[\w.\[\], ]+=\s*[%!]|[^#\n'\"]*\?{1,2}\s*$")


def _replaced(line: str) -> str:
    """The Python for one line of IPython syntax."""
    assigned = re.match(r"([\w.\[\], ]+?\s*=\s*)([%!].*)", line)
    if assigned:
        run = _replaced(assigned[2])
        return assigned[1] + ("None" if run == "pass" else run)
    magic = re.match(r"%{1,2}(\w+)(.*)", line)
    return _magic_line(magic[1], magic[2]) if magic else _shell_line(line)


def _shell_line(line: str) -> str:
    """The Python for a shell line: it runs the file or module passed to Python, if any."""
    run = re.match(r"!+\s*(?:\{?sys\.executable\}?|python[\d.]*)\s+(.*)", line)
    return _run(run[1]) if run else "pass"


def _run(rest: str) -> str:
    """The Python for running a file, or a module by `-m`, with options before it."""
    words = iter(_words(rest))
    for word in words:
        if word == "-m":
            module = next(words, "")
            plain = re.fullmatch(r"\w+(\.\w+)*", module) and module not in _TOOLS
            return f'__import__("runpy").run_module("{module}")' if plain else "pass"
        if word == "-c":
            break
        if not word.startswith("-"):
            file = word if word.endswith((".py", ".ipynb")) else f"{word}.py"
            return f'__import__("runpy").run_path({file!r})' if _is_file(file) else "pass"
    return "pass"


def _is_file(word: str) -> bool:
    return re.fullmatch(r"(?!/)[\w./ -]+", word) is not None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def written_file(text: str) -> str:
    """The Python file that a cell writes; empty if it writes none."""
    magic = re.match(r"\s*%%(?:writefile|file)\s+(?:-a\s+)?(\S+\.py)\s*(?:\n|$)", text)
    return posixpath.normpath(magic[1].strip("\"'")) if magic else ""


def uncommented(text: str) -> str:
    """Translate a script in cells (`# %%`), whose magics are in comments, to Python."""
    return re.sub(r"(?m)^# ((?:%(?!%)|!)\s*\w.*)$", lambda match: _replaced(match[1]), text)


_CALL = re.compile(
    r"(?m)^([ \t]*)get_ipython\(\)\.(run_line_magic|magic|system|getoutput)\((.*)\)[ \t]*$"
)


def as_magics(text: str) -> str:
    """Restore the magics of a script converted from a notebook, where they are calls."""

    def written(match: re.Match[str]) -> str:
        try:
            words = ast.literal_eval(f"({match[3]},)")
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return match[0]
        sign = "%" if "magic" in match[2] else "!"
        return f"{match[1]}{sign}{' '.join(map(str, words))}"

    return _CALL.sub(written, text)


def of_script(text: str) -> str:
    """Translate the magics of a script in cells, or of one converted from a notebook."""
    if "get_ipython()." in text:
        text = _without_magics(as_magics(text))
    return uncommented(text) if "# %%" in text else text


def _magic_line(name: str, rest: str) -> str:
    """The Python for a line magic: the code that it runs, or the extension that it loads."""
    if name in ("load_ext", "reload_ext"):
        modules = [one for one in rest.split() if re.fullmatch(r"\w+(\.\w+)*", one)]
        wanted = [one for one in modules if one not in _OWN_EXTENSIONS]
        return f"import {', '.join(wanted)}" if wanted else "pass"
    if name == "run":
        return _run(rest)
    if name in ("load", "loadpy"):
        return _run(" ".join(_words(rest)[-1:]))
    if name == "pylab":
        return "import numpy, matplotlib.pyplot"
    if name == "matplotlib":
        return "import matplotlib" + (", ipympl" if rest.split()[:1] in _IPYMPL else "")
    if name not in _PYTHON_LINES:
        return "pass"
    code = re.sub(r"^(?:\s+-\w+(?:\s*\d+)?)*\s*", "", rest)
    return code if code and not isinstance(parse(code), NotParsed) else "pass"
