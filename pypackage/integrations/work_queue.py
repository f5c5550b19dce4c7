"""Run Work Queue and TaskVine tasks in a packed environment."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pypackage.archive import parts
from pypackage.pipeline import commands


class InputFile(NamedTuple):
    """A file that a task needs.

    Attributes:
        local: Its path on this machine.
        remote: Its name for the task.
        cache: Whether the worker should keep it for further tasks.
    """

    local: str
    remote: str
    cache: bool


class Wrapped(NamedTuple):
    """A task's command, and the files that it needs besides the task's own."""

    command: str
    inputs: tuple[InputFile, ...]


def wrap(command: str | Sequence[str], archive: str | os.PathLike[str]) -> Wrapped:
    """Make a task's command run in an environment, which each worker unpacks once.

    Args:
        command: The task's command: shell code for sh, or words.
        archive: The environment, made by `python_package_create`: an archive; or a layers folder
            or manifest, of which a worker is only sent parts that it does not have yet.

    Returns:
        The command and the files for `Task` of Work Queue's or TaskVine's Python bindings:

            wrapped = wrap("python3 pi.py 7 > pi.7", "pi.tar.gz")
            task = work_queue.Task(wrapped.command)
            for file in wrapped.inputs:
                task.specify_input_file(file.local, file.remote, cache=file.cache)

    Raises:
        InputPathError: There is no such archive, or a layers folder lacks parts.
    """
    path = Path(os.path.abspath(archive))
    files = {**_layers(path), commands.RUNNER: commands.RUNNER.name}
    words = commands.in_environment(path.name, command)
    return Wrapped(shlex.join(words), tuple(map(_input, files, files.values())))


def _layers(path: Path) -> dict[Path, str]:
    """The files of an archive or a layers folder, each with its name for the task."""
    manifest = parts.manifest_of(path)
    if not manifest:
        return {commands.existing(path): path.name}
    files = {manifest: manifest.relative_to(path.parent).as_posix()}
    for part in parts.complete(manifest):
        files[part] = part.relative_to(path.parent).as_posix()
    return files


def _input(local: Path, remote: str) -> InputFile:
    return InputFile(str(local.resolve()), remote, cache=True)
