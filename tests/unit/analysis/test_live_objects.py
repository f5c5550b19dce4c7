from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import cloudpickle
import packaging.version
import pytest

import pypackage
from pypackage.core.errors import InputPathError, RequirementsError, UsageError
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

def one_of_two():
    try:
        import zq_fast as toml
    except ImportError:
        import packaging.version as toml
    return toml

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
    """A module that is sent by value as a notebook is, and one of the user's own beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "zq_home.py").write_text(HOME)
    (folder / "zq_own.py").write_text("def f():\n    import zq_inside\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.chdir(folder)
        module = importlib.import_module("zq_home")
        cloudpickle.register_pickle_by_value(module)
        yield module
        cloudpickle.unregister_pickle_by_value(module)
    for name in ("zq_home", "zq_own"):
        del sys.modules[name]


def needs(thing: object) -> Requirements:
    return pypackage.analyze_function(thing, pin="none")


def sent(thing: object) -> Requirements:
    return pypackage.analyze_pickle(cloudpickle.dumps(thing), pin="none")


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


def test_analyze_function__proxy_of_a_function__needs_what_its_pickle_does() -> None:
    class Proxy:  # as wrapt's
        __slots__ = ("ref",)
        __class__ = property(lambda self: type(self.ref()))

        def __init__(self, function: object) -> None:
            self.ref = weakref.ref(function)  # out of the analysis' sight

        def __getattr__(self, name: str) -> object:
            return getattr(self.ref(), name)

        def __reduce_ex__(self, _: object) -> str:
            raise NotImplementedError

    def function() -> object:
        return packaging.version.parse

    function.__module__ = "__main__"
    proxy = Proxy(function)
    there = pypackage.analyze_pickle(cloudpickle.dumps(lambda: proxy), pin="none")
    assert set(there.modules) - {"cloudpickle"} == set(modules(lambda: proxy)) == {"packaging"}


def test_analyze_function__type_variable_sent_by_value__needs_its_bound_alone(home: Any) -> None:
    home.T = TypeVar("T", bound=packaging.version.Version)
    home.T.__module__ = home.__name__
    assert modules(lambda kept=home.T: kept) == ["packaging"]


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


def test_analyze__one_of_two_imports__what_is_installed_is_required(home: Any) -> None:
    for result in (needs(home.one_of_two), sent(home.one_of_two)):
        assert "packaging" in result.modules
        assert dict(result.optional) == {"zq_fast": "try/except ImportError"}


def test_analyze_function__module_of_the_users_own__is_local(home: Any) -> None:
    assert [Path(one).name for one in needs(home.of_own_module).local] == ["zq_own.py"]
    assert needs(home.own_import).local == ()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Any]:
    """A module of the user's own that is sent by name, from a relative folder of `sys.path`."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "zq_sent.py").write_text(
        "import iniconfig\nclass Thing:\n    def go(self): return 1\n"
        "def task(x): return x\ndef inner():\n    return lambda x: x\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        # Python 3.10 takes "code" for the folder that it was when a module was last sought there.
        sys.path_importer_cache.pop("code", None)
        patch.syspath_prepend("code")
        yield importlib.import_module("zq_sent")
    del sys.modules["zq_sent"]


@pytest.mark.parametrize("name", ["task", "Thing"])
def test_analyze_function__of_an_importable_module__its_module_is_needed(
    own: Any, name: str
) -> None:
    result = needs(getattr(own, name))
    assert result.modules == ("iniconfig",)
    assert [Path(one).name for one in result.local] == ["zq_sent.py"]
    assert needs([own.Thing().go]) == result


def test_analyze_function__made_by_a_function_of_a_module__is_sent_by_value(own: Any) -> None:
    assert needs(own.inner()) == Requirements(sys.version.split()[0])


def test_analyze_function__of_an_installed_package__the_package() -> None:
    assert modules(packaging.version.parse) == ["packaging"]


