"""Start a search command in the app's environment, from Splunk's Python.

Only complete chunks of the command are passed on. So Splunk gets a valid answer, and its user a
message, even if the environment cannot be started or the command is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from . import protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT = "environment"  # beside the entry script, in the app's bin folder

# Variables that make other programs load Splunk's own libraries, modules and settings.
_FOREIGN = ("LD_LIBRARY_PATH", "LD_PRELOAD", "OPENSSL_CONF", "OPENSSL_MODULES")
_OF_PYTHON = ("PYTHON", "CONDA", "VIRTUAL_ENV")
_RUNNER = 200  # its own failures are 201 to 204, before the command has started


def main(entry: str, argv: list[str]) -> int:
    """Run a command to its end; return its exit status.

    Args:
        entry: The script in the app's bin folder that starts both sides.
        argv: The command's `MODULE:FUNCTION`, and its kind.
    """
    environment = os.path.join(os.path.dirname(os.path.abspath(entry)), ENVIRONMENT)
    runner = os.path.join(environment, "bin", "python_package_run")
    words = ["/bin/sh", runner, "--error-status", str(_RUNNER), "-e", environment, "--"]
    words += ["python3", "-s", os.path.abspath(entry), "--serve", *argv]
    child = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_cleaned(os.environ)
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    assert child.stdout is not None
    assert child.stderr is not None
    log = _Log(child.stderr)
    with suppress(BrokenPipeError):  # the search was cancelled
        finished, broken = _pass_on(child.stdout, sys.stdout.buffer)
        child.stdout.close()  # ends a command that goes on after a broken chunk
        status = child.wait()
        log.join(1)
        if broken or (status and not finished):
            message = _explained(status, log.last or broken)
            protocol.write(sys.stdout.buffer, protocol.failure(message))
        return status if status >= 0 else 128 - status
    child.kill()
    return child.wait()


def _cleaned(environ: Mapping[str, str]) -> dict[str, str]:
    """Splunk's environment without the variables for its own Python and libraries."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _FOREIGN and not name.startswith(_OF_PYTHON)
    }
    kept.setdefault("PATH", os.defpath)
    return kept


def _pass_on(source: IO[bytes], target: IO[bytes]) -> tuple[bool, str]:
    """Pass on complete chunks; return whether the command finished, and what broke its stream."""
    finished = False
    while True:
        try:
            chunk = protocol.read(source)
        except protocol.ProtocolError as error:
            return finished, str(error)
        if chunk is None:
            return finished, ""
        target.write(chunk.raw)
        target.flush()
        finished = finished or bool(chunk.metadata.get("finished") or chunk.metadata.get("error"))


def _explained(status: int, last: str) -> str:
    """Why there is no answer, in one line for the user of the search."""
    if _RUNNER < status <= _RUNNER + 4:
        return f"the app's environment cannot be used: {last or f'status {status}'}"
    number = -status if status < 0 else status - 128  # shells report signals as 128 and more
    how = f"was killed by signal {number}" if number > 0 else f"ended with status {status}"
    told = f"; its last words: {last}" if last else ""
    return f"the command {how} before it had finished, see search.log{told}"


class _Log(threading.Thread):
    """Passes on a command's stderr, and keeps its last line."""

    def __init__(self, source: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._source = source
        self.last = ""
        self.start()

    def run(self) -> None:
        """Pass on lines until the end."""
        for line in self._source:
            self.last = line.decode("utf-8", "replace").strip() or self.last
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()
