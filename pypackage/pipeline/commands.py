"""Commands that run in a packed environment, and the path of the runner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pypackage.core.errors import InputPathError

RUNNER = (Path(__file__).parents[1] / "archive" / "share" / "python_package_run").resolve()
"""The worker script, to be sent along with the archive."""


def existing(archive: str | os.PathLike[str]) -> Path:
    """Check that an archive is a file, and return its path.

    Raises:
        InputPathError: It is not.
    """
    path = Path(archive)
    if not path.is_file():
        raise InputPathError(f"no such archive: {path}", "python_package_create makes one")
    return path


def in_environment(
    environment: str, command: str | Sequence[str], *, runner: str = "./python_package_run"
) -> list[str]:
    """The words of a command line that runs a command in an environment.

    Args:
        environment: The archive or folder, as seen by the worker.
        command: Words, or a string of shell code for sh.
        runner: The worker script, as seen by the worker.
    """
    words = ["sh", "-c", command] if isinstance(command, str) else list(command)
    return [runner, "-e", environment, "--", *words]