def test_analyze_function__folder_changed_since__local_is_the_same_file(
    own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = needs(own.task).local
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert needs(own.task).local == before == (str(tmp_path.resolve() / "code" / "zq_sent.py"),)


def test_analyze_function__what_a_module_imports_when_it_runs__is_where_it_was_loaded_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (
        ("one/zq_late.py", "WHO = 'this'\n"),
        (
            "two/zq_sent.py",
            "import importlib\ndef f(): return importlib.import_module('zq_late')\n",
        ),
        ("two/zq_late.py", "import iniconfig\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["one", "two", *sys.path])
    late = (str(tmp_path.resolve() / "one" / "zq_late.py"),)
    try:
        sent, _ = importlib.import_module("zq_sent"), importlib.import_module("zq_late")
        expected = (*late, str(tmp_path.resolve() / "two" / "zq_sent.py"))
        assert needs(sent.f).local == expected
        monkeypatch.setattr(sys, "path", [str(tmp_path / "two"), *sys.path])
        assert needs(sent.f).local == expected
        monkeypatch.chdir("/")
        assert (needs(sent.f).local, needs(sent.f).modules) == (expected, ())
    finally:
        for name in ("zq_sent", "zq_late"):
            sys.modules.pop(name, None)


def test_analyze_function__file_of_the_module_is_gone__is_an_error(own: Any) -> None:
    Path(own.__file__).unlink()
    with pytest.raises(InputPathError, match="zq_sent was loaded from"):
        needs(own.task)


def test_analyze_function__module_of_another_name_than_its_file__is_an_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "plug-in.py").write_text("def f(): pass\n")
    spec = importlib.util.spec_from_file_location("zq_plug", tmp_path / "plug-in.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "zq_plug", module)
        spec.loader.exec_module(module)
        with pytest.raises(UsageError, match="zq_plug was loaded from"):
            needs(module.f)


def test_analyze_function__own_module_among_packages__is_local_and_they_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a folder is what `pip install --target` gives, with a program put into it."""
    info = tmp_path / "zq_vendored-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zq-vendored\nVersion: 1.0\n")
    (info / "RECORD").write_text("zq_vendored.py,,\n")
    (tmp_path / "zq_vendored.py").write_text("def f(): pass\n")
    (tmp_path / "zq_loose.py").write_text("import zq_vendored\ndef f(): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    loose = importlib.import_module("zq_loose")
    result = needs(loose.f)
    assert result.local == (str(tmp_path.resolve() / "zq_loose.py"),)
    assert list(result.modules) == modules(loose.zq_vendored.f) == ["zq_vendored"]


def test_analyze__function_that_toolz_names_by_a_text__needs_its_module(own: Any) -> None:
    toolz = pytest.importorskip("toolz")
    own.curried = toolz.curry(own.task)
    own.task.__qualname__ = "curried"  # as the decorator leaves it
    sent = pickle.dumps(own.curried)
    assert b"zq_sent:curried" in sent
    for needs in (pypackage.analyze_function(own.curried), pypackage.analyze_pickle(sent)):
        assert [Path(one).stem for one in needs.local] == ["zq_sent"]


def test_analyze_function__recursive_and_huge_lists__end(home: Any) -> None:
    loop: list[object] = [home.own_import]
    loop.append(loop)
    deep: list[object] = loop
    for _ in range(10_000):
        deep = [deep]
    assert modules([*range(100_000), deep]) == ["zq_a", "zq_c"]


def test_analyze_pickle__nothing_is_imported_or_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    data = pickle.dumps([Bomb(), packaging.version.Version("1")])
    data += pickle.dumps(1).replace(b"K\x01", b"czq_nowhere.inner\nf\n")
    found = pypackage.analyze_pickle(data, pin="none")
    assert found.modules == ("packaging", "zq_nowhere")
    assert not list(tmp_path.iterdir())
    assert not [one for one in sys.modules if one.startswith("zq_nowhere")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own_import", ["zq_a", "zq_c"]),
        ("dynamic", ["zq_a", "zq_c", "zq_d"]),
        ("global_module", ["packaging"]),
        ("Model", ["zq_base", "zq_model"]),
    ],
)
def test_analyze_pickle__function_by_value__its_imports(
    home: Any, name: str, expected: list[str]
) -> None:
    assert list(sent(getattr(home, name)).modules) == ["cloudpickle", *expected]


def test_analyze_pickle__optional_import__says_so(home: Any) -> None:
    sent = pypackage.analyze_pickle(cloudpickle.dumps(home.optional_import), pin="none")
    assert sent.modules == ("cloudpickle",)
    assert dict(sent.optional) == {"zq_a": "try/except ImportError"}


def test_analyze__module_sent_by_value__is_sent_with_all_that_is_in_it(home: Any) -> None:
    def uses() -> object:
        return home.nothing()

    sent = pypackage.analyze_pickle(cloudpickle.dumps(uses), pin="none")
    assert {"packaging", "zq_a", "zq_base", "zq_c"} < set(modules(uses))
    assert set(sent.modules) - {"cloudpickle"} <= set(modules(uses))


def test_analyze__cached_function_of_a_module_sent_by_value__needs_the_module(own: Any) -> None:
    own.task.__qualname__ = own.task.__name__ = "cached"
    own.cached = functools.lru_cache(own.task)
    cloudpickle.register_pickle_by_value(own)
    try:
        sent = cloudpickle.dumps(own.cached)
        for needs in (pypackage.analyze_function(own.cached), pypackage.analyze_pickle(sent)):
            assert [Path(one).stem for one in needs.local] == ["zq_sent"]
    finally:
        cloudpickle.unregister_pickle_by_value(own)


def test_analyze_pickle__object_made_by_a_function_sent_with_it__can_be_read(home: Any) -> None:
    class Made:
        def __reduce__(self) -> tuple[object, ...]:
            return (home.own_import, ())

    sent = pypackage.analyze_pickle(cloudpickle.dumps(Made()), pin="none")
    assert sent.modules == ("cloudpickle", "zq_a", "zq_c")


def test_analyze_function__relative_import_of_a_program__is_of_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zq_app").mkdir()
    (tmp_path / "zq_app" / "__init__.py").touch()
    (tmp_path / "zq_app" / "beside.py").write_text("import packaging\n")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__", "__package__": "zq_app"}
    exec("def f():\n    from . import beside\n    from .. import nothing", names)
    local = (str(tmp_path.resolve() / "zq_app"),)
    found = needs(names["f"])
    sent = pypackage.analyze_pickle(cloudpickle.dumps(names["f"]), pin="none")
    assert (found.modules, found.local) == (("packaging",), local)
    assert (sent.modules, sent.local) == (("cloudpickle", "packaging"), local)


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps([1, 2])[:-2]])
def test_analyze_pickle__no_pickle__is_an_error(data: bytes) -> None:
    with pytest.raises(RequirementsError, match="not a pickle"):
        pypackage.analyze_pickle(data)


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


TRIES = """
def swallows():
    try:
        import zq_a
    except ImportError:
        pass

def ends():
    try:
        import zq_a
    except ImportError as error:
        raise RuntimeError from error

def cleans_up():
    with open("x") as file:
        try:
            import zq_a
        finally:
            file.close()

def one_of_two():
    for _ in range(2):
        try:
            try:
                import zq_a
            except KeyError:
                pass
        except (ValueError, ModuleNotFoundError):
            import packaging
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="code has no table of handlers")
@pytest.mark.parametrize(
    ("name", "required", "optional"),
    [
        ("swallows", [], ["zq_a"]),
        ("ends", ["zq_a"], []),
        ("cleans_up", ["zq_a"], []),
        ("one_of_two", ["packaging"], ["zq_a"]),
    ],
)
def test_analyze__function_without_source__is_judged_by_its_handlers(
    name: str, required: list[str], optional: list[str]
) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(TRIES, names)
    for result in (needs(names[name]), sent(names[name])):
        assert [one for one in result.modules if one != "cloudpickle"] == required
        assert sorted(result.optional) == optional


@pytest.mark.parametrize("thing", [1, "f", None])
def test_analyze_function__no_function__is_an_error(thing: object) -> None:
    with pytest.raises(UsageError, match="not a function"):
        pypackage.analyze_function(thing)


def test_analyze__another_python_first_on_the_path__is_for_the_running_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    (tmp_path / "s.py").write_text("import packaging\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert pypackage.analyze(tmp_path / "s.py").python == sys.version.split()[0]


def test_analyze__sources__same_as_the_executable(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("import zq_a\ndef f():\n    import zq_b\n")
    assert pypackage.analyze(script, python="3.11").modules == ("zq_a", "zq_b")
    assert pypackage.analyze(script, python="3.11", toplevel=True).modules == ("zq_a",)
    assert pypackage.analyze(script, python="3.11", function="f").modules == ("zq_b",)
    with pytest.raises(UsageError):
        pypackage.analyze()
