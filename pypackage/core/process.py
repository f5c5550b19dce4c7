"""Run other programs: quiet unless they fail, and then with their whole output."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress

from pypackage.core.errors import ProcessError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

CANNOT_START = 127
"""The status of a program that could not be started."""

TOO_LONG = 124
"""The status of a program that was killed because it took too long."""

PATIENCE = 10  # seconds that a program gets to exit after SIGTERM


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
) -> bytes:
    """Run a program to completion and return its stdout.

    Args:
        argv: The command; the first element is looked up on PATH.
        timeout: Seconds after which it is killed.

    Raises:
        ProcessError: It could not be started or did not exit with 0 or in time; the error
            has all that it wrote to stdout and stderr.
    """
    command = [str(word) for word in argv]
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=timeout
        )
    except OSError as error:
        raise ProcessError(command, CANNOT_START, str(error)) from error
    except subprocess.TimeoutExpired as error:
        output = ((error.stdout or b"") + (error.stderr or b"")).decode(errors="replace")
        raise ProcessError(command, TOO_LONG, output) from error
    if done.returncode != 0:
        output = (done.stdout + done.stderr).decode(errors="replace")
        raise ProcessError(command, done.returncode, output)
    return done.stdout


def run_told(
    argv: Sequence[str | Path],
    on_written: Callable[[int], None],
    *,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run a long program as `run` does, and report how many bytes it writes meanwhile.

    Args:
        on_written: Called several times a second with the bytes since the last call; only on
            Linux: other systems do not provide this.
    """
    command, told = [str(word) for word in argv], 0
    with _start(command, env=env, stderr=subprocess.PIPE) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    stdout, stderr = process.communicate(timeout=0.2)
                    break
                written = max(told, _written(process.pid))
                on_written(written - told)
                told = written
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        output = (stdout + stderr).decode(errors="replace")
        raise ProcessError(command, process.returncode, output)
    return stdout


def _start(command: list[str], **how: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **how)
    except OSError as error:
        raise ProcessError(command, CANNOT_START, str(error)) from error


def _written(pid: int) -> int:
    """Return how many bytes a process has written so far; 0 if that is unknown."""
    with suppress(OSError, ValueError), open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(file.read().partition("wchar: ")[2].partition("\n")[0])
    return 0


def stream(
    argv: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_start: Callable[[subprocess.Popen[bytes]], None] = lambda _: None,
) -> None:
    """Run a long program to completion; if we are interrupted, it is ended too.

    Args:
        on_line: Called with each line that it writes to stdout or stderr, at once.
        on_start: Called with the process, so that another thread can `end` it.

    Raises:
        ProcessError: As `run` does.
    """
    command = [str(word) for word in argv]
    output = []
    # In a session of its own, so that the processes it starts can be ended with it.
    process = _start(command, cwd=cwd, env=env, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        on_start(process)
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line.decode(errors="replace"))
            on_line(output[-1].rstrip())
        status = process.wait()
    except BaseException:
        end(process)
        raise
    if status != 0:
        raise ProcessError(command, status, "".join(output))


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all processes it started: SIGTERM, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
            return
