from __future__ import annotations

import json

import pytest

from pypackage.analysis.imports import Scan, scan
from pypackage.core.errors import SourceError


def notebook(*cells: str, **extra: object) -> bytes:
    listed: list[dict[str, object]] = [{"cell_type": "markdown", "source": "import not_this"}]
    listed += [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]
    return json.dumps({"cells": listed, "nbformat": 4, **extra}).encode()


def found(*cells: str) -> Scan:
    return scan(notebook(*cells), "n.ipynb")


def test_scan__notebook__places_are_those_in_the_cells() -> None:
    result = found("import a\n", "x = 1\nif x:\n    import b\n")
    assert [(one.module, one.cell, one.line, one.column) for one in result.imports] == [
        ("a", 2, 1, 1),
        ("b", 3, 3, 5),
    ]


def test_scan__notebook__alias_of_one_cell_is_known_in_the_next() -> None:
    result = found("from importlib import import_module as load", "load('a')")
    assert [one.module for one in result.imports] == ["importlib", "a"]


@pytest.mark.parametrize(
    "cell",
    [
        "%autoreload 2\nimport a",
        "!pip install x\nimport a",
        "%pip install x 'y\nimport a",
        "files = !ls\nx = %sql select 1\nimport a",
        "if 1:\n    !ls\n    import a",
        "import a\na?\n?a\na.b??\n!!ls\n/f x\n,f x\n;f x",
        "!echo \\\n  two lines\nimport a",
        "%%time\nimport a",
        "%%capture out\nimport a",
        "%time import a",
        "%timeit -n 1 -r2 __import__('a')",
        "x = %time __import__('a')",
        "%load_ext a\n%load_ext autoreload",
        "await x\nimport a",
        "%%timeit import a\npass",
        "s = '''\n%magic\n!shell\n'''\nimport a",
        "x = (5\n  % 3)\n!ls\nimport a",
    ],
)
def test_scan__magics_and_shell_lines__do_not_hide_an_import(cell: str) -> None:
    result = found(cell)
    assert {one.module for one in result.imports} == {"a"}
    assert result.remarks == ()


@pytest.mark.parametrize("magic", ["bash", "html", "writefile x.py", "javascript", "R", "sql"])
def test_scan__cell_of_another_language__is_not_looked_into(magic: str) -> None:
    assert found(f"%%{magic}\nimport not_this\n'''").imports == ()


def test_scan__broken_cell__costs_itself_alone_and_is_told() -> None:
    result = found("import a", "import b\nx = (", "import c")
    assert {one.module for one in result.imports} == {"a", "b", "c"}
    assert [(one.cell, one.line) for one in result.remarks] == [(3, 2)]


def test_scan__notebook_in_another_language__is_told() -> None:
    content = notebook("import not_this", metadata={"kernelspec": {"language": "julia"}})
    result = scan(content, "n.ipynb")
    assert result.imports == ()
    assert "julia" in result.remarks[0].text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"cells": [}', "n.ipynb:1:12: not a notebook"),
        (b"[]", "n.ipynb:1:1: not a notebook: it has no cells"),
        (b'{"cells": 1}', "n.ipynb:1:1: not a notebook: its cells are not a list"),
        (b'{\n"\xff"}', "n.ipynb:2:1: not a text file"),
    ],
)
def test_scan__no_notebook__error_names_the_place(content: bytes, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        scan(content, "n.ipynb")
    assert raised.value.message.startswith(message)


def test_scan__format_before_4__cells_of_its_worksheets() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": ["import a\n", "import b"]}]}
    content = json.dumps({"worksheets": [sheet], "nbformat": 3}).encode()
    assert [one.module for one in scan(content, "n.ipynb").imports] == ["a", "b"]
