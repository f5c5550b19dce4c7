"""The formats of the archive, through the executables, unpacked as a user does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import Tools
from tests.support.worker import Bind, Worker

# What unpacks each, with the option that names the folder.
UNPACK = {
    "tar.gz": "mkdir {1} && tar xzf {0} -C {1}",
    "tar": "mkdir {1} && tar xf {0} -C {1}",
    "tar.zst": "mkdir {1} && zstd -dcq {0} | tar xf - -C {1}",
    "zip": "unzip -q {0} -d {1}",
    "squashfs": "unsquashfs -quiet -no-progress -dest {1} {0} >/dev/null",
    "folder": "mv {0} {1}",
}
# The unit tests of the writers have each format; a whole environment goes into these always.
USUAL = ("tar.gz", "tar.zst", "folder")
NEEDED = {"tar.zst": ("zstd",), "zip": ("unzip",), "squashfs": ("mksquashfs", "unsquashfs")}


@pytest.fixture
def needs(channel: Channel, tmp_path: Path) -> Path:
    path = tmp_path / "requirements.json"
    conda = {"dependencies": ["greeting", "prefix-text", "prefix-binary", "many-files"]}
    path.write_text(
        json.dumps({"python": channel.python.version, "modules": ["greeting"], "conda": conda})
    )
    return path


@pytest.mark.parametrize(
    "format_",
    [
        pytest.param(format_, marks=[] if format_ in USUAL else pytest.mark.slow)
        for format_ in UNPACK
    ],
)
def test_format__by_the_runner_and_unpacked_by_its_own_tool__relocates_and_runs(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path, format_: str
) -> None:
    need(*NEEDED.get(format_, ("sh",)))
    done = tools.create("--format", format_, "-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    name = "mine" if format_ == "folder" else f"mine.{format_}"
    assert done.stdout == f"{name}\n"
    out = tmp_path / "some" / "where"
    out.parent.mkdir()
    if format_ != "folder":
        env = {"PYTHON_PACKAGE_CACHE": str(tmp_path / "cache")}
        for environment in (name, "mine"):
            ran = tools.run("-e", environment, "greet", env=env)
            assert (ran.returncode, ran.stdout) == (0, "hello, world\n"), ran.stderr
    subprocess.run(UNPACK[format_].format(name, out), shell=True, check=True, cwd=tmp_path)
    ran = tools.run("-e", out, "sh", "-c", "greet; cat $CONDA_PREFIX/etc/prefix-text.conf")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"hello, world\nroot={out}\nlib={out}/lib\n"


@pytest.mark.parametrize("format_", [pytest.param("tar.zst", marks=pytest.mark.slow), "sh"])
def test_format__made_twice_elsewhere__has_the_same_bytes(
    session_tools: Tools, channel: Channel, needs: Path, tmp_path: Path, format_: str
) -> None:
    need(*NEEDED.get(format_, ("sh",)))
    made = []
    for name in ("one", "two"):
        home, folder = tmp_path / name / "home", tmp_path / name / "work"
        home.mkdir(parents=True)
        folder.mkdir()
        tools = session_tools.at(home, folder)
        options = ("--rebuild", "-c", channel.folder, "--format", format_)
        done = tools.create(*options, needs, f"./e.{format_}")
        assert done.returncode == 0, done.stderr
        made.append((folder / f"e.{format_}").read_bytes())
    assert made[0] == made[1]


def test_sh__started_by_itself__runs_a_command_and_has_the_runner_s_options(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path
) -> None:
    done = tools.create("-c", channel.folder, needs, "mine.sh")
    assert done.returncode == 0, done.stderr
    (tmp_path / "elsewhere").mkdir()
    script = tmp_path / "elsewhere" / "my env.sh"
    (tmp_path / "mine.sh").rename(script)
    env = {**os.environ, "PYTHON_PACKAGE_CACHE": str(tmp_path / "cache")}
    for command in ([str(script), "greet"], ["sh", script.name, "--", "greet"]):
        ran = subprocess.run(
            command, cwd=script.parent, env=env, capture_output=True, text=True, timeout=60
        )
        assert (ran.returncode, ran.stdout) == (0, "hello, world\n"), ran.stderr
    ran = tools.run("-e", script, "greet", env={"PYTHON_PACKAGE_CACHE": str(tmp_path / "cache")})
    assert (ran.returncode, ran.stdout) == (0, "hello, world\n"), ran.stderr
    help_ = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert "Usage: my env.sh" in help_.stdout
    subprocess.run([script, "-u", tmp_path / "there"], check=True, env=env)
    assert (tmp_path / "there/bin/greet").is_file()


def test_sh__on_a_bare_worker__needs_nothing_else(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path, bare_worker: Worker
) -> None:
    done = tools.create("-c", channel.folder, needs, "mine.sh")
    assert done.returncode == 0, done.stderr
    binds = [Bind(tmp_path, "/task")]
    ran = bare_worker.run(["./mine.sh", "python3", "-c", "print(6 * 7)"], cwd="/task", binds=binds)
    assert (ran.returncode, ran.stdout) == (0, "42\n"), ran.stderr


def test_folder__made_again__replaces_its_own_and_no_other(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        done = tools.create("-c", channel.folder, needs, "./e", "--format", "folder")
        assert done.returncode == 0, done.stderr
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/main.tex").touch()
    done = tools.create("-c", channel.folder, needs, "./thesis", "--format", "folder")
    assert done.returncode == 6
    assert "choose another name" in done.stderr
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["main.tex"]


def test_squashfs__without_the_program__exits_6_before_the_work(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path
) -> None:
    done = tools.create(
        "-c", channel.folder, needs, "e.squashfs", env={"PATH": str(tmp_path / "nothing")}
    )
    assert done.returncode == 6
    assert "install squashfs-tools" in done.stderr
    assert "solving" not in done.stderr


def test_slim_and_exclude__archive__lacks_the_files_and_works(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path
) -> None:
    rules = ("--slim", "--exclude", "etc/prefix-text.conf", "--include", "include/*/pyconfig.h")
    done = tools.create(*rules, "-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    assert (tools.environments / "mine/etc/prefix-text.conf").is_file()
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "xzf", "mine.tar.gz", "-C", out], check=True, cwd=tmp_path)
    assert not (out / "etc/prefix-text.conf").exists()
    omitted = json.loads((out / "etc/pypackage/manifest.json").read_text())["omitted"]
    assert omitted["files"] > 0
    assert omitted["rules"] == [
        "--slim",
        "--exclude etc/prefix-text.conf",
        "--include include/*/pyconfig.h",
    ]
    for record in out.glob("conda-meta/*.json"):
        listed = json.loads(record.read_text())["files"]
        assert [path for path in listed if not os.path.lexists(out / path)] == []
    shutil.copytree(out, tmp_path / "copy", symlinks=True)
    subprocess.run([tmp_path / "copy/bin/conda-unpack"], check=True)
    ran = tools.run("-e", out, "greet")
    assert (ran.returncode, ran.stdout) == (0, "hello, world\n"), ran.stderr
