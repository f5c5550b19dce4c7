"""Environments made by the user's own conda, mamba or micromamba.

Those that are on PATH are tried; a stand-in is always (`tests.support.stand_in` says why).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import refused, requirements, unpacked
from tests.support.packages import PLACEHOLDER
from tests.support.tools import TREE, Tools, command

pytestmark = pytest.mark.slow

REAL = [name for name in ("conda", "mamba", "micromamba") if shutil.which(name)]
SHAPES = ["greeting", "many-files", "post-link", "prefix-binary", "prefix-text"]


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    start = f"PYTHONPATH='{TREE}' exec '{sys.executable}' -m tests.support.stand_in \"$@\""
    return executable(tmp_path / "bin/conda", f"STAND_IN_LOG='{tmp_path}/given' {start}")


# A real conda's channels have pip, and conda adds it to each Python; the tests' has none.
SETTINGS: dict[str, str | None] = {"CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY": "false"}
if "CONDA_SOLVER" in os.environ:
    SETTINGS["CONDA_SOLVER"] = os.environ["CONDA_SOLVER"]


@pytest.mark.parametrize("name", ["stand-in", *REAL])
def test_environment__made_by_a_conda__is_as_any_other(
    tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path, name: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    tools = tools.at(tools.home, work)
    program = str(stand_in) if name == "stand-in" else name
    needs = requirements(work, *SHAPES, python=python)
    args = ["--conda-executable", program, "-c", str(channel.folder), str(needs), "mine"]
    done = tools.create(*args, env=SETTINGS)
    assert done.returncode == 0, done.stderr
    assert "UnsatisfiableError" not in done.stderr
    prefix = tools.environments / "mine"
    listed = (tools.home / ".conda/environments.txt").read_text()
    assert listed == f"{prefix}\n"
    works_at(prefix)
    moved = unpacked(work / "mine.tar.gz", tmp_path / "elsewhere")
    texts = [path.read_bytes() for path in moved.rglob("*") if path.is_file()]
    assert not any(bytes(tools.home) in text or b".part/prefix" in text for text in texts)
    subprocess.run([moved / "bin/conda-unpack"], check=True)
    works_at(moved)


def works_at(prefix: Path) -> None:
    """Check that programs, texts and binaries of an environment name its place."""
    for program, said in (("greet", "hello, world"), ("prefix-text", str(prefix))):
        ran = subprocess.run([prefix / "bin" / program], capture_output=True, text=True)
        assert ran.stdout == f"{said}\n", ran.stderr
    data = (prefix / "lib/prefix-binary.dat").read_bytes()
    assert data.startswith(b"\x7fDATA\0root=" + bytes(prefix) + b"/share\0")
    assert len(data) == len(b"\x7fDATA\0root=/share\0end\0") + len(PLACEHOLDER)
    assert data.endswith(b"\0end\0")
    assert (prefix / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {prefix}\n"


def test_archive__made_twice_elsewhere__is_the_same_bytes(
    session_tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path
) -> None:
    made = []
    for name in ("one", "two-longer"):
        home, folder = tmp_path / name / "home", tmp_path / name / "work"
        home.mkdir(parents=True)
        folder.mkdir()
        needs = requirements(folder, "greeting", "prefix-binary", python=python)
        args = ["--conda-executable", stand_in, "-c", channel.folder, needs, "./mine.tar"]
        done = session_tools.at(home, folder).create(*args)
        assert done.returncode == 0, done.stderr
        made.append((folder / "mine.tar").read_bytes())
    assert made[0] == made[1]


def test_program__is_given__what_all_of_them_understand(
    tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "shared-data>=1,<2", python=python)
    args = ["--conda-executable", stand_in, "--offline", "-c", channel.folder, needs, "e.tar"]
    done = tools.create("-q", *args)
    assert (done.returncode, done.stderr) == (0, "")
    given = json.loads((tmp_path / "given").read_text())
    prefix = given[given.index("--prefix") + 1]
    assert given == [
        *["create", "--yes", "--prefix", prefix, "--override-channels"],
        *["--channel", str(channel.folder), "--offline"],
        *["shared-data>=1,<2", f"python={python}"],
    ]
    assert not Path(prefix).exists()


@pytest.mark.parametrize("variable", ["PATH", "CONDA_EXE"])
def test_program__by_its_name__is_looked_up(
    tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path, variable: str
) -> None:
    needs = requirements(tmp_path, "shared-data", python=python)
    where = str(stand_in)
    bare = f"{Path(sys.executable).parent}:{os.defpath}"
    env: dict[str, str | None] = {"CONDA_EXE": where, "PATH": bare}
    if variable == "PATH":
        env = {"PATH": f"{stand_in.parent}:{tools.environment['PATH']}"}
    args = ["--conda-executable", "conda", "-c", channel.folder, needs, "e.tar"]
    assert tools.create(*args, env=env).returncode == 0
    assert (tmp_path / "given").exists()


def test_program__what_it_says__is_shown_if_details_are_wanted(
    tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "shared-data", python=python)
    args = ["--conda-executable", stand_in, "-c", channel.folder, needs, "e.tar"]
    assert "will be INSTALLED" not in tools.create(*args).stderr
    assert "will be INSTALLED" in tools.create("-v", *args).stderr


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("echo 'LibMambaUnsatisfiableError: no'; exit 1", 4, "LibMambaUnsatisfiableError: no"),
        ("echo http://me:sesame@h/t/sesame/x; exit 1", 4, "http://h/x"),
        ("echo Transaction; echo; echo no space >&2; exit 1", 5, "no space"),
        ("echo; echo 'Executing transaction: failed'; kill -9 $$", 5, "status -9"),
        ("exit 0", 5, "made no environment"),
    ],
)
def test_program__that_fails__exits_with_the_stage_s_code_and_what_it_said(
    tools: Tools, channel: Channel, python: str, script: str, code: int, says: str
) -> None:
    program = executable(tools.home / "conda", script)
    needs = requirements(tools.cwd, "shared-data", python=python)
    args = ["--conda-executable", str(program), "-c", str(channel.folder), str(needs), "mine"]
    said = refused(tools, code, *args)
    assert says in said
    assert "sesame" not in said + refused(tools, code, "-v", *args)
    assert list(tools.environments.glob("*")) == []


def test_program__real_solver_finds_nothing__exits_4(
    tools: Tools, channel: Channel, python: str, stand_in: Path
) -> None:
    needs = requirements(tools.cwd, "no-such-package", python=python)
    args = ["--conda-executable", str(stand_in), "-c", str(channel.folder), str(needs), "mine"]
    (tools.cwd / "given").touch()
    assert "no-such-package" in refused(tools, 4, *args)


@pytest.mark.parametrize("name", ["no-such-conda", "./missing", "./folder", "./text"])
def test_program__that_cannot_be_run__exits_2(tools: Tools, python: str, name: str) -> None:
    (tools.cwd / "folder").mkdir()
    (tools.cwd / "text").write_text("no program")
    needs = requirements(tools.cwd, "shared-data", python=python)
    said = refused(tools, 2, "--conda-executable", name, "-c", "x", needs, "mine")
    assert f"{name} cannot be run" in said


@pytest.mark.parametrize(
    "option", [["--platform", "linux-s390x"], ["--exclude-newer", "2025-01-01"]]
)
def test_program__with_what_only_the_built_in_solver_can__exits_1(
    tools: Tools, python: str, option: list[str]
) -> None:
    needs = requirements(tools.cwd, "shared-data", python=python)
    said = refused(tools, 1, *option, "--conda-executable", "conda", needs, "mine")
    assert "--conda-executable" in said


def test_signal__while_the_program_is_at_work__ends_it_too(
    tools: Tools, channel: Channel, python: str
) -> None:
    started = tools.home / "started"
    script = f"sleep 60 & echo $! > '{started}.part'; mv '{started}.part' '{started}'; wait"
    program = executable(tools.home / "conda", script)
    needs = requirements(tools.cwd, "shared-data", python=python)
    argv = [*command("python_package_create"), "--conda-executable", str(program)]
    argv += ["-c", str(channel.folder), str(needs), "mine"]
    process = subprocess.Popen(argv, env=tools.environment, cwd=tools.cwd, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not started.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    child = int(started.read_text())
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}/status").exists():
        if "\nState:\tZ" in Path(f"/proc/{child}/status").read_text():
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert list(tools.environments.glob(".*")) == []


def test_wheels__beside_what_a_conda_installed__go_with_it(
    tools: Tools, channel: Channel, python: str, stand_in: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "extra-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("extra.py", "")
        head = "Metadata-Version: 2.1\nName: extra\nVersion: 1.0\n"
        wheel.writestr("extra-1.0.dist-info/METADATA", head)
        wheel.writestr("extra-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("extra-1.0.dist-info/RECORD", "")
    needs = requirements(tmp_path, "greeting", {"pip": ["extra"]}, python=python)
    args = ["--conda-executable", stand_in, "-c", channel.folder, needs, "e.tar"]
    done = tools.create(*args, env={"UV_FIND_LINKS": str(tmp_path), "UV_NO_INDEX": "1"})
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "e.tar") as archive:
        assert any(name.endswith("/extra.py") for name in archive.getnames())
