"""A signal that arrives after any line of what begins, or takes and releases the locks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

from tests.shell.conftest import PLAIN, Runner
from tests.shell.environments import SCRIPT

HIT = """
hit() {
    hit=$?
    [ -n "${hit_once-}" ] || { hit_once=yes && kill -TERM "$$"; }
    return "$hit"
}
"""

SHELLS = ["dash-gnu", "busybox-busybox", "bash-gnu", "mksh-gnu"]
ENDED = (-signal.SIGTERM, 128 + signal.SIGTERM)  # mksh ends so in an EXIT trap


@pytest.mark.slow
@pytest.mark.parametrize("machine", SHELLS, indirect=True)
@pytest.mark.parametrize(
    "function",
    ["need_files", "redirect", "locked", "return_to_outer", "claim", "release", "guard"],
)
def test_runner__terminated_after_any_line__ends_and_leaves_nothing(
    runner: Runner, function: str
) -> None:
    PLAIN.pack(runner.folder / "E")
    script = SCRIPT.read_text()
    found = re.search(rf"^{function}\(\) {{\n(?: .*\n|\n)*", script, re.MULTILINE)
    assert found
    changed = runner.folder / "run"
    reached = 0
    for line in re.compile(r"    .*\n").finditer(script, found.start(), found.end()):
        changed.write_text(f"#!/bin/sh{HIT}{script[: line.end()]}hit\n{script[line.end() :]}")
        if subprocess.run([*runner.shell, "-n", changed], capture_output=True).returncode:
            continue  # in the middle of a command
        done = runner.run("--no-cache", "-e", "E", "show", script=changed)
        assert done.stdout or done.returncode in ENDED, line[0]
        assert (done.stderr, list(runner.cache.glob("*"))) == ("", []), line[0]
        reached += done.returncode != 0
    assert reached


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["bash-gnu"], indirect=True)
def test_runner__its_group_terminated_at_any_time__says_nothing(runner: Runner) -> None:
    # Of a hundred, three children were forked just then, and told of a failure.
    PLAIN.pack(runner.folder / "E")
    for number in range(150):
        process = runner.start("--no-cache", "-e", "E", "show")
        time.sleep(number / 1000)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert errors == ""
