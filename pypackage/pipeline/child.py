"""`python_package_create` for Python programs: in a process of its own, with errors as values.

The engine's threads may outlive its work and crash an interpreter that ends in good order;
the process ends without that. So nothing of it is left in the caller's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pypackage.core import errors
from pypackage.core.errors import PackageError
from pypackage.core.progress import Reporter
from pypackage.python import interpreter
from pypackage.requirements.model import Requirements, dumps

Given = Requirements | Mapping[str, object] | str | os.PathLike[str]
Option = str | os.PathLike[str] | bool | int | Sequence[str] | None

_NAME = "python_package_create"
_CHILD = f"import sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv[0] = {_NAME!r}; \
from pypackage.python import interpreter; interpreter.prefer_running(); \
from pypackage.cli.create import script; script()"
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
) -> Path:
    """Make an environment and its archive.

    Args:
        given: Requirements, a specification as poncho has it, or what the command takes.
        target: A name, or the archive's path.
        options: The command's long options without their dashes, `_` for `-`: a flag is a
            bool, one that may be repeated a sequence of strings.

    Returns:
        The archive's path.

    Raises:
        PackageError: As the command fails; which one is its exit status's.
    """
    name, stdin = _input(given)
    argv = command(name, target, options)
    child = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, said = child.communicate(stdin)
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if child.returncode:
        raise failure(child.returncode, said.decode(errors="replace"))
    for line in said.decode(errors="replace").splitlines():
        _report(line, reporter)
    return Path(os.fsdecode(out.splitlines()[0]))


def command(given: str, target: str | os.PathLike[str], options: Mapping[str, Option]) -> list[str]:
    """The command line of a process that makes an environment and its archive; see `create`."""
    here = str(Path(__file__).resolve().parents[2])
    return [
        interpreter.running(),
        "-c",
        _CHILD,
        here,
        *_arguments(options),
        given,
        os.fspath(target),
    ]


def _input(given: Given) -> tuple[str, bytes]:
    """What is named on the command line, and what stands on stdin."""
    if isinstance(given, Requirements):
        return "-", dumps(given).encode()
    if isinstance(given, Mapping):
        import json

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


def _report(line: str, reporter: Reporter) -> None:
    warning = line.partition(f"{_NAME}: warning: ")[2]
    if warning:
        reporter.warning(warning)
    else:
        reporter.debug(line)


def failure(status: int, said: str) -> PackageError:
    """The error that the command told on stderr."""
    text = said.partition(f"{_NAME}: error: ")[2] or said or f"{_NAME} ended with {status}"
    message, _, hint = text.strip().partition("\n")
    hint = "\n".join(line.strip() for line in hint.splitlines())
    return _ERRORS.get(status, PackageError)(message, hint)
