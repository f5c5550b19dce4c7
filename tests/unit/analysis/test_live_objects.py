from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import packaging.version
import pytest

import pypackage
from pypackage.core.errors import UsageError
from pypackage.requirements.model import Requirements

HOME = """\
import functools, importlib, json
from importlib import import_module as load
import packaging.version
import zq_own

NUMBERS = [packaging.version.parse("1")]

def decorated(function):
    @functools.wraps(function)
    def inner(*arguments):
        return function(*arguments)
    return inner

class Base:
    def inherited(self):
        import zq_base

class Model(Base):
    def run(self):
        import zq_model
        return self.inherited()

def own_import():
    import os
    import zq_a.b
    from zq_c import d

def optional_import():
    try:
        import zq_a
    except ImportError:
        pass

def global_module():
    return packaging.version.parse

def global_value():
    return NUMBERS

def default(x=NUMBERS):
    return x

def calls_helper():
    return [helper() for _ in "ab"]

def helper():
    return json.dumps, global_module()

def dynamic():
    load("zq_a.b")
    importlib.import_module("zq_c")
    __import__("zq_d")

def dynamic_by_local_names():
    import importlib as loader
    from importlib import util, import_module
    import_module("zq_a.b")
    loader.import_module("zq_c")
    return util.find_spec, "zq_x"

@decorated
def with_decorator():
    import zq_a

def makes_model():
    return Model()

def namespaces():
    import google.cloud.storage
    from google.cloud import bigquery

def of_own_module():
    return zq_own.f()

def nothing():
    return json.dumps("zq_x")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A module of the user's own, and another one beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "zq_home.py").write_text(HOME)
    (folder / "zq_own.py").write_text("def f():\n    import zq_inside\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        yield importlib.import_module("zq_home")
    for name in ("zq_home", "zq_own"):
        del sys.modules[name]


def needs(thing: object) -> Requirements:
    return pypackage.analyze_function(thing, pin="none")


def modules(thing: object) -> list[str]:
    return list(needs(thing).modules)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own_import", ["zq_a", "zq_c"]),
        ("global_module", ["packaging"]),
        ("global_value", ["packaging"]),
        ("default", ["packaging"]),
        ("calls_helper", ["packaging"]),
        ("dynamic", ["zq_a", "zq_c", "zq_d"]),
        ("dynamic_by_local_names", ["zq_a", "zq_c"]),
        ("with_decorator", ["zq_a"]),
        ("makes_model", ["zq_base", "zq_model"]),
        ("Model", ["zq_base", "zq_model"]),
        ("of_own_module", ["zq_inside"]),
        ("nothing", []),
    ],
)
def test_analyze_function__function__what_it_leads_to(
    home: Any, name: str, expected: list[str]
) -> None:
    assert modules(getattr(home, name)) == expected


def test_analyze_function__other_callables__looked_into_as_well(home: Any) -> None:
    assert modules(home.Model().run) == ["zq_base", "zq_model"]
    assert modules(functools.partial(home.nothing, home.own_import)) == ["zq_a", "zq_c"]
    assert modules(home.own_import.__code__) == ["zq_a", "zq_c"]
    assert modules(lambda: packaging.version) == ["packaging"]


def test_analyze_function__functions_of_extension_modules__their_modules() -> None:
    random = pytest.importorskip("numpy.random")
    array, written_in_c, of_cython = random.rand(1).sum, random.rand, random.default_rng
    assert modules(lambda: array()) == ["numpy"]
    assert modules(lambda: written_in_c()) == ["numpy"]
    assert modules(lambda: of_cython()) == ["numpy"]
    added = list[int]().append
    assert modules(lambda: (added, len)) == []


def test_analyze_function__class_without_a_name_of_its_module__is_looked_into() -> None:
    odd = type("Odd", (), {"__module__": 3, "f": lambda self: packaging.version})
    assert modules(lambda: odd) == ["packaging"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="made when asked for")
def test_analyze_function__annotations__go_with_it() -> None:
    def annotated(one: packaging.version.Version | None) -> str:
        return str(one)

    annotated.__annotations__["one"] = packaging.version.Version | None  # of text here
    assert modules(annotated) == ["packaging"]


def test_analyze_function__optional_import__says_so(home: Any) -> None:
    result = needs(home.optional_import)
    assert result.modules == ()
    assert dict(result.optional) == {"zq_a": "try/except ImportError"}


def test_analyze_function__module_of_the_users_own__is_local(home: Any) -> None:
    assert needs(home.of_own_module).local == ("zq_own.py",)
    assert needs(home.own_import).local == ()


def test_analyze_function__namespace_package__each_of_its_packages(home: Any) -> None:
    result = needs(home.namespaces)
    assert result.modules == ("google",)
    packages = " ".join([*result.pip, *result.dependencies])
    assert "google-cloud-storage" in packages
    assert "google-cloud-bigquery" in packages


def test_analyze_function__closure__what_is_in_it() -> None:
    version = packaging.version

    def outer() -> Callable[[], object]:
        def inner() -> object:
            return version.parse

        return inner

    assert modules(outer()) == ["packaging"]


def test_analyze_function__result__names_the_running_python_and_packages(home: Any) -> None:
    result = needs(home.global_module)
    assert result.python == sys.version.split()[0]
    assert "packaging" in " ".join([*result.pip, *result.dependencies])


def test_analyze_function__function_without_source__all_is_required() -> None:
    names: dict[str, Any] = {}
    exec("def f():\n    try:\n        import zq_a\n    except ImportError:\n        pass", names)
    assert modules(names["f"]) == ["zq_a"]


@pytest.mark.parametrize("thing", [1, "f", None])
def test_analyze_function__no_function__is_an_error(thing: object) -> None:
    with pytest.raises(UsageError, match="not a function"):
        pypackage.analyze_function(thing)


def test_analyze__sources__same_as_the_executable(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("import zq_a\ndef f():\n    import zq_b\n")
    assert pypackage.analyze(script, python="3.11").modules == ("zq_a", "zq_b")
    assert pypackage.analyze(script, python="3.11", toplevel=True).modules == ("zq_a",)
    assert pypackage.analyze(script, python="3.11", function="f").modules == ("zq_b",)
    with pytest.raises(UsageError):
        pypackage.analyze()
