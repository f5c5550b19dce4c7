"""The one door to other programs: quiet unless they fail, and then nothing is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pypackage.errors import ProcessError


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> bytes:
    """Run a program to its end and return its stdout.

    Args:
        argv: The command; the first element is looked up on PATH.
        cwd: The folder to run it in, by default the present one.
        env: Its whole environment, by default ours.
        stdin: What it reads.

    Raises:
        ProcessError: It could not be started or did not exit with 0; the error
            carries all that it wrote to stdout and stderr.
    """
    command = [str(word) for word in argv]
    try:
        done = subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True)
    except OSError as error:
        raise ProcessError(command, 127, str(error)) from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise ProcessError(command, done.returncode, said)
    return done.stdout
