"""Daemons of the tests: on loopback, ended by their process ids whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")

LIMIT = 120.0
"""Seconds after which a test fails, whatever it is waiting for."""

PATIENCE = 100.0
"""Seconds that a test waits for one thing before it gives up, and shows what was said."""

# The kernel ends them if the tests are killed and cannot do it.
_SETPRIV = shutil.which("setpriv")  # by its path: a client's PATH may be short
_ENDING_WITH_US = (_SETPRIV, "--pdeathsig", "KILL") if _SETPRIV else ()


class Processes:
    """Starts processes, each with a log file; `end_all` ends what still runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own; `NAME.log` is what it says."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [*_ENDING_WITH_US, *map(str, command)],
                cwd=cwd or self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def said(self, name: str) -> str:
        """What a process has said so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_for(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Look until something is found.

        When a process fails meanwhile, or all patience is gone, tell what they said last.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            if any((process.poll() or 0) > 0 for process in self.running):
                break
            time.sleep(0.05)
        said = [f"{log.name}: {log.read_text()[-2000:]}" for log in self.folder.glob("*.log")]
        raise AssertionError("\n".join([f"no {what}", *said]))

    def end_all(self) -> None:
        """End the processes, those started last first, with what they have started."""
        for process in reversed(self.running):
            end(process)


def run(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a client's program to its end, and kill what it leaves.

    Its output goes to files: the end of a pipe would come when its daemons have ended, too.
    """
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(
            [*_ENDING_WITH_US, *map(str, command)],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            process.wait(PATIENCE)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        finally:
            end(process)
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read())
    assert ended, f"not done after {PATIENCE:.0f} s:\n{''.join(said)[-4000:]}"
    return subprocess.CompletedProcess(command, process.returncode, *said)


def end(process: subprocess.Popen[Any]) -> None:
    """Ask a process to end, and its session with it; kill what does not."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
