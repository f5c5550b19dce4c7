"""What is told of programs while they run."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from pypackage.core import process
from pypackage.core.errors import ProcessError

WRITES = "import sys, time; open('/dev/null', 'wb').write(bytes(3_000_000)); time.sleep(0.4)"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_run_told__program_that_writes__tells_its_bytes_and_returns_its_output() -> None:
    told: list[int] = []
    argv = [
        sys.executable,
        "-S",
        "-c",
        f"{WRITES}; print('done')",
    ]  # scripts/coverage.sh writes too
    assert process.run_told(argv, told.append) == b"done\n"
    assert 3_000_000 <= sum(told) < 3_100_000


def test_run_told__program_that_fails__carries_what_it_said() -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('no')"]
    with pytest.raises(ProcessError) as caught:
        process.run_told(argv, print)
    assert (caught.value.returncode, caught.value.output) == (1, "no\n")


def test_stream__program_that_fails__tells_each_line_and_carries_them_all() -> None:
    told: list[str] = []
    with pytest.raises(ProcessError) as caught:
        process.stream(["sh", "-c", "echo one; echo two >&2; exit 3"], told.append)
    assert told == ["one", "two"]
    assert (caught.value.returncode, caught.value.output) == (3, "one\ntwo\n")


def test_stream__interrupted__ends_all_that_the_program_started() -> None:
    running: list[subprocess.Popen[bytes]] = []

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.stream(["sh", "-c", "sleep 60 & echo; wait"], interrupt, on_start=running.append)
    assert running[0].returncode == -signal.SIGTERM
    output = running[0].stdout
    assert output is not None
    assert select.select([output], [], [], 30)[0]
    assert output.read() == b""  # nothing has it open, so the sleep has ended


@pytest.mark.parametrize("run", [process.run, lambda argv: process.stream(argv, print)])
def test_run__program_that_is_not_there__is_told(run: Callable[[list[str]], object]) -> None:
    with pytest.raises(ProcessError) as caught:
        run(["/none/such"])
    assert caught.value.returncode == process.CANNOT_START
