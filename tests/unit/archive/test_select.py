from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.archive import select, slim
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Omitted, Package, Relocation
from pypackage.archive.select import SelectionRule
from pypackage.core.progress import Reporter
from tests.support.heard import Heard

SITE = "lib/python3.11/site-packages"


def contents(*packages: str, **files: str) -> Contents:
    """An environment of some packages and files; `S` is site-packages."""
    entries = [
        Entry(path.replace("S/", SITE + "/"), None, text.encode(), package="numpy")
        for path, text in files.items()
    ]
    known = tuple(Package(name, "1", "0", "linux-64", "", "", ()) for name in packages)
    return Contents(tuple(entries), (), known)


def of(*paths: str, packages: tuple[str, ...] = ()) -> Contents:
    return contents(*packages, **dict.fromkeys(paths, ""))


def kept(made: Contents) -> list[str]:
    return [entry.target.replace(SITE + "/", "S/") for entry in made.entries]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (["-share/doc"], ["bin/a", "share/x"]),
        (["-share/*"], ["bin/a"]),
        (["-./share/"], ["bin/a"]),
        (["-share", "+*/y"], ["bin/a", "share/doc/y"]),
        (["-share", "+*/y", "-*/y"], ["bin/a"]),
        (["-*doc*"], ["bin/a", "share/x"]),
        (["-shar"], ["bin/a", "share/doc/y", "share/x"]),
    ],
)
def test_select__rules__the_last_that_matches_decides(rules: list[str], left: list[str]) -> None:
    parsed = [SelectionRule(rule[1:], rule[0] == "+") for rule in rules]
    made = select.select(of("bin/a", "share/doc/y", "share/x"), parsed, False, Reporter())
    assert kept(made) == left


def test_select__rule_without_a_match__is_told() -> None:
    hearing = Heard()
    select.select(of("bin/a"), [SelectionRule("bim/*")], False, hearing)
    assert hearing.warnings == ["no file of the environment matches --exclude bim/*"]


def test_select__nothing_asked_for__changes_nothing() -> None:
    given = of("bin/a")
    assert select.select(given, [], False, Reporter()) is given


def test_select__module__takes_its_byte_code_along() -> None:
    given = of("S/a.py", "S/__pycache__/a.cpython-311.pyc", "S/__pycache__/ab.cpython-311.pyc")
    made = select.select(given, [SelectionRule("*/a.py")], False, Reporter())
    assert kept(made) == ["S/__pycache__/ab.cpython-311.pyc"]


