"""The archive that was made: its content, unpacked as a user does, and on a bare worker."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import SHAPES, no_python, refused, requirements, unpacked
from tests.support.needs import missing
from tests.support.tools import Tools
from tests.support.worker import WORKERS, Bind, Worker


@pytest.mark.slow
def test_create__twice_elsewhere__gives_the_same_bytes(
    session_tools: Tools,
    channel: Channel,
    python: str,
    tmp_path: Path,
) -> None:
    made = []
    for name in ("one", "two"):
        home, folder = tmp_path / name / "home", tmp_path / name / "work"
        home.mkdir(parents=True)
        folder.mkdir()
        tools = session_tools.at(home, folder)
        needs = requirements(folder, *SHAPES, python=python)
        done = tools.create("--rebuild", "-c", channel.folder, needs, "mine")
        assert done.returncode == 0, done.stderr
        made.append((folder / "mine.tar.gz").read_bytes())
    assert made[0] == made[1]


def test_archive__scripts_of_any_interpreter__run_by_its_true_path(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "shebangs")
    done = tools.create("-c", channel.folder, needs, "mine.tar.gz")
    assert done.returncode == 0, done.stderr
    moved = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    subprocess.run([sys.executable, moved / "etc/pypackage/relocate.py", moved], check=True)
    first = (moved / "bin/with-option").read_text().splitlines()[0]
    assert first == f"#!{moved}/bin/own-sh -e"
    outside = {"PATH": "/usr/bin:/bin"}
    for name, code, says in (("with-option", 1, "begun\n"), ("without-option", 0, "done\n")):
        ran = subprocess.run([moved / "bin" / name], env=outside, capture_output=True, text=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (code, says, "")


def test_create__file_of_two_packages__is_packed_once_as_it_is_on_disk(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "sharing-a", "sharing-b")
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0
    assert "warning: sharing-a and sharing-b both have share/common: " in done.stderr
    with tarfile.open(tmp_path / "mine.tar.gz") as archive:
        names = archive.getnames()
        common = archive.extractfile("share/common")
        assert common is not None
        content = common.read().decode()
    assert sorted(names) == sorted(set(names))
    assert [name for name in names if "clobber" in name or "CACHEDIR" in name] == []
    assert content == (tools.environments / "mine" / "share/common").read_text()


@pytest.mark.slow
def test_create__package_cache_that_was_written_to__is_refused(
    tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A cache of its own, for it is spoilt: by a write through a hard link in an environment.
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    needs = no_python(tools.cwd, "shared-data")
    assert tools.create("-c", channel.folder, needs, "mine", env=env).returncode == 0
    time.sleep(1.1)
    table = tools.environments / "mine/share/shared-data/table.csv"
    table.write_text("other")
    said = refused(tools, 6, "-c", channel.folder, needs, "other", env=env)
    assert "share/shared-data/table.csv was changed in the package cache" in said
    assert "remove" in said


def test_archive__of_all_shapes__has_no_trace_of_this_machine(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, *SHAPES, python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    traces = [str(part).encode() for part in (tools.home, tools.cache, channel.folder, tmp_path)]
    found = [
        path
        for path in prefix.rglob("*")
        if path.is_file() and any(trace in path.read_bytes() for trace in traces)
    ]
    assert found == []


def test_archive__manifest__tells_packages_and_needs(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "greeting", "prefix-binary", python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    content = json.loads((prefix / "etc/pypackage/manifest.json").read_text())
    assert content["python"] == python
    assert content["platform"] == channel.platform
    assert re.fullmatch(r"2\.\d+", content["glibc"])
    names = {package["name"]: package for package in content["packages"]}
    assert {"python", "greeting", "shared-data", "prefix-binary"} <= names.keys()
    assert re.fullmatch("[0-9a-f]{64}", names["greeting"]["sha256"])
    paths = {one["path"] for one in content["relocate"]}
    assert "lib/prefix-binary.dat" in paths


def test_archive__conda_pack_s_contract__unpacks_activates_and_relocates(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, *SHAPES, python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    shutil.rmtree(tools.environments)
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "some where")
    subprocess.run([prefix / "bin/conda-unpack"], check=True, env={"PATH": "/usr/bin:/bin"})
    assert (prefix / "etc/prefix-text.conf").read_text() == f"root={prefix}\nlib={prefix}/lib\n"
    script = f". '{prefix}/bin/activate'; greet; echo $HOOK_POSIX; python -c 'import old_form'"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"hello, world\non in {prefix}\n"


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_archive__on_a_bare_worker__runs_a_task_with_its_own_python(
    tools: Tools, channel: Channel, python: str, tmp_path: Path, bare_worker: Worker
) -> None:
    if not channel.has("numpy"):
        missing("numpy is not installed here (PyPI: numpy)")
    needs = requirements(tmp_path, *SHAPES, "numpy", python=python)
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    work = tmp_path / "worker"
    work.mkdir()
    shutil.move(tmp_path / "mine.tar.gz", work)
    with tarfile.open(work / "mine.tar.gz") as archive:
        archive.extract("bin/python_package_run", work)
    (work / "task.py").write_text(
        "import sys, numpy, greeting, many_files\n"
        "print(sys.prefix == sys.argv[1], int(numpy.arange(5).sum()))\n"
        "print(open(sys.prefix + '/etc/prefix-text.conf').readline(), end='')\n"
    )
    command = 'python3 task.py "$CONDA_PREFIX" && echo "$HOOK_POSIX" && where-am-i && prefix-text'
    ran = bare_worker.run(
        ["bin/python_package_run", "mine", command],
        cwd="/task",
        binds=[Bind(work, "/task", writable=True)],
        env={"PYTHON_PACKAGE_CACHE": "/task/cache"},
    )
    assert ran.returncode == 0, ran.stderr
    (environment,) = (work / "cache").glob("[0-9a-f]*")
    prefix = f"/task/cache/{environment.name}"
    lines = ["True 10", f"root={prefix}", f"on in {prefix}", f"{prefix}/share", prefix]
    assert ran.stdout.splitlines() == lines
