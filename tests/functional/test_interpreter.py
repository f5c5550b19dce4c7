from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from pypackage.core.errors import InputPathError
from pypackage.python import _probe, interpreter

VERSION = sys.version.split()[0]


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_venv(tmp_path: Path) -> Path:
    venv.create(tmp_path / "venv", symlinks=True)
    return tmp_path / "venv"


def test_ask__running_interpreter__tells_of_itself() -> None:
    answer = interpreter.ask(Path(sys.executable))
    assert answer.executable == Path(sys.executable)
    assert answer.version == VERSION
    assert answer.major_minor == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert answer.prefix == Path(sys.prefix)
    assert answer.stdlib == Path(os.__file__).parent
    assert answer.extension_suffix == sysconfig.get_config_var("EXT_SUFFIX")
    assert answer.markers["python_full_version"] == VERSION
    assert {"os", "json"} <= answer.stdlib_module_names


def test_ask__running_or_started__same_answer() -> None:
    code = "import sys; from pypackage.python import _probe; sys.argv[1:] = []; _probe.main()"
    root = Path(_probe.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    inside, outside = (
        subprocess.run(argv, env=environment, cwd="/", capture_output=True, check=True).stdout
        for argv in ([sys.executable, "-c", code], [sys.executable, "-I", "-S", _probe.__file__])
    )
    assert inside == outside != b""


def test_ask__venv__its_own_folders_and_its_base(bare_venv: Path) -> None:
    answer = interpreter.ask(bare_venv / "bin" / "python")
    assert answer.prefix == bare_venv
    assert answer.base_prefix == Path(sys.base_prefix)
    assert [p for p in answer.search_path if "site-packages" in p.parts] == [
        bare_venv / "lib" / f"python{answer.major_minor}" / "site-packages"
    ]


def test_ask__pythonpath_and_user_site__are_on_the_search_path_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    user = tmp_path / "user" / "lib" / short / "site-packages"
    for folder in (user, tmp_path / "given", tmp_path / "editable", tmp_path / "here"):
        folder.mkdir(parents=True)
    (user / "e.pth").write_text(f"{tmp_path / 'editable'}\n")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "user"))
    monkeypatch.setenv("PYTHONPATH", "../given")
    base = Path(os.path.realpath(sys.executable))
    paths = interpreter.ask(base).search_path
    site = next(p for p in paths if Path(sys.base_prefix) in p.parents and p.name.endswith("ages"))
    order = [tmp_path / "given", Path(os.__file__).parent, user, tmp_path / "editable", site]
    assert sorted(order, key=paths.index) == order
    assert tmp_path / "here" not in paths
    assert Path(_probe.__file__).parent not in paths
    venv.create(tmp_path / "venv", symlinks=True)  # closed to the user site
    assert user not in interpreter.ask(tmp_path / "venv" / "bin" / "python").search_path
    monkeypatch.setenv("PYTHONNOUSERSITE", "1")
    assert user not in interpreter.ask(base).search_path


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\necho '[1]'\n", "not one"]
)
def test_ask__no_interpreter__clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputPathError, match="is not a Python 3 interpreter that runs here"):
        interpreter.ask(script(tmp_path / "python3", text))


def test_find__nothing_named__python3_on_path(
    bare_venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(bare_venv / "bin"))
    assert interpreter.find().prefix == bare_venv


def test_find__no_python_on_path__the_running_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter.find().prefix == Path(sys.prefix)
    assert interpreter.environment().version == VERSION


def test_find__version__first_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "python3", "#!/bin/sh\nexit 127\n")  # as a pyenv shim that is not on
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in (VERSION, ".".join(VERSION.split(".")[:2]), "3"):
        assert interpreter.find(name).version == VERSION


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("3.1", "no Python 3.1 on PATH"),  # not 3.11
        ("no-such-python", "no Python interpreter 'no-such-python'"),
        ("/no/such/python", "no Python interpreter '/no/such/python'"),
        ("", "no Python interpreter ''"),
    ],
)
def test_find__nothing_fits__clear_error(name: str, message: str) -> None:
    with pytest.raises(InputPathError, match=f"^{message}") as raised:
        interpreter.find(name)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PYENV_ROOT", "versions/{version}/bin/python"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-{version}-linux-x86_64-gnu/bin/python3"),
    ],
)
def test_find__version_that_only_a_manager_has__is_found_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    # The one that answers is this very Python, under a version that PATH has none of.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", _probe.__file__], capture_output=True, text=True, check=True
    ).stdout.replace(f"\0version={VERSION}\0", "\0version=3.99.1\0")
    path = tmp_path / place.format(version="3.99.1")
    path.parent.mkdir(parents=True)
    (tmp_path / "answer").write_text(answer)
    script(path, f"#!/bin/sh\ncat {tmp_path}/answer\n")
    monkeypatch.setenv(variable, str(tmp_path))
    assert interpreter.find("3.99").version == "3.99.1"


def test_environment__python3_is_the_running_one_by_another_name__no_process(
    bare_venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys; from pypackage.python.interpreter import environment as found"
    code += "; print(found().version)"
    code += "; print('subprocess' in sys.modules)"
    root = Path(_probe.__file__).parents[2]
    environment = {"PATH": str(bare_venv / "bin"), "PYTHONPATH": str(root)}
    argv = [str(bare_venv / "bin" / "python"), "-c", code]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [VERSION, "False"]


def test_environment__python3_is_another__that_one_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {**_probe.brief(), "version": ["3.42.1"]}
    answer = "".join(f"\0{name}={one}" for name, listed in told.items() for one in listed)
    (tmp_path / "answer").write_text(answer)
    script(tmp_path / "python3", f"#!/bin/sh\ncat {tmp_path}/answer\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert interpreter.environment().version == "3.42.1"


def test_environment__running_or_started__same_answer(tmp_path: Path) -> None:
    running = interpreter.running_environment()
    venv.create(tmp_path / "venv", symlinks=True)
    started = interpreter.environment(str(tmp_path / "venv" / "bin" / "python"))
    inside = [str(tmp_path / "venv"), running.base_prefix, running.extension_suffix]
    assert [started.prefix, started.base_prefix, started.extension_suffix] == inside
    assert started.markers == running.markers == _probe.markers()
    assert started.stdlib_module_names == running.stdlib_module_names
    (site,) = tmp_path.glob("venv/lib/python3.*/site-packages")
    assert started.sites[-1] == str(site)


@pytest.mark.parametrize("text", ["#!/bin/sh\necho hello\n", "#!/bin/sh\nprintf 'a\\0b'\n"])
def test_environment__no_interpreter__clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputPathError, match="is not a Python 3 interpreter that runs here"):
        interpreter.environment(str(script(tmp_path / "python3", text)))


def test_ask__code_in_pth_files__is_not_run_but_folders_are_taken(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    (site,) = tmp_path.glob("venv/lib/python3.*/site-packages")
    ran = tmp_path / "ran"
    (tmp_path / "project").mkdir()
    lines = f"import pathlib; pathlib.Path({str(ran)!r}).touch()\n{tmp_path / 'project'}\nnone\n"
    (site / "hook.pth").write_text(lines)
    python = tmp_path / "venv" / "bin" / "python"
    assert interpreter.ask(python).search_path[-2:] == (site, tmp_path / "project")
    assert interpreter.environment(str(python)).sites[-2:] == (str(site), str(tmp_path / "project"))
    assert not ran.exists()


def test_markers__as_packaging_has_them() -> None:
    from packaging.markers import default_environment

    told = {name: value for name, value in default_environment().items() if name != "extra"}
    assert _probe.markers() == told
