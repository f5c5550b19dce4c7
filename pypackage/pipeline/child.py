"""Run `python_package_create` in a child process, with results and errors as values.

The engine's threads may outlive its work and crash an interpreter that ends in good order;
the process ends without that. So nothing of it is left in the caller's.
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
# What requirements.json has no key for: it would be lost on the way to the child.
_UNSAID = ("constraints", "hashes", "pip_options", "variables", "pinned", "system")
ARGUMENTS = "PYPACKAGE_ARGUMENTS"
"""The variable that has the command's arguments, as a list in JSON."""

# Nothing of the current folder is to be imported in place of a library.
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
    """Make an environment and its archive.

    Args:
        given: Requirements, a specification as poncho has it, or what the command takes.
        target: A name, or the archive's path.
        options: The command's long options without their dashes, `_` for `-`: a flag is a
            bool, one that may be repeated a sequence of strings.
        reporter: Hears of the progress while it happens.
        on_start: Is given the process, so that another thread can end it by `process.end`.

    Returns:
        The archive's path, absolute.

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
    """Start the process; the pipe's end is then its own.

    Raises:
        PackageError: It cannot be started.
    """
    stdin, stdout, stderr = streams
    try:
        # A session of its own, so that all the processes it starts can be ended with it.
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
    """How to start a process that makes an environment and its archive; see `create`.

    Args:
        descriptor: Of a pipe for its events; without it, it talks on stderr as the command.

    Returns:
        Its command line, and variables for its environment. The latter have the arguments: a
        channel may have a password in it, and all users see each other's command lines.
    """
    here = str(Path(__file__).resolve().parents[2])
    python, code = interpreter.running(), _CHILD.format(descriptor)
    arguments = [*_arguments(options), given, os.fspath(target)]
    return [python, "-c", code, here], {ARGUMENTS: json.dumps(arguments)}


def _content(file: BinaryIO) -> str:
    file.seek(0)
    return os.fsdecode(file.read())


def _input(given: Given) -> tuple[str, bytes]:
    """What is named on the command line, and what stands on stdin."""
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
    """The error of a process that told none but on stderr.

    Args:
        status: What it ended with, as `subprocess` has it.
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
