from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pypackage.archive import writers
from pypackage.archive.contents import Contents, Entry
from pypackage.core.errors import InputPathError
from pypackage.core.progress import SILENT
from pypackage.integrations.work_queue import Wrapped, wrap
from tests.shell.environments import Environment


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "the user's folder"
    folder.mkdir()
    return Environment().pack(folder / "an environment.tar.gz")


def run(wrapped: Wrapped, sandbox: Path) -> str:
    """Do what a worker does: put the files into a folder, and start sh there."""
    sandbox.mkdir()
    for file in wrapped.inputs:
        shutil.copy(file.local, sandbox / file.remote)
    env = {"PATH": os.environ["PATH"], "WORK_QUEUE_SANDBOX": str(sandbox)}
    command = ["sh", "-c", wrapped.command]
    done = subprocess.run(command, cwd=sandbox, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_wrap__words__are_the_commands_words(archive: Path, tmp_path: Path) -> None:
    output = run(wrap(["show", "a b", "$HOME", "'"], archive), tmp_path / "sandbox")
    prefix, *words = output.splitlines()
    assert words == ["a b", "$HOME", "'"]
    assert prefix.startswith(str(tmp_path / "sandbox" / "python_package_cache"))


def test_wrap__line__is_run_by_sh_in_the_environment(archive: Path, tmp_path: Path) -> None:
    wrapped = wrap("for i in 1 2; do show it\\'s $i; done > all; cat all", archive)
    output = run(wrapped, tmp_path / "sandbox")
    assert [line for line in output.splitlines() if "/" not in line] == ["it's", "1", "it's", "2"]


def test_wrap__inputs__are_absolute_and_cached(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.parent)
    inputs = wrap("true", archive.name).inputs
    assert {file.remote for file in inputs} == {archive.name, "python_package_run"}
    assert all(file.cache and os.path.isabs(file.local) for file in inputs)


def test_wrap__no_archive__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match="no such archive"):
        wrap("true", tmp_path / "absent.tar.gz")


@pytest.mark.parametrize("name", ["mine.layers", "mine.json"])
def test_wrap__layers_folder__sends_each_part_as_a_cached_file(tmp_path: Path, name: str) -> None:
    entry = Entry("lib/python3.11/site-packages/own.py", None, b"x = 1\n")
    writers.write(Contents((entry,), (), ()), "layers", tmp_path / "there" / name, SILENT)
    wrapped = wrap(["python3", "-V"], tmp_path / "there" / name)
    assert wrapped.command == f"./python_package_run -e {name} -- python3 -V"
    top = tmp_path / "there"
    sent = {str(one.relative_to(top)) for one in top.rglob("*") if one.is_file()}
    assert {one.remote for one in wrapped.inputs} == {*sent, "python_package_run"}
    assert all(one.cache for one in wrapped.inputs)
    next(top.rglob("*.tar.gz")).unlink()
    with pytest.raises(InputPathError, match="1 of 4 parts"):
        wrap("true", top / name)
