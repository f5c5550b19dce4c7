from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from platform import python_version

import pytest

from pypackage.archive import read_manifest
from pypackage.archive.manifest import PATH, Package, render
from pypackage.core.errors import InputPathError, MismatchError
from pypackage.integrations import compatibility
from pypackage.integrations.dask import TALK, jobqueue_settings
from tests.shell.environments import Environment, pack_foreign

HERE = {"python": python_version(), "packaging": metadata.version("packaging")}


def environment(folder: Path, versions: Mapping[str, str]) -> Path:
    """The folder of an environment that has these packages."""
    packages = [Package(n, v, "0", "noarch", "", "", ()) for n, v in versions.items()]
    path = folder / PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(render(packages, [], [])[1])
    return folder


def test_check__the_same__is_silent(tmp_path: Path) -> None:
    compatibility.check(environment(tmp_path, HERE), ["packaging"])


def test_check__another_patch_of_python__is_silent(tmp_path: Path) -> None:
    other = f"{sys.version_info[0]}.{sys.version_info[1]}.99"
    compatibility.check(environment(tmp_path, {**HERE, "python": other}), ["packaging"])


def test_check__all_differ__names_each_with_both_versions(tmp_path: Path) -> None:
    there = environment(tmp_path, {"python": "3.99.1", "packaging": "0.1", "absent": "7"})
    with pytest.raises(MismatchError) as caught:
        compatibility.check(there, ["packaging", "absent", "pytest"])
    assert caught.value.message == (
        f"{tmp_path} does not go with this Python: python is {HERE['python']} here and 3.99.1 "
        f"there; packaging is {HERE['packaging']} here and 0.1 there; absent is missing here "
        f"and 7 there; pytest is {metadata.version('pytest')} here and missing there"
    )
    assert "python_package_create" in caught.value.hint


def test_check__conda_forges_names__are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", {"dask": "1", "msgpack": "2"}.__getitem__)
    there = {**HERE, "dask-core": "1", "msgpack-python": "2"}
    compatibility.check(environment(tmp_path, there), ["dask", "msgpack"])


def test_packages__archive__are_those_of_its_manifest(tmp_path: Path) -> None:
    archive = Environment().pack(tmp_path / "env")
    assert read_manifest.read(archive)["packages"] == {"python": "3.11.7"}


def test_packages__nothing_there__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match="no such environment"):
        read_manifest.read(tmp_path / "absent")
    with pytest.raises(InputPathError, match="no such environment"):
        read_manifest.read(tmp_path)


def test_packages__no_manifest__is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    for path in (tmp_path / "text", pack_foreign(tmp_path / "foreign.tar.gz")):
        with pytest.raises(InputPathError, match="does not say what is in it"):
            read_manifest.read(path)


def test_jobqueue_settings__client_agrees__stand_for_python_wherever_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    versions = {"python": python_version(), **dict.fromkeys(TALK, "1.0")}
    there = environment(tmp_path / "the environment", versions)
    (there / "bin").mkdir()
    (there / "bin" / "python3").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    python = jobqueue_settings("the environment")["python"]
    script = f"{python} -c 'import os; print(os.environ[\"CONDA_PREFIX\"])'"
    done = subprocess.run(["sh", "-c", script], cwd="/", capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{there}\n", "")


def test_engines__import__no_engine_is_loaded() -> None:
    program = (
        "import pypackage.integrations.dask, pypackage.integrations.work_queue, sys; "
        "print(sorted({'dask', 'distributed', 'parsl', 'work_queue'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
