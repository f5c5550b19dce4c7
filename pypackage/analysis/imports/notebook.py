"""Scan the code cells of Jupyter notebooks, with IPython's syntax translated."""

from __future__ import annotations

import json
import sys
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from pypackage.analysis.imports import ipython
from pypackage.analysis.imports.model import Import, Remark, Scan, Target, place
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import NotParsed, parse


class Cell(NamedTuple):
    """A code cell, and its number among all cells."""

    number: int
    text: str


def scan(source: bytes, path: str, target: Target, function: str = "") -> Scan:
    """Find what a notebook imports; places are relative to cells.

    The cells are one program: an alias of one cell is known in the next. A cell that does not parse
    is scanned line by line, with a remark.

    Raises:
        SourceError: It is not a notebook.
    """
    notebook = _loaded(source, path)
    language = _language(notebook)
    if language != "python":
        return Scan(remarks=(Remark(1, 1, f"a notebook in {language}, not looked into"),))
    written: list[Written] = []
    remarks: list[Remark] = []
    starts: list[tuple[int, int]] = []  # (first line in the joined source, cell number)
    texts: list[str] = []
    line = 1
    for cell in _cells(notebook, path):
        written += written_by(cell.text, cell=cell.number)
        text = ipython.as_python(cell.text)
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
    return with_written(_placed(found, starts, remarks), written, path, target)


def cells(source: bytes, path: str) -> list[Cell]:
    """The code cells of a Python notebook; none for other languages.

    Raises:
        SourceError: It is not a notebook.
    """
    notebook = _loaded(source, path)
    return _cells(notebook, path) if _language(notebook) == "python" else []


class Written(NamedTuple):
    """A Python file that a cell writes (`%%writefile`).

    Attributes:
        file: Its path.
        text: Its content, at the lines where it is in the cell, or in the document.
        cell: The number of the cell; 0 in a document.
    """

    file: str
    text: str
    cell: int

    @property
    def module(self) -> str:
        """The dotted name by which the notebook imports the file."""
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def written_by(text: str, *, above: int = 0, cell: int = 0) -> Iterator[Written]:
    """The Python file that a cell writes, if it writes one; there may be lines above the cell."""
    file = ipython.written_file(text)
    if file:
        yield Written(file, "\n" * (above + 1) + text.partition("\n")[2], cell)


def with_written(found: Scan, written: list[Written], path: str, target: Target) -> Scan:
    """Resolve imports of files that a notebook writes, and add what those files import."""
    imports: list[Import] = []
    used: dict[str, Written] = {}
    for one in found.imports:
        name = one.module.removeprefix("./").removesuffix(".py").replace("/", ".")
        names = {name, f"{name}.{one.name}"}
        its = [file for file in written if file.module in names]
        used.update((file.module, file) for file in its)
        imports.append(one._replace(module=f"./{its[0].file}", name="") if its else one)
    for file in used.values():
        inner = _scanned(file.text, path, target, "").imports
        imports += (one._replace(cell=file.cell) for one in inner)
    return found._replace(imports=tuple(imports))


def _scanned(text: str, path: str, target: Target, function: str) -> Scan:
    try:
        return scan_text(text, path, target, function=function)
    except SourceError:
        return Scan()  # only broken cells, each of which has its remark


def _placed(found: Scan, starts: list[tuple[int, int]], remarks: list[Remark]) -> Scan:
    """Convert places in the joined source to places in cells."""

    def where(line: int) -> tuple[int, int]:
        start, number = starts[max(bisect_right(starts, (line, sys.maxsize)) - 1, 0)]
        return line - start + 1, number

    imports: list[Import] = []
    for one in found.imports:
        line, number = where(one.line)
        imports.append(one._replace(line=line, cell=number))
    # The first remark on the whole repeats the syntax errors of cells.
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
    """The language of the kernel in lower case; Python if none is given."""
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):
        for key, name in (("language_info", "name"), ("kernelspec", "language")):
            part = metadata.get(key)
            if isinstance(part, dict) and isinstance(part.get(name), str):
                language: str = part[name].lower()
                return "python" if language.startswith(("python", "ipython")) else language
    return "python"


def _cells(notebook: dict[str, Any], path: str) -> list[Cell]:
    """The code cells, numbered among all cells; formats before 4 are supported."""
    sheets = notebook.get("worksheets")
    listed = notebook.get("cells", [])
    if isinstance(sheets, list):
        for sheet in sheets:
            inside = sheet.get("cells") if isinstance(sheet, dict) else None
            listed = [*listed, *inside] if isinstance(inside, list) else listed
    if not isinstance(listed, list):
        raise SourceError(f"{place(path, 1, 1)}: not a notebook: its cells are not a list")
    found = []
    for number, cell in enumerate(listed, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = _joined(cell.get("source", cell.get("input")))
            found.append(Cell(number, text.replace("\r\n", "\n").replace("\r", "\n")))
    return found


def _joined(source: object) -> str:
    if isinstance(source, list):
        return "".join(one for one in source if isinstance(one, str))
    return source if isinstance(source, str) else ""
