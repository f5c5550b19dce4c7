from __future__ import annotations

import ast

import pytest

from pypackage.analysis.imports import Why, scan
from pypackage.core.errors import SourceError


def modules(source: str) -> dict[str, Why]:
    return {one.module: one.why for one in scan(source.encode(), "s.py").imports}


PYTHON_2 = """\
import a
print "import not_this"
try:
    import b
except ImportError, error:
    print error
if a <> 1:
    import c; exec "import d"
def f((x, y)):
    from e import (g,
                   h)
    raise ValueError, "x"
"""


def test_scan__python_2__its_imports_with_their_guards() -> None:
    found = scan(PYTHON_2.encode(), "s.py")
    assert {one.module: one.why for one in found.imports} == {
        "a": Why.REQUIRED,
        "b": Why.OPTIONAL,
        "c": Why.REQUIRED,
        "d": Why.REQUIRED,
        "e": Why.REQUIRED,
    }
    assert {one.module: (one.line, one.column) for one in found.imports}["e"] == (10, 5)
    assert [one.line for one in found.remarks] == [2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a\ndef f(:\n  import b\nimport c", {"a", "b", "c"}),
        ("import a\nfrom b import (\n", {"a", "b"}),
        ("import a\nx = [1,\nimport b", {"a", "b"}),
        ("import a\nx = '''\nimport b", {"a"}),
        ("import a\nx = 'open\nimport b", {"a", "b"}),
        ("import a\n<<<<<<< HEAD\nimport b\n=======\nimport c\n", {"a", "b", "c"}),
        ("lazy import a\nlazy from b import c", {"a", "b"}),
        ("type X[T] = list[T]\ndef f[T](x: T) -> T:\n import a\n?", {"a"}),
        ("class not(x):\n  import a\n", {"a"}),
        ("import a\nx = = 1; import b", {"a", "b"}),
        ("import a\nx = = __import__('b')", {"a", "b"}),
        ("  import a\nimport b", {"a", "b"}),
    ],
)
def test_scan__source_of_no_grammar__its_imports_and_a_remark(
    source: str, expected: set[str]
) -> None:
    found = scan(source.encode(), "s.py")
    assert {one.module for one in found.imports} == expected
    assert len(found.remarks) == 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print 1\ntry:\n import a\nexcept (X, ImportError), e:\n import b", Why.OPTIONAL),
        ("print 1\ntry:\n import a\nexcept ImportError:\n raise X, 'y'", Why.REQUIRED),
        ("print 1\nif TYPE_CHECKING:\n import a", Why.TYPE_CHECKING),
        ("print 1\nif TYPE_CHECKING:\n pass\nelif x:\n pass\nelse:\n import a", Why.REQUIRED),
        ("print 1\nimport sys\nif sys.version_info < (3,):\n import a", Why.TARGET),
        ("print 1\nif 0: import a", Why.DEAD),
        ("print 1\nwhile x:\n pass\nelse: import a", Why.REQUIRED),
        ("print 1\ntry: import a\nfinally: x()", Why.REQUIRED),
        ("print 1\nwith suppress(ImportError): import a", Why.OPTIONAL),
    ],
)
def test_scan__block_of_no_grammar__is_still_that_block(source: str, expected: Why) -> None:
    assert modules(source)["a"] is expected


def test_scan__expression_of_20000_terms__imports_and_a_remark() -> None:
    source = f"import a\nx = {'b + ' * 20_000}b\nimport c\n"
    found = scan(source.encode(), "s.py")
    assert [one.module for one in found.imports] == ["a", "c"]
    try:
        ast.parse(source)  # as 3.10 does, and 3.14 where the stack is large enough
    except (RecursionError, MemoryError):
        assert len(found.remarks) == 1
    else:
        assert found.remarks == ()


@pytest.mark.parametrize("source", ["print 'hello'\n", "type X = int\nexcept* y:", "x = 0777\n"])
def test_scan__another_version_without_imports__is_no_error(source: str) -> None:
    assert scan(source.encode(), "s.py").imports == ()


@pytest.mark.parametrize("source", ["def f(:\n", "{]", "this is English, isn't it?", "x = '"])
def test_scan__no_python_at_all__is_an_error(source: str) -> None:
    with pytest.raises(SourceError, match=r"^s\.py:1:"):
        scan(source.encode(), "s.py")


@pytest.mark.parametrize("source", ["import {0}\n", "from {0} import b\n"])
def test_scan__module_of_100000_parts__its_first_ones_and_a_remark(source: str) -> None:
    found = scan(source.format(".".join(["a"] * 100_000)).encode(), "s.py")
    assert [one.top for one in found.imports] == ["a"]
    assert "too many dots in a row" in found.remarks[0].text
