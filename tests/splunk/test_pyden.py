"""PyDen Manager's commands by the names and words of PyDen."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pypackage.integrations import pyden
from pypackage.integrations.pyden import commands, settings
from tests.splunk import driver
from tests.splunk.conftest import unpack
from tests.splunk.test_tools import failures
from tests.support import wheels
from tests.support.cpython import stand_in
from tests.support.http import Answer, serve
from tests.support.needs import need

VERSION = platform.python_version()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's folder as its commands find it, without an environment of its own."""
    folder = tmp_path / "apps/pyden_manager"
    shutil.copytree(Path(pyden.__path__[0]) / "app", folder)
    (folder / "local").mkdir()
    (folder / "bin/build").mkdir(parents=True)
    monkeypatch.setattr(sys, "argv", [str(folder / "bin/run_command.py")])
    return folder


def configure(app: Path, text: str) -> None:
    (app / "local/pyden.conf").write_text(text)


def test_settings__local__counts_before_default(app: Path) -> None:
    found = settings.load(app)
    assert found == settings.Settings(app.with_name("pyden"))
    configure(app, "[app]\nlocation = /srv/%d\noptimize = True\n[download]\nproxy = http://p:1\n")
    found = settings.load(app)
    assert (found.location, found.optimize, found.proxy) == (Path("/srv/%d"), True, "http://p:1")
    told = found.variables({"PATH": "/bin"})
    assert told["CONDA_ENVS_PATH"] == "/srv/%d/bin/envs"
    assert (told["https_proxy"], told["PATH"]) == ("http://p:1", "/bin")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (lambda: commands.createdist(), "createdist needs version=X.Y.Z"),
        (lambda: commands.createdist(version="--help"), "--help is not a version"),
        (lambda: commands.createdist(download="../x.tgz"), "bin/build/x.tgz"),
        (lambda: commands.createvenv(name="../x", version="3"), "is not the name of an env"),
        (lambda: commands.createvenv(name="x"), "createvenv needs version=X.Y.Z: the first that"),
        (lambda: commands.getpackages(), "name it by environment=NAME: the first that"),
        (lambda: commands.pip("install", "--target=/", environment="x"), "and no options"),
        (lambda: commands.pip("download", "x", environment="x"), "not download"),
        (lambda: commands.pydelete(), "pydelete needs the name"),
        (lambda: commands.pydelete("--all"), "is not the name of an environment"),
        (lambda: commands.pyden("../../etc/passwd", environment="x"), "there is no script"),
        (lambda: commands.pyden("", environment="x"), "there is no script"),
    ],
)
def test_command__words_that_make_no_sense__end_it_with_a_message(
    app: Path, command: Callable[[], Iterable[Any]], message: str
) -> None:
    with pytest.raises(SystemExit, match=message):
        list(command())


def test_getversions__page_of_the_mirror__is_listed_newest_first(app: Path, tmp_path: Path) -> None:
    names = ("3.9.1", "3.12.10", "3.12.9", "2.7.18", "doc")
    page = "".join(f'<a href="{name}/">{name}/</a>\n' for name in names).encode()
    with serve(tmp_path) as server:
        server.on("*/ftp/", lambda request, answer: Answer(200, {}, page))
        configure(app, f"[download]\nurl = {server.url}/ftp\n")
        found = list(commands.getversions())
    assert found == [{"version": one, "installed": False} for one in ("3.12.10", "3.12.9", "3.9.1")]


@pytest.mark.slow
def test_commands__of_pydens_documentation__build_fill_run_and_remove(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("make")
    wheels.wheel(tmp_path / "shelf", "said", "1.0")
    wheels.wheel(tmp_path / "shelf", "said", "2.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    stand_in(app / "bin/build/mypython.tgz", "3.99.1")
    (built,) = commands.createdist(version="3.99.1", download="mypython.tgz")
    assert Path(built["python"]).is_relative_to(app.with_name("pyden"))
    # The default, the first that was built, is asked, and not this machine: it is found out not to
    # be what it says.
    with pytest.raises(SystemExit, match=re.escape(built["python"])):
        list(commands.createvenv(name="newest"))
    (made,) = commands.createvenv(name="mypy", version=VERSION)
    assert (made["environment"], made["python"], made["default"]) == ("mypy", VERSION, True)
    # An environment that is not named is the first that was made.
    for words, got in (
        (("install", "said==1.0"), "1.0"),
        (("install", "--upgrade", "said"), "2.0"),
    ):
        packages = list(commands.pip(*words))
        assert ("said", got) in {(one["name"], one["version"]) for one in packages}
    script = app.with_name("other") / "bin/hello.py"
    script.parent.mkdir(parents=True)
    script.write_text("import said, sys\nprint(said.VERSION, *sys.argv[1:])\n")
    said = list(commands.pyden("other/bin/hello.py", "there"))
    assert said == [{"_raw": "2.0 there"}]
    packages = list(commands.pip("uninstall", "said", environment="mypy"))
    assert "said" not in {one["name"] for one in packages}
    assert list(commands.pydelete("mypy", "3.99.1")) == [
        {"removed": "mypy"},
        {"removed": "3.99.1"},
    ]
    assert list(commands.getvenvs()) == []
    left = settings.load(app)
    assert (left.distribution, left.environment) == ("", "")


@pytest.mark.slow
def test_app__made_and_installed__runs_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "pypackage.integrations.pyden", "pyden_manager.spl"]
    subprocess.run(command, cwd=tmp_path, check=True)
    app = unpack(tmp_path / "pyden_manager.spl", tmp_path / "apps")
    found = driver.run(app, "getvenvs")
    assert (found.error, found.records, found.status) == ("", [], 0), found.log
    found = driver.run(app, "getpackages", ["environment=none"])
    assert found.error.startswith("there is no environment or interpreter none"), found.log
    manifest = json.loads((app / "app.manifest").read_text())
    version = f"version = {manifest['info']['id']['version']}\n"
    assert version in (app / "default/app.conf").read_text()
    assert failures(app, tmp_path) == {}
