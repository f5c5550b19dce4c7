"""Jupyter notebooks: their code cells, with IPython's magics and shell lines taken out."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from pypackage.analysis.imports.lines import logical_lines
from pypackage.analysis.imports.model import Import, Remark, Scan, Target, place
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError
from pypackage.python.source_tree import NotParsed, parse

# Cell magics whose cell is Python; the cells of all others are something else.
_PYTHON_CELLS = {
    *("time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "python", "python3", "pypy"),
    *("px", "snakeviz", "heat", "scalene", "debug", "wurlitzer", "ipytest", "run_pytest"),
    *("ipython", "ai_skip", "matplotlib", "skip"),
}
# Line magics with Python behind them.
_PYTHON_LINES = {"time", "timeit", "prun", "memit", "debug", "px", "lprun", "mprun"}
_OWN_EXTENSIONS = {"autoreload", "storemagic", "cythonmagic", "sympyprinting"}  # of IPython


class _Cell(NamedTuple):
    number: int
    text: str


def scan(source: bytes, path: str, target: Target, function: str = "") -> Scan:
    """Find what a notebook imports; places are those in the cells.

    The cells are one program: an alias of one cell is known in the next. A cell that cannot
    be parsed is looked at line by line, and told.

    Raises:
        SourceError: It is not a notebook.
    """
    notebook = _loaded(source, path)
    language = _language(notebook)
    if language != "python":
        return Scan(remarks=(Remark(1, 1, f"a notebook in {language}, not looked into"),))
    remarks: list[Remark] = []
    starts: list[tuple[int, int]] = []  # (line in the whole, number of the cell)
    texts: list[str] = []
    line = 1
    for cell in _cells(notebook, path):
        text = _python(cell.text)
        parsed = parse(text)
        if isinstance(parsed, NotParsed):
            what = f"{parsed.message}; its imports are found line by line"
            remarks.append(Remark(parsed.line, parsed.column, what, cell.number))
        starts.append((line, cell.number))
        texts.append(text)
        line += text.count("\n") + 1
    if not texts:
        return Scan()
    found = _scanned("\n".join(texts), path, target, function)
    return _placed(found, starts, remarks)


def _scanned(text: str, path: str, target: Target, function: str) -> Scan:
    try:
        return scan_text(text, path, target, function=function)
    except SourceError:
        return Scan()  # nothing but broken cells, which are told each


def _placed(found: Scan, starts: list[tuple[int, int]], remarks: list[Remark]) -> Scan:
    """A scan with places in cells instead of those in the whole."""

    def where(line: int) -> tuple[int, int]:
        start, number = max((one for one in starts if one[0] <= line), default=starts[0])
        return line - start + 1, number

    imports: list[Import] = []
    for one in found.imports:
        line, number = where(one.line)
        imports.append(one._replace(line=line, cell=number))
    # What the whole says of its syntax is said of the cell already.
    for remark in found.remarks[1 if remarks else 0 :]:
        line, number = where(remark.line)
        remarks.append(remark._replace(line=line, cell=number))
    return found._replace(imports=tuple(imports), remarks=tuple(remarks))


# --- the file ----------------------------------------------------------------------------


def _loaded(source: bytes, path: str) -> dict[str, Any]:
    if not source.strip():
        raise SourceError(f"{place(path, 1, 1)}: not a notebook: the file is empty")
    try:
        content = json.loads(source.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{place(path, line, 1)}: not a text file") from None
    except json.JSONDecodeError as error:
        where = place(path, error.lineno, error.colno)
        raise SourceError(f"{where}: not a notebook: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{place(path, 1, 1)}: not a notebook: {error}") from None
    known = isinstance(content, dict) and ("cells" in content or "worksheets" in content)
    if not known:
        raise SourceError(f"{place(path, 1, 1)}: not a notebook: it has no cells")
    return content  # type: ignore[no-any-return]


def _language(notebook: dict[str, Any]) -> str:
    """The language of the kernel in lower case; Python when nothing is said."""
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):
        for key, name in (("language_info", "name"), ("kernelspec", "language")):
            part = metadata.get(key)
            if isinstance(part, dict) and isinstance(part.get(name), str):
                language: str = part[name].lower()
                return "python" if language.startswith(("python", "ipython")) else language
    return "python"


def _cells(notebook: dict[str, Any], path: str) -> list[_Cell]:
    """The code cells, numbered among all cells; also those of the format before 4."""
    sheets = notebook.get("worksheets")
    listed = notebook.get("cells", [])
    if isinstance(sheets, list):
        for sheet in sheets:
            inside = sheet.get("cells") if isinstance(sheet, dict) else None
            listed = [*listed, *inside] if isinstance(inside, list) else listed
    if not isinstance(listed, list):
        raise SourceError(f"{place(path, 1, 1)}: not a notebook: its cells are no list")
    found = []
    for number, cell in enumerate(listed, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = _joined(cell.get("source", cell.get("input")))
            found.append(_Cell(number, text.replace("\r\n", "\n").replace("\r", "\n")))
    return found


def _joined(source: object) -> str:
    if isinstance(source, list):
        return "".join(one for one in source if isinstance(one, str))
    return source if isinstance(source, str) else ""


# --- IPython's own syntax ----------------------------------------------------------------


def _python(text: str) -> str:
    """A cell as Python, line for line."""
    text = text.replace("\0", "")
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    magic = re.match(r"%%(\w+|!)(.*)", lines[first])
    if magic:
        lines[first] = _magic_line(magic[1], magic[2]) if magic[1] == "timeit" else ""
        if magic[1] not in _PYTHON_CELLS:
            return "\n" * (len(lines) - 1)
        text = "\n".join(lines)
    if not isinstance(parse(text), NotParsed):
        return text
    return _without_magics(text)


def _without_magics(text: str) -> str:
    """A cell whose magics and shell lines are replaced, those inside of strings left."""
    lines = text.split("\n")
    for line in logical_lines(text):
        if _SPECIAL.match(line.text):
            at = end = line.number - 1
            while lines[end].endswith("\\") and end + 1 < len(lines):
                end += 1
            # Quotes are the shell's: what they open does not reach into the next line.
            lead = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            lines[at : end + 1] = [lead + _replaced(lines[at].strip()), *[""] * (end - at)]
    return "\n".join(lines)


_SPECIAL = re.compile(r"[%!?/,;]|[\w.\[\], ]+=\s*[%!]|[^#\n'\"]*\?{1,2}\s*$")


def _replaced(line: str) -> str:
    """What stands for one line of IPython's."""
    assigned = re.match(r"([\w.\[\], ]+?\s*=\s*)([%!].*)", line)
    if assigned:
        run = _replaced(assigned[2])
        return assigned[1] + ("None" if run == "pass" else run)
    magic = re.match(r"%{1,2}(\w+)(.*)", line)
    return _magic_line(magic[1], magic[2]) if magic else "pass"


def _magic_line(name: str, rest: str) -> str:
    """The Python of a line magic: what it runs, or the extension that it loads."""
    if name in ("load_ext", "reload_ext"):
        modules = [one for one in rest.split() if re.fullmatch(r"\w+(\.\w+)*", one)]
        wanted = [one for one in modules if one not in _OWN_EXTENSIONS]
        return f"import {', '.join(wanted)}" if wanted else "pass"
    if name not in _PYTHON_LINES:
        return "pass"
    code = re.sub(r"^(?:\s+-\w+(?:\s*\d+)?)*\s*", "", rest)
    return code if code and not isinstance(parse(code), NotParsed) else "pass"
