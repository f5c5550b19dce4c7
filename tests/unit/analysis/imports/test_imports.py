from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from pypackage.analysis.imports import Import, Why, scan
from pypackage.core.errors import SourceError


def imports(source: str | bytes) -> tuple[Import, ...]:
    content = source if isinstance(source, bytes) else source.encode()
    return scan(content, "s.py").imports


def modules(source: str | bytes) -> dict[str, Why]:
    return {one.module: one.why for one in imports(source)}


def failure(source: bytes) -> str:
    with pytest.raises(SourceError) as raised:
        scan(source, "s.py")
    assert raised.value.exit_code == 3
    return raised.value.message


def test_scan__statements__names_places_and_order() -> None:
    found = imports("x = 1; import b.c, a as d\nfrom e.f import g, h as i\n")
    assert found == (
        Import("b.c", "", 1, 8),
        Import("a", "", 1, 8),
        Import("e.f", "g", 2, 1),
        Import("e.f", "h", 2, 1),
    )
    assert [one.top for one in found] == ["b", "a", "e", "e"]


def test_scan__relative_import__keeps_its_dots() -> None:
    found = imports("from . import a\nfrom ..b.c import d\n")
    assert [(one.module, one.name, one.top) for one in found] == [
        (".", "a", ""),
        ("..b.c", "d", ""),
    ]


def test_scan__call_before_its_import__stands_at_its_place() -> None:
    source = b"def f():\n    return load('a.b')\n\nfrom importlib import import_module as load\n"
    assert [(one.module, one.line, one.column) for one in imports(source)] == [
        ("a.b", 2, 12),
        ("importlib", 4, 1),
    ]


def test_scan__non_ascii_before_an_import__column_counts_characters() -> None:
    (found,) = imports("é = 'üß'; import a")
    assert found.column == 11


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_scan__line_ends__lines_count_the_same(end: str) -> None:
    (found,) = imports(f"'é'{end}# x{end}import a{end}")
    assert (found.line, found.column) == (3, 1)


@pytest.mark.parametrize(
    "source",
    [
        b"    import a\n    import b\n",
        b"\timport a\n\timport b",
        b"    @python_app\n    def f(x):\n        import a\n\n        import b\n        return 1\n",
        b"  async def f():\n    '''\nless indented\n    '''\n    import a\n    import b\n",
        b"# unindented comment\n    import a\n    import b\n",
    ],
)
def test_scan__indented_source__is_understood_with_its_own_places(source: bytes) -> None:
    found = imports(source)
    assert [one.module for one in found] == ["a", "b"]
    for one in found:
        line = source.decode().splitlines()[one.line - 1]
        assert line[one.column - 1 :] == f"import {one.module}"


@pytest.mark.parametrize(
    "source",
    [
        "# coding: latin-1\nimport größe\n".encode("latin-1"),
        "#!/bin/sh\n# vim: set fileencoding=iso-8859-15 :\nimport größe\n".encode("iso-8859-15"),
        b"\xef\xbb\xbf" + "import größe\n".encode(),
        b"\xef\xbb\xbf# coding: UTF_8\n" + "import größe\n".encode(),
        "x = '''\n# coding: latin-1'''\nimport größe\n".encode(),
        "\f\n# coding: cp1252\r\nimport größe".encode("cp1252"),
    ],
)
def test_scan__declared_encoding__is_obeyed(source: bytes) -> None:
    assert "größe" in modules(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"def f(:\n pass", "s.py:1:7: invalid syntax"),
        (b"x = 1\n\n  y = 2\n", "s.py:3:"),
        (b"x = '\xe9'", "s.py:1:6: byte 0xe9 is not valid utf-8"),
        (b"import a\r\nx = '\xc3\xa9\xe9'", "s.py:2:7: byte 0xe9 is not valid utf-8"),
        (b"#!x\n# coding: nonsense\n", "s.py:2:1: unknown encoding 'nonsense'"),
        (b"# coding: rot13\n", "s.py:1:1: unknown encoding 'rot13'"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "s.py:1:1: a UTF-8 byte order mark, but"),
        (b"import a\nx = '\0'", "s.py:2:6: a null byte"),
        (b"\x7fELF\x02\x01\x01\0\0", "s.py:1:8: a null byte"),
        (b"(" * 100_000, "s.py:1:"),
        (b"x = '''", "s.py:1:5: "),
    ],
)
def test_scan__broken_source__error_names_the_place(source: bytes, message: str) -> None:
    assert failure(source).startswith(message)


def test_scan__deep_but_valid_source__is_walked() -> None:
    deep = "if x:\n" + "".join(f"{' ' * n}if x:\n" for n in range(1, 95)) + " " * 95 + "import a\n"
    long_chain = "import b\n" + "x" + ".y" * 900 + "\n" + "if " + "not " * 1500 + "x:\n import c\n"
    assert modules(deep) == {"a": Why.REQUIRED}
    assert modules(long_chain) == {"b": Why.REQUIRED, "c": Why.REQUIRED}


def test_scan__source_with_warnings__keeps_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert modules('import a\nx = "\\d"\nx is 1\n') == {"a": Why.REQUIRED}


def test_scan__hostile_source__runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    source = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n@exit\nclass K: import a\n"
    assert modules(source) == {"pathlib": Why.REQUIRED, "a": Why.REQUIRED}
    assert not mark.exists()


def test_scan__all_line_ends__count_alike() -> None:
    found = scan(b"import a\r\nx = 1\rimport b\ndef f():\r    import c", "s.py")
    assert [(one.module, one.line) for one in found.imports] == [("a", 1), ("b", 3), ("c", 5)]
    assert scan(b"import a\r\nx = 1\rimport b", "s.py", bulk=True).imports == found.imports[:2]
