"""Run `python_package_create` in a child process, with results and errors as values.

The solver's threads may outlive its work and crash an interpreter that exits normally; the child
exits without that. So none of it remains in the caller's process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pypackage.core import errors, process
from pypackage.core.errors import PackageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import events
from pypackage.python import interpreter
from pypackage.requirements.model import Requirements, dumps

Given = Requirements | Mapping[str, object] | str | os.PathLike[str]
Option = str | os.PathLike[str] | bool | int | Sequence[str] | None
OnStart = Callable[["subprocess.Popen[bytes]"], None]

_NAME = "python_package_create"
# Fields that requirements.json has no key for: they would be lost on the way to the child.
_UNSAID = ("constraints", "hashes", "pip_options", "variables", "pinned", "system")
ARGUMENTS = "PYPACKAGE_ARGUMENTS"
"""The variable that holds the command's arguments, as a JSON list."""

# Libraries must not be imported from the current directory.
_CHILD = f"import json, os, sys; sys.path = [sys.argv.pop(1), *filter(None, sys.path)]; \
sys.argv = [{_NAME!r}, *json.loads(os.environ.pop({ARGUMENTS!r}))]; \
from pypackage.cli.create import serve; serve({{}})"
_ERRORS = {
    error.exit_code: error
    for error in (
        errors.UsageError,
        errors.InputPathError,
        errors.RequirementsError,
        errors.SolveError,
        errors.InstallError,
        errors.PackError,
        errors.VerificationError,
    )
}


def create(
    given: Given,
    target: str | os.PathLike[str],
    options: Mapping[str, Option],
    reporter: Reporter,
    on_start: OnStart = lambda _: None,
) -> Path:
    """Create an environment and its archive.

    Args:
        given: Requirements, a specification in poncho's format, or what the command accepts.
        target: A name, or the archive's path.
        options: The command's long options without their dashes, `_` for `-`: a flag is a
            bool, a repeatable option a sequence of strings.
        reporter: Receives the progress as it happens.
        on_start: Receives the process, so that another thread can end it by `process.end`.

    Returns:
        The archive's absolute path.

    Raises:
        PackageError: The error that the command ended with.
    """
    name, content = _input(given)
    readable, writable = os.pipe()
    with (
        open(readable, "rb") as pipe,
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        stdin.write(content)
        stdin.seek(0)
        argv, variables = command(name, target, options, writable)
        child = _start(argv, variables, (stdin, stdout, stderr), writable)
        try:
            on_start(child)
            error = events.receive(pipe, reporter)
            status = child.wait()
        except BaseException:
            process.end(child)
            raise
        if status:
            raise error or failure(status, _content(stderr))
        return Path(_content(stdout).splitlines()[0]).absolute()


def _start(
    argv: Sequence[str],
    variables: Mapping[str, str],
    streams: tuple[BinaryIO, BinaryIO, BinaryIO],
    writable: int,
) -> subprocess.Popen[bytes]:
    """Start the process, which takes over the pipe's writing end.

    Raises:
        PackageError: It cannot be started.
    """
    stdin, stdout, stderr = streams
    try:
        # A session of its own: all processes that it starts can be ended with it.
        return subprocess.Popen(
            argv,
            env={**os.environ, **variables},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[writable],
            start_new_session=True,
        )
    except OSError as reason:
        raise PackageError.of(reason, "cannot start a process") from reason
    finally:
        os.close(writable)


def command(
    given: str,
    target: str | os.PathLike[str],
    options: Mapping[str, Option],
    descriptor: int | None = None,
) -> tuple[list[str], dict[str, str]]:
    """How to start a process that creates an environment and its archive; see `create`.

    Args:
        descriptor: The pipe for its events; without it, it writes to stderr like the command.

    Returns:
        Its command line, and variables for its environment. The arguments are in the variables: a
        channel may contain a password, and command lines are visible to all users.
    """
    here = str(Path(__file__).resolve().parents[2])
    python, code = interpreter.running(), _CHILD.format(descriptor)
    arguments = [*_arguments(options), given, os.fspath(target)]
    return [python, "-c", code, here], {ARGUMENTS: json.dumps(arguments)}


def _content(file: BinaryIO) -> str:
    file.seek(0)
    return os.fsdecode(file.read())


def _input(given: Given) -> tuple[str, bytes]:
    """The input's name on the command line, and the content of stdin."""
    if isinstance(given, Requirements):
        unsaid = [name for name in _UNSAID if getattr(given, name)]
        if unsaid:
            raise errors.UsageError(
                f"requirements of a program cannot have {', '.join(unsaid)}",
                "name them in a file: a requirements.txt, environment.yml or pixi.toml",
            )
        return "-", dumps(given).encode()
    if isinstance(given, Mapping):
        return "-", json.dumps(given).encode()
    return os.fspath(given), b""


def _arguments(options: Mapping[str, Option]) -> list[str]:
    found = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            found += [option] if value else []
        elif isinstance(value, str | int | os.PathLike):
            found += [f"{option}={value}"] if value != "" else []
        else:
            found += [f"{option}={one}" for one in value or ()]
    return found


def failure(status: int, output: str) -> PackageError:
    """The error of a process that only reported one on stderr.

    Args:
        status: Its exit status, as in `subprocess`.
        output: Its stderr.
    """
    if status < 0:
        name = signal.Signals(-status).name
        hint = "the machine may have run out of memory" if -status == signal.SIGKILL else ""
        return PackageError(f"{_NAME} was killed by signal {-status} ({name})", hint)
    text = output.partition(f"{_NAME}: error: ")[2].strip()
    if not text:
        return PackageError(f"{_NAME} failed with status {status}", output.strip())
    message, _, hint = text.partition("\n")
    hint = "\n".join(line.strip() for line in hint.splitlines())
    return _ERRORS.get(status, PackageError)(message, hint)
