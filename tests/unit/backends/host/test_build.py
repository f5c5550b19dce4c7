from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pypackage.backends.host.build import compiled
from pypackage.backends.host.files import PackageFile
from pypackage.core.errors import SolveError
from pypackage.python.compile import Compiler

ITEMS = [
    PackageFile("lib/python3/a.py", content=b"x = 1\n"),
    PackageFile("lib/python3/bad.py", content=b"print 'old syntax'\n"),
    PackageFile("lib/python3/template.py", content=b"x = 1\n", placeholder=True),
    PackageFile("lib/python3/link.py", link="a.py"),
    PackageFile("lib/python3/tests/test_a.py", content=b"x = 1\n"),
    PackageFile("share/x.py", content=b"x = 1\n"),
    PackageFile("lib/python3/data.txt", content=b"x"),
]


def byte_code(items: list[PackageFile], python: str = sys.executable) -> list[str]:
    with ThreadPoolExecutor(2) as workers:
        return [item.path for item in compiled(items, Compiler(Path(python), workers))]


def test_compiled__items__are_the_modules_that_compile() -> None:
    tag = sys.implementation.cache_tag
    assert byte_code(ITEMS) == [
        f"lib/python3/__pycache__/a.{tag}.pyc",
        f"lib/python3/tests/__pycache__/test_a.{tag}.pyc",
    ]


def test_compiled__nothing__starts_nothing() -> None:
    assert byte_code([], python="/nonexistent") == []


def test_compiled__interpreter_fails__is_an_error() -> None:
    with pytest.raises(SolveError, match="cannot compile"):
        byte_code(ITEMS, python="/nonexistent")
