from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pypackage.channel.bytecode import Compiler
from pypackage.channel.items import Item
from pypackage.errors import SolveError

MODULES = [
    Item("lib/python3/a.py", content=b"def f(x):\n    return x in {'x', 'y', 'z', 'w'}\n"),
    Item("lib/python3/sub/b.py", content=b"print('b')\n"),
    Item("lib/python3/bad.py", content=b"print 'old syntax'\n"),
    Item("lib/python3/template.py", content=b"x = 1\n", placeholder=True),
    Item("lib/python3/tests/test_a.py", content=b"x = 1\n"),
    Item("share/x.py", content=b"x = 1\n"),
    Item("lib/python3/data.txt", content=b"x"),
]


def compiled(scratch: Path, items: list[Item], python: str = sys.executable) -> dict[str, bytes]:
    scratch.mkdir()
    with ThreadPoolExecutor(2) as workers:
        found = Compiler(Path(python), workers).compile(items, scratch)
        return {item.path: item.source.read_bytes() for item in found if item.source}


def test_compile__modules__byte_code_for_those_that_compile(tmp_path: Path) -> None:
    found = compiled(tmp_path / "s", MODULES)
    assert {path.rsplit("/", 1)[1].split(".")[0] for path in found} == {"a", "b"}
    assert all("__pycache__" in path for path in found)


def test_compile__pyc__unchecked_hash_and_no_path_of_this_machine(tmp_path: Path) -> None:
    for content in compiled(tmp_path / "s", MODULES).values():
        assert content[4:8] == b"\x01\0\0\0"  # a hash, not to be checked
        assert str(tmp_path).encode() not in content


def test_compile__twice__same_bytes(tmp_path: Path) -> None:
    assert compiled(tmp_path / "1", MODULES) == compiled(tmp_path / "22", MODULES[::-1])


def test_compile__nothing__starts_nothing(tmp_path: Path) -> None:
    assert compiled(tmp_path / "s", [], python="/nonexistent") == {}


def test_compile__interpreter_fails__is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SolveError, match="cannot compile"):
        compiled(tmp_path / "s", MODULES, python="/nonexistent")
