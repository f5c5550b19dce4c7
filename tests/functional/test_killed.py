"""create killed at any moment: what it leaves is whole, and the next one succeeds."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import requirements
from tests.support.tools import Tools, command

HOOKS = 50
KEPT = ("archives", "members", "bytecode")


def tree(prefix: Path) -> set[str]:
    return {path.relative_to(prefix).as_posix() for path in prefix.rglob("*")}


def killed(tools: Tools, channel: Channel, needs: Path, after: float) -> bool:
    """Start a create and kill it; whether it was still at work."""
    argv = [*command("python_package_create"), "-q", "-c", str(channel.folder), str(needs), "mine"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        argv, env=tools.environment, cwd=tools.cwd, stdout=quiet, stderr=quiet
    )
    time.sleep(after)
    process.kill()
    return process.wait() < 0


@pytest.mark.slow
def test_create__killed_at_random_moments__leaves_nothing_half_made(
    session_tools: Tools,
    channel: Channel,
    tmp_path: Path,
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    tools = Tools(home, work, tmp_path / "cache")
    python = channel.python.version
    needs = requirements(tmp_path, "greeting", "many-files", "prefix-text", python=python)
    started = time.monotonic()
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    took = time.monotonic() - started
    archive, prefix = work / "mine.tar.gz", tools.environments / "mine"
    whole, files = archive.read_bytes(), tree(prefix)
    moments = random.Random(4)
    caught = 0
    for number in range(HOOKS):
        if number % 2:  # with what is kept, and without
            for name in KEPT:
                shutil.rmtree(tools.cache / "pypackage" / name, ignore_errors=True)
        caught += killed(tools, channel, needs, moments.uniform(0, took))
        assert archive.read_bytes() == whole
        assert not prefix.exists() or tree(prefix) == files
        if number % 5 == 4:
            done = tools.create("-c", channel.folder, needs, "mine")
            assert done.returncode == 0, done.stderr
            assert archive.read_bytes() == whole
            assert tree(prefix) == files
    assert caught > HOOKS // 4
    assert sorted(path.name for path in work.iterdir()) == ["mine.lock", "mine.tar.gz"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["making packages of what is installed", "compiling", "packing"])
def test_create__interrupted__ends_within_a_second_in_one_line(tools: Tools, step: str) -> None:
    (tools.cwd / "r.txt").write_text("iniconfig\n")
    argv = [*command("python_package_create"), "-c", "host", "r.txt", "./a.tar.gz"]
    environment = {**tools.environment, "XDG_CACHE_HOME": str(tools.cwd / "empty")}
    process = subprocess.Popen(
        argv, env=environment, cwd=tools.cwd, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line == f"{step} ...\n":
            break
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=1.5)[1]  # half a second is for a busy machine
    assert (process.returncode, said) == (130, "python_package_create: error: interrupted\n")
    assert not (tools.cwd / "a.tar.gz").exists()


def test_create__interrupted_while_it_loads_its_modules__ends_without_a_word(
    tools: Tools,
) -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name not in ('pypackage', 'pypackage.cli'):\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "sys.argv[0] = 'python_package_create'\n"
        "import pypackage.cli.create\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=tools.environment, cwd=tools.cwd, capture_output=True
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_create__interrupted_in_a_callback__shows_no_traceback(tools: Tools) -> None:
    code = (
        "from pypackage.cli import interrupt\n"
        "interrupt.watch('python_package_create')\n"
        "class Dropped:\n"
        "    def __del__(self):\n"
        "        raise KeyboardInterrupt  # as while importlib drops a lock\n"
        "Dropped()\n"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, env=tools.environment, cwd=tools.cwd, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
