from __future__ import annotations

import contextlib
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pypackage.errors import SourceError
from pypackage.imports import Import, Place, Why, scan


def modules(source: str | bytes) -> dict[str, Why]:
    content = source if isinstance(source, bytes) else source.encode()
    return {one.module: one.why for one in scan(content, "s.py")}


def failure(source: bytes) -> str:
    with pytest.raises(SourceError) as raised:
        scan(source, "s.py")
    assert raised.value.exit_code == 3
    return raised.value.message


def test_scan__statements__names_places_and_order() -> None:
    found = scan(b"x = 1; import b.c, a as d\nfrom e.f import g, h as i\n", "s.py")
    assert found == (
        Import("b.c", "", Place("s.py", 1, 8)),
        Import("a", "", Place("s.py", 1, 8)),
        Import("e.f", "g", Place("s.py", 2, 1)),
        Import("e.f", "h", Place("s.py", 2, 1)),
    )
    assert [one.top for one in found] == ["b", "a", "e", "e"]
    assert str(found[0].place) == "s.py:1:8"


def test_scan__relative_import__keeps_its_dots() -> None:
    found = scan(b"from . import a\nfrom ..b.c import d\n", "s.py")
    assert [(one.module, one.name, one.top) for one in found] == [
        (".", "a", ""),
        ("..b.c", "d", ""),
    ]


def test_scan__call_before_its_import__stands_at_its_place() -> None:
    source = b"def f():\n    return load('a.b')\n\nfrom importlib import import_module as load\n"
    assert [(one.module, one.place.line, one.place.column) for one in scan(source, "s.py")] == [
        ("a.b", 2, 12),
        ("importlib", 4, 1),
    ]


def test_scan__non_ascii_before_an_import__column_counts_characters() -> None:
    (found,) = scan("é = 'üß'; import a".encode(), "s.py")
    assert found.place.column == 11


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_scan__line_ends__lines_count_the_same(end: str) -> None:
    source = f"'é'{end}# x{end}import a{end}".encode()
    assert scan(source, "s.py")[0].place == Place("s.py", 3, 1)


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
    found = scan(source, "s.py")
    assert [one.module for one in found] == ["a", "b"]
    for one in found:
        line = source.decode().splitlines()[one.place.line - 1]
        assert line[one.place.column - 1 :] == f"import {one.module}"


