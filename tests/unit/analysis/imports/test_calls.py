from __future__ import annotations

import os

import pytest

from pypackage.analysis.imports import Why, scan


def modules(source: str) -> dict[str, Why]:
    return {one.module: one.why for one in scan(source.encode(), "s.py").imports}


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ("importlib.import_module('a.b')", "a.b"),
        ("importlib.import_module('.c', 'a.b')", "a.b.c"),
        ("importlib.import_module('..c', package='a.b')", "a.c"),
        ("importlib.import_module('.c', __package__)", ".c"),
        ("importlib.import_module(f'{__package__}.c')", ".c"),
        ("importlib.import_module('...c', 'a.b')", "...c"),
        ("importlib.__import__('a')", "a"),
        ("__import__('a', globals(), locals(), ['b'], 1)", ".a"),
        ("__import__('a', level=0)", "a"),
        ("pkgutil.resolve_name('a.b:c')", "a.b"),
        ("runpy.run_module('a.b')", "a.b"),
        ("exec('import a')", "a"),
        ("exec(compile('import a', 'x', 'exec'))", "a"),
        ("exec('exec(\"import a\")')", "a"),
        ("eval('__import__(\"a\")')", "a"),
    ],
)
def test_scan__call_that_imports__is_an_import(call: str, module: str) -> None:
    assert modules(call) == {module: Why.REQUIRED}


@pytest.mark.parametrize(
    "call",
    [
        "__import__()",
        "__import__(1)",
        "__import__('.')",
        "x.__import__('a')",
        "importlib.import_module('a-b')",
        "import_module('a')",
        "exec('not ( python')",
        "exec(open('x').read())",
        "def import_module(x): pass\nimport_module('a')",
        "def f(load): load('a')",
    ],
)
def test_scan__call_that_is_no_known_import__is_none(call: str) -> None:
    found = scan(call.encode(), "s.py")
    assert found.imports == ()
    assert found.remarks == ()


@pytest.mark.parametrize(
    "source",
    [
        "from importlib import import_module as load\nload('a')",
        "import importlib as il\nil.import_module('a')",
        "import importlib\nload = importlib.import_module\nrun = load\nrun('a')",
        "load = __import__\nload('a')",
        "def f():\n return load('a')\nfrom importlib import import_module as load",
        "from importlib import *\nimport_module('a')",
        "import importlib\nlist(map(importlib.import_module, ['a']))",
    ],
)
def test_scan__import_function_by_another_name__is_known(source: str) -> None:
    assert modules(source)["a"] is Why.REQUIRED


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'a' + '.b'", {"a.b"}),
        ("'%s.%s' % ('a', 'b')", {"a.b"}),
        ("'{}.b'.format('a')", {"a.b"}),
        ("'{x}.b'.format(x='a')", {"a.b"}),
        ("f'{NAME}.b'", {"name.b"}),
        ("'.'.join(['a', 'b'])", {"a.b"}),
        ("'a' if x else 'b'", {"a", "b"}),
        ("NAMES[1]", {"two"}),
        ("TABLE['k']", {"value"}),
        ("'A'.lower()", {"a"}),
        ("EITHER", {"this", "that"}),
    ],
)
def test_scan__name_put_together_from_constants__is_known(
    expression: str, expected: set[str]
) -> None:
    source = (
        "NAME = 'name'\nNAMES = ['one', 'two']\nTABLE = {'k': 'value'}\n"
        "if x:\n EITHER = 'this'\nelse:\n EITHER = 'that'\n"
        f"__import__({expression})"
    )
    assert set(modules(source)) == expected


@pytest.mark.parametrize(
    "loop",
    [
        "for m in ('a', 'b'):\n __import__(m)",
        "[__import__(m) for m in ['a', 'b']]",
        "MODULES = ['a']\nfor m in MODULES + ['b']:\n __import__(m)",
        "for m in {'a': 1, 'b': 2}:\n __import__(m)",
        "for m in {1: 'a', 2: 'b'}.values():\n __import__(m)",
        "for m in 'a b'.split():\n __import__(m)",
    ],
)
def test_scan__loop_over_literals__each_of_them(loop: str) -> None:
    assert set(modules(loop)) == {"a", "b"}


def test_scan__name_that_is_not_known__remark_with_its_place() -> None:
    source = (
        b"import sys\n\ndef f(name):\n    __import__(name)\n\n__import__('pre.' + sys.argv[1])\n"
    )
    found = scan(source, "s.py")
    assert [(one.line, one.column) for one in found.remarks] == [(4, 5), (6, 1)]
    assert [one.module for one in found.imports] == ["sys", "pre"]


def test_scan__find_spec__is_optional() -> None:
    source = "import importlib.util\nimportlib.util.find_spec('a.b')"
    assert modules(source)["a.b"] is Why.OPTIONAL
    assert modules("import pytest\npytest.importorskip('a')")["a"] is Why.OPTIONAL


def test_scan__exec_under_a_guard__shares_it() -> None:
    source = "try:\n exec('import a')\nexcept ImportError:\n pass\nif False:\n exec('import b')"
    assert modules(source) == {"a": Why.OPTIONAL, "b": Why.DEAD}


def test_scan__growing_constants__takes_no_time() -> None:
    lines = ["n0 = 'a'", *(f"n{i + 1} = n{i} + n{i}" for i in range(60)), "__import__(n60)"]
    assert modules("\n".join(lines)) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("sys.path.insert(0, 'lib')", ["lib"]),
        ("sys.path.append('../lib')", ["../lib"]),
        ("sys.path += ['lib', 'more']", ["lib", "more"]),
        ("sys.path.extend(('lib', 'more'))", ["lib", "more"]),
        ("sys.path[0:0] = ['lib']", ["lib"]),
        ("sys.path = ['lib'] + sys.path", ["lib"]),
        ("sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))", ["lib"]),
        ("sys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))", ["lib"]),
        ("sys.path.insert(0, str(Path(__file__).parents[1]))", [".."]),
        ("p = 'lib'\nsys.path.insert(0, p)", ["lib"]),
        ("site.addsitedir('lib')", ["lib"]),
        ("sys.path.insert(0, 'one')\nsys.path.insert(0, 'two')", ["two", "one"]),
        ("sys.path.append(x)", []),
        ("my.path.append('lib')", []),
    ],
)
def test_scan__change_of_sys_path__folders_relative_to_the_source(
    change: str, expected: list[str]
) -> None:
    head = "import os, site, sys\nfrom pathlib import Path\n"
    found = scan((head + change).encode(), "/somewhere/deep/s.py")
    assert found.paths == tuple(
        os.path.normpath(os.path.join("/somewhere/deep", one)) for one in expected
    )


def test_scan__unknown_name_with_several_values__is_told_once() -> None:
    source = b"import importlib\ndef f(a):\n    m = a + '.x'\n    m = importlib.import_module(m)\n"
    assert [(one.line, one.column) for one in scan(source, "s.py").remarks] == [(4, 9)]


@pytest.mark.parametrize(
    "what", ["f'from .{x} import *'", "'from .{} import *'.format(x)", "'import ' + x"]
)
def test_scan__executed_import_of_what_is_not_known__is_told(what: str) -> None:
    (remark,) = scan(f"import os\nfor x in os.listdir():\n exec({what})".encode(), "s.py").remarks
    assert remark.line == 3
