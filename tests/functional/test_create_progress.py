"""What is said of the work while it is done."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess

from tests.support.channels import Channel
from tests.support.creating import no_python, requirements
from tests.support.tools import Tools, command


def test_progress__not_on_a_terminal__is_plain_lines(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "shared-data", python=python)
    said = tools.create("-c", channel.folder, needs, "mine").stderr.splitlines()
    said = [line for line in said if line != "compiling ..."]  # once, for all tests
    assert said == ["solving ...", "installing packages ...", "verifying ...", "packing ..."]


def test_quiet__success__says_nothing(tools: Tools, channel: Channel) -> None:
    needs = no_python(tools.cwd, "shared-data")
    done = tools.create("-q", "-c", channel.folder, needs, "mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.tar.gz\n", "")


def test_verbose__success__names_each_package(tools: Tools, channel: Channel) -> None:
    needs = no_python(tools.cwd, "shared-data")
    done = tools.create("-v", "-c", channel.folder, needs, "mine")
    assert "shared-data" in done.stderr


def test_progress__on_a_terminal__is_bars_that_leave_nothing(
    tools: Tools, channel: Channel
) -> None:
    needs = no_python(tools.cwd, "many-files")
    argv = [*command("python_package_create"), "-c", str(channel.folder), str(needs), "mine"]
    master, slave = pty.openpty()
    process = subprocess.Popen(
        argv, env={**tools.environment, "TERM": "xterm"}, cwd=tools.cwd, stderr=slave
    )
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal's end is an error
        while block := os.read(master, 4096):
            shown += block
    os.close(master)
    assert process.wait() == 0
    assert b"packing" in shown
    assert "━".encode() in shown
