from __future__ import annotations

import os
import pickle
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from platform import python_version

import cloudpickle
import pytest

import pypackage
from pypackage.archive.manifest import PATH, Package, render
from pypackage.core.errors import InputPathError, UsageError
from pypackage.pipeline.environment import Difference, Environment

VERSION = {name: metadata.version(name) for name in ("cloudpickle", "numpy", "packaging")}


def made(folder: Path, **versions: str) -> Environment:
    """The folder of an environment that has these packages."""
    packages = [Package(n, v, "0", "linux-64", "", "", ()) for n, v in versions.items()]
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(render(packages, [], [])[1])
    return Environment(folder)


def test_environment__as_a_value__is_its_path_and_tells_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "env", python="3.11.7", numpy="2.0")
    monkeypatch.chdir(tmp_path)
    found = Environment(Path("env"))
    monkeypatch.chdir("/")
    assert os.fspath(found) == str(found) == str(tmp_path / "env")
    assert (found.python, found.platform) == ("3.11.7", "linux-64")
    assert found.packages == {"python": "3.11.7", "numpy": "2.0"}
    assert len(found.id) == 64
    assert found.size == (tmp_path / "env" / PATH).stat().st_size
    assert {found: 1}[pickle.loads(pickle.dumps(found))] == 1
    assert cloudpickle.loads(cloudpickle.dumps(found)).id == found.id


def test_environment__that_is_not_there__is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match="no such environment"):
        Environment(tmp_path / "nothing").id  # noqa: B018


def test_differences__same_minor_of_python_and_packages__none(tmp_path: Path) -> None:
    patch = f"{sys.version_info[0]}.{sys.version_info[1]}.99"
    found = made(tmp_path / "env", python=patch, **VERSION)
    assert found.differences() == ()
    assert found.differences(found) == ()


def test_differences__each_that_matters__with_both_versions(tmp_path: Path) -> None:
    found = made(tmp_path / "env", python="3.1.0", numpy="1.0", packaging="1.0")
    other = made(tmp_path / "other", python="3.1.9", numpy="1.0", scipy="1.0")
    assert found.differences() == (
        Difference("python", "3.1.0", python_version()),
        Difference("cloudpickle", "", VERSION["cloudpickle"]),
        Difference("numpy", "1.0", VERSION["numpy"]),
    )
    assert found.differences(other) == ()
    assert found.differences(other, ["packaging"]) == (Difference("packaging", "1.0", ""),)


def test_launcher__path_with_spaces__acts_as_the_python_of_the_environment(tmp_path: Path) -> None:
    folder = tmp_path / "an env"
    found = made(folder, python=python_version())
    runner = tmp_path / "a runner"
    runner.write_text("#!/bin/sh\nprintf '%s|' \"$@\"\n")
    runner.chmod(0o755)
    script = found.launcher(tmp_path / "py thon", runner=runner)
    said = subprocess.run([script, "-c", "a b"], capture_output=True, text=True, check=True)
    assert said.stdout == f"-e|{folder}|--|python3|-c|a b|"


def test_package__names__are_all_there() -> None:
    assert set(pypackage.__all__) <= set(dir(pypackage))
    assert all(getattr(pypackage, name) for name in pypackage.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        pypackage.nothing  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize("things", [(), ("one.tar.gz",), (len, "one.tar.gz", "two.tar.gz")])
def test_environment_for__nothing_or_two_targets__is_refused(things: tuple[object, ...]) -> None:
    with pytest.raises(UsageError, match="give functions or other objects, and one target"):
        pypackage.environment_for(*things)