def test_scan__partly_indented_source__is_an_error() -> None:
    assert failure(b"  import a\nimport b\n").startswith("s.py:1:")


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
        (b"import a\nimport (\n", "s.py:2:8: invalid syntax"),
        (b"import a\n\n  import b\n", "s.py:3:"),
        (b"x = '\xe9'", "s.py:1:6: byte 0xe9 is not valid utf-8"),
        (b"import a\r\nx = '\xc3\xa9\xe9'", "s.py:2:7: byte 0xe9 is not valid utf-8"),
        (b"#!x\n# coding: nonsense\n", "s.py:2:1: unknown encoding 'nonsense'"),
        (b"# coding: rot13\n", "s.py:1:1: unknown encoding 'rot13'"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "s.py:1:1: a UTF-8 byte order mark, but"),
        (b"import a\nx = '\0'", "s.py:2:6: a null byte"),
        (b"\x7fELF\x02\x01\x01\0\0", "s.py:1:8: a null byte"),
        (b"(" * 100_000, "s.py:1:"),
        (b"-" * 100_000 + b"1", "s.py:1:1: nested too deeply"),
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


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("try:\n import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept builtins.ImportError:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept (KeyError, Exception):\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept BaseException:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept:\n pass", Why.OPTIONAL),
        ("try:\n if x:\n  import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n class K:\n  import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n def f():\n  import a\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n f = lambda: __import__('a')\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept KeyError:\n pass", Why.REQUIRED),
        ("try:\n import a\nfinally:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n raise", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n print(1)\n os._exit(1)", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n raise\nexcept Exception:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept KeyError:\n raise\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n f()\nexcept Exception:\n import a", Why.REQUIRED),
        ("try:\n f()\nexcept ImportError:\n import a", Why.OPTIONAL),
        ("try:\n import b\nexcept Exception:\n import a", Why.OPTIONAL),
        ("try:\n import b\nexcept KeyError:\n import a\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n import b\nexcept ImportError:\n b = 0\nelse:\n import a", Why.OPTIONAL),
        ("try:\n import b\nexcept ImportError:\n def f():\n  import a", Why.OPTIONAL),
        ("with suppress(ImportError):\n import a", Why.OPTIONAL),
        ("async def f():\n async with c.suppress(Exception):\n  import a", Why.OPTIONAL),
        ("with suppress(KeyError):\n import a", Why.REQUIRED),
        ("with suppress:\n import a", Why.REQUIRED),
        ("if TYPE_CHECKING:\n import a", Why.TYPE_CHECKING),
        ("if TYPE_CHECKING:\n try:\n  import a\n except ImportError:\n  pass", Why.TYPE_CHECKING),
        ("try:\n if TYPE_CHECKING:\n  import a\nexcept ImportError:\n pass", Why.TYPE_CHECKING),
        ("if x:\n pass\nelif TYPE_CHECKING:\n import a", Why.TYPE_CHECKING),
        ("x = 1 if TYPE_CHECKING else __import__('a')", Why.REQUIRED),
        ("x = __import__('a') if TYPE_CHECKING else 1", Why.TYPE_CHECKING),
        ("if False:\n if TYPE_CHECKING:\n  import a", Why.DEAD),
        ("if not True:\n import a", Why.DEAD),
        ("if not (True and 1):\n import a", Why.DEAD),
        ("if '' or None:\n import a", Why.DEAD),
        ("if x or 1:\n pass\nelse:\n import a", Why.DEAD),
        ("if x and 1:\n pass\nelse:\n import a", Why.REQUIRED),
    ],
)
def test_scan__condition__says_why(source: str, why: Why) -> None:
    assert modules(source)["a"] is why


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with Python 3.11")
def test_scan__except_star__is_a_guard_too() -> None:
    assert modules("try:\n import a\nexcept* ImportError:\n pass") == {"a": Why.OPTIONAL}


def test_scan__optional_import__says_the_reason() -> None:
    source = b"try:\n import a\nexcept (KeyError, ImportError):\n import b\n"
    reasons = {one.module: one.reason for one in scan(source, "s.py")}
    assert reasons == {"a": "try/except ImportError", "b": "except ImportError"}


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ("importlib.import_module('a.b')", "a.b"),
        ("importlib.import_module('.c', 'a.b')", "a.b.c"),
        ("importlib.import_module('..c', package='a.b')", "a.c"),
        ("importlib.import_module('.c', __package__)", ".c"),
        ("importlib.import_module('...c', 'a.b')", "...c"),
        ("importlib.__import__('a')", "a"),
        ("__import__('a', globals(), locals(), ['b'], 1)", ".a"),
        ("__import__('a', level=0)", "a"),
    ],
)
def test_scan__call_that_imports__is_an_import(call: str, module: str) -> None:
    assert modules(call) == {module: Why.REQUIRED}


@pytest.mark.parametrize(
    "call",
    [
        "__import__(x)",
        "__import__()",
        "__import__(1)",
        "__import__('.')",
        "x.__import__('a')",
        "importlib.import_module('a-b')",
        "importlib.import_module(*'ab')",
        "import_module('a')",
    ],
)
def test_scan__call_that_is_no_known_import__is_none(call: str) -> None:
    assert modules(call) == {}


def test_scan__hostile_source__runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    source = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n@exit\nclass K: import a\n"
    assert modules(source) == {"pathlib": Why.REQUIRED, "a": Why.REQUIRED}
    assert not mark.exists()


PIECES = [
    b"import a", b"from . import b", b"try:", b"except ImportError:", b"if x:", b"else:", b"\n",
    b"    ", b"\t", b"__import__('c')", b"(", b")", b"'''", b"#", b" coding: ", b"utf-16", b"\0",
    b"\xef\xbb\xbf", b"\xff", b"\\", b"\r", b"\f", b"lambda: ", b"async ", b"match x:", b"f'{",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(), st.lists(st.sampled_from(PIECES)).map(b"".join)))
def test_scan__any_bytes__result_or_source_error(source: bytes) -> None:
    with contextlib.suppress(SourceError):
        scan(source, "s.py")
