"""Commands that run in a packed environment, and where the runner is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pypackage.core.errors import InputPathError

RUNNER = (Path(__file__).parents[1] / "archive" / "share" / "python_package_run").resolve()
"""The worker script, a file to be sent along with the archive."""


def existing(archive: str | os.PathLike[str]) -> Path:
    """The archive's path, if it is a file.

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
    """The words that run a command in an environment.

    Args:
        environment: The archive or folder, as the worker sees it.
        command: Words; or one string that sh is to run, with what sh understands.
        runner: The worker script, as the worker sees it.
    """
    words = ["sh", "-c", command] if isinstance(command, str) else list(command)
    return [runner, "-e", environment, "--", *words]
