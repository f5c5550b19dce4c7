from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pypackage.python import interpreter, stdlib
from pypackage.python.interpreter import Environment

ALL = ["2.7", "3.6", "3.7.16", "3.8", "3.9", "3.10", "3.11.7", "3.12", "3.13.0rc1", "3.14"]


@pytest.fixture(scope="module")
def running() -> Environment:
    return interpreter.running_environment()


@pytest.mark.parametrize("version", ALL)
def test_names__any_version__has_platform_test_and_c_modules(version: str) -> None:
    wanted = {"os", "nt", "posix", "winreg", "msvcrt", "_winapi", "test", "_testcapi", "__main__"}
    wanted |= {"pyexpat", "_json", "_struct", "_ctypes", "antigravity"}
    assert wanted - stdlib.names(version) == set()
    assert not any("." in name for name in stdlib.names(version))


@pytest.mark.parametrize("version", ALL)
def test_names__third_party__is_not_standard(version: str) -> None:
    third_party = {"numpy", "setuptools", "pip", "six", "attr", "yaml", "typing_extensions"}
    assert not third_party & stdlib.names(version)


def test_names__modules_that_came_and_went__follow_the_version() -> None:
    def having(name: str) -> list[str]:
        return [version for version in ALL if name in stdlib.names(version)]

    assert having("tomllib") == ["3.11.7", "3.12", "3.13.0rc1", "3.14"]
    assert having("distutils")[-1] == "3.11.7"
    assert having("telnetlib")[-1] == "3.12"
    assert having("zoneinfo") == ALL[4:]
    assert having("asyncio") == ALL[1:]
    assert having("urllib2") == ["2.7"]


def test_names__running_interpreter__has_all_that_it_calls_its_own(running: Environment) -> None:
    assert running.stdlib_module_names - stdlib.names(running.version) == set()


def test_names__every_module_of_python_3_9__is_standard() -> None:
    from_files = (
        "_asyncio _bisect _blake2 _bz2 _codecs_jp _contextvars _csv _curses _datetime _decimal "
        "_elementtree _heapq _lzma _md5 _multiprocessing _opcode _pickle _posixshmem _queue "
        "_sha512 _sqlite3 _statistics _tkinter _zoneinfo _peg_parser _bootlocale _xxsubinterpreters"
    )
    assert set(from_files.split()) - stdlib.names("3.9.18") == set()


def test_names__running_version__same_as_stdlib_list_says() -> None:
    from stdlib_list import stdlib_list

    running = ".".join(map(str, sys.version_info[:2]))
    listed = {name.partition(".")[0] for name in stdlib_list(running)}
    assert listed - stdlib.names(running) == set()


def test_is_of_python_2__its_own_names_alone() -> None:
    assert all(map(stdlib.is_of_python_2, ("urllib2", "ConfigParser", "cPickle", "__builtin__")))
    assert not any(map(stdlib.is_of_python_2, ("urllib", "distutils", "imp", "numpy", "six")))
    assert not any(map(stdlib.is_of_python_2, stdlib.names("3.6")))


def test_is_never_shadowed__built_in_modules_of_this_python__are_known() -> None:
    first = {"sys", "builtins", "time", "os", "io", "abc"}
    assert all(map(stdlib.is_never_shadowed, first))
    assert not any(map(stdlib.is_never_shadowed, ("random", "json", "numpy", "test")))


def test_names__version_newer_than_the_list__interpreter_is_asked(running: Environment) -> None:
    future = running._replace(version="3.99.0", stdlib_module_names=frozenset({"os", "brand_new"}))
    assert {"brand_new", "winreg", "test"} <= stdlib.names("3.99.0", future)
    assert "json" not in stdlib.names("3.99.0", future)
    assert "brand_new" not in stdlib.names("3.11.7", future)
    assert stdlib.names("3.99") == stdlib.names("3.14")


def test_names__version_older_than_the_list__the_oldest_answers() -> None:
    assert stdlib.names("2.4") == stdlib.names("2.6")
    assert stdlib.names("3.1") == stdlib.names("3.2")


@pytest.mark.parametrize(
    ("version", "known"), [("2.7", True), ("3.14.2", True), ("3.15", False), ("4.0", False)]
)
def test_is_known__version__tells_whether_an_interpreter_is_needed(
    version: str, known: bool
) -> None:
    assert stdlib.is_known(version) is known


@pytest.mark.parametrize(
    ("built", "lacking"),
    [(["_tkinter", "_dbm"], ["test"]), (["_dbm"], ["tkinter", "turtle", "test"]), (None, [])],
)
def test_absent__modules_that_are_often_left_out__those_that_cannot_be_imported(
    running: Environment, tmp_path: Path, built: list[str] | None, lacking: list[str]
) -> None:
    library = tmp_path / "lib" / "python3.11"
    for name in built or ():
        (library / "lib-dynload").mkdir(parents=True, exist_ok=True)
        (library / "lib-dynload" / f"{name}.cpython-311-x86_64-linux-gnu.so").touch()
        (library / "tkinter").mkdir(exist_ok=True)
        (library / "turtle.py").touch()
    environment = running._replace(version="3.11.7", base_prefix=str(tmp_path))
    assert stdlib.absent(["tkinter", "turtle", "test", "_dbm"], environment) == lacking