def test_select__what_is_left_out__is_mentioned_by_the_manifest_alone() -> None:
    table = "#!\n\n_prefix_records = [\n('share/x', '/p', 'text'),\n('bin/y', '/p', 'text')\n]\nend"
    record = {"name": "numpy", "files": ["share/x", "bin/y"], "paths_data": {"paths": []}}
    record["paths_data"] = {"paths": [{"_path": "share/x"}, {"_path": "bin/y"}]}
    files = {"bin/conda-unpack": table, "conda-meta/numpy.json": json.dumps(record)}
    given = contents(**files, **{"share/x": "12345", "bin/y": ""})
    relocations = tuple(Relocation(path, "text", "/p") for path in ("share/x", "bin/y"))
    given = Contents(given.entries, relocations, ())
    made = select.select(given, [SelectionRule("share")], False, Reporter())
    assert b"share/x" not in b"".join(entry.data or b"" for entry in made.entries)
    script = next(e.data for e in made.entries if e.target == "bin/conda-unpack")
    assert script == b"#!\n\n_prefix_records = [\n('bin/y', '/p', 'text')\n]\nend"
    assert [one.path for one in made.relocations] == ["bin/y"]
    assert made.omitted == Omitted(1, 5, ("--exclude share",))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("S/numpy/tests/test_a.py", "tests"),
        ("S/numpy/linalg/tests/data/x.bin", "tests"),
        ("lib/python3/dist-packages/numpy/tests/a.py", "tests"),  # of Debian's Python
        ("lib/python3.11/test/test_os.py", "tests"),
        ("lib/python3.11/idlelib/idle_test/x.py", "tests"),
        ("lib/python3.11/unittest/case.py", ""),
        ("S/tests/user.py", ""),
        ("S/numpy/testing/__init__.py", ""),
        ("S/numpy/core/lib/libnpymath.a", "static libraries"),
        ("lib/libz.so.1", ""),
        ("lib/python3.11/config-3.11-x86_64-linux-gnu/Makefile", "headers"),
        ("include/zlib.h", "headers"),
        ("S/cupy/_core/include/x.cuh", ""),
        ("lib/cmake/z/z.cmake", "headers"),
        ("share/doc/z/index.html", "documentation"),
        ("share/doc/z/LICENSE.txt", ""),
        ("share/doc/z/copyright", ""),
        ("share/man/man1/z.1", "documentation"),
        ("share/proj/proj.db", ""),
        ("S/numpy/core.pyi", "type stubs"),
        ("S/numpy/__init__.pyi", ""),
        ("S/mypy/typeshed/os.pyi", ""),
    ],
)
def test_slimming__by_kind_and_place__is_what_programs_do_not_need(path: str, kind: str) -> None:
    found = slim.kinds(of(path, "S/numpy/core.py", "S/numpy/__init__.py", "S/mypy/main.py"))
    assert found.get(path.replace("S/", SITE + "/"), "") == kind


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("S/astropy/__init__.py", "from .tests.runner import TestRunner"),
        ("S/astropy/__init__.py", "from . import (\n    a,\n    tests,\n)"),
        ("S/astropy/__init__.py", "f(1)\nfrom . import (\n    a,\n    tests)"),
        ("S/other/x.py", "    import a, astropy.tests.helper"),
        ("S/other.py", "m = import_module('astropy.tests')"),
    ],
)
def test_slimming__tests_that_a_module_imports__stay(place: str, code: str) -> None:
    files = {"S/astropy/tests/runner.py": "", "S/numpy/tests/a.py": "", place: code}
    assert list(slim.kinds(contents(**files))) == [f"{SITE}/numpy/tests/a.py"]


def test_slimming__tests_that_tests_import__go() -> None:
    files = {"S/a/tests/b.py": "from a.tests import c", "S/a/conftest.py": "import a.tests"}
    assert list(slim.kinds(contents(**files))) == [f"{SITE}/a/tests/b.py"]


def test_slimming__standard_tests_that_a_module_imports__stay() -> None:
    files = {"lib/python3.11/test/support.py": "", "S/a.py": "from test import support"}
    assert slim.kinds(contents(**files)) == {}


@pytest.mark.parametrize("package", ["root_base", "gcc_impl_linux-64", "cupy", "pytorch"])
def test_slimming__with_a_package_that_compiles__keeps_headers_and_libraries(package: str) -> None:
    given = of("include/a.h", "lib/a.a", "share/doc/a", packages=("python", package))
    assert list(slim.kinds(given)) == ["share/doc/a"]


def test_slim_and_include__bring_back_what_is_needed(tmp_path: Path) -> None:
    given = of("include/a.h", "lib/a.a", "bin/x")
    made = select.select(given, [SelectionRule("*.a", keep=True)], True, Reporter())
    assert kept(made) == ["lib/a.a", "bin/x"]
    assert made.omitted == Omitted(1, 0, ("--slim", "--include *.a"))


def test_slimming__a_fifth_of_much__is_worth_telling(tmp_path: Path) -> None:
    for name, size in (("core.py", 40), ("tests.py", 11)):
        (tmp_path / name).write_bytes(bytes(size * 10**6))
    core = Entry(f"{SITE}/a/core.py", tmp_path / "core.py")
    tests = Entry(f"{SITE}/a/tests/b.py", tmp_path / "tests.py")
    assert slim.worth_telling(Contents((core, tests), (), ())) == (11 * 10**6, 51 * 10**6)
    small = replace(tests, source=None, data=bytes(9))
    assert slim.worth_telling(Contents((core, small), (), ())) is None


def test_slimming__a_fifth_that_modules_import__is_not_worth_telling(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(bytes(11 * 10**6))
    tests = Entry(f"{SITE}/a/tests/b.py", tmp_path / "b.py")
    user = Entry(f"{SITE}/a/core.py", None, b"from .tests import b\n")
    assert slim.worth_telling(Contents((tests, user), (), ())) is None
