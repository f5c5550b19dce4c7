"""Run uv, which resolves, builds and installs packages from PyPI or a mirror.

uv is only run here: with its own and pip's configuration, and quiet unless it fails.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from pypackage.backends.pypi import missing_tools, pip_settings, uv_settings
from pypackage.core import files, process
from pypackage.core.errors import ProcessError, SolveError
from pypackage.core.progress import Task
from pypackage.core.urls import redact

NO_SOLUTION = 1
"""Its exit status if there is no solution; others are failures."""

_CHATTER = ("Using CPython ", "Using PyPy ", "Using Python ")  # before the error itself
_OPTION = "`--no-build`"  # in hints of uv, which are left out: ours names --allow-sdist


def run(
    arguments: Sequence[str | Path],
    python: Path,
    prefix: Path,
    *,
    choosing: bool,
    options: Iterable[str] = (),
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    task: Task | None = None,
) -> str:
    """Run uv to completion.

    What may hold a password is passed by variables or by a file that only the user can read:
    command lines are visible to all users.

    Args:
        arguments: The subcommand, one or two words, and its arguments.
        python: The interpreter that it works for.
        prefix: The environment whose pip.conf applies too.
        choosing: Whether it resolves (or builds) packages; otherwise it installs what was
            chosen, and settings that affect the choice are ignored.
        options: Those of a requirements file for where to look, such as `--index-url=…`.
        stdin: Its input.
        env: Variables to set besides ours.
        task: Hears of the bytes that uv writes.

    Returns:
        Its stdout.

    Raises:
        ProcessError: It failed.
        SolveError: There is no uv, or its configuration cannot be read.
    """
    found = pip_settings.as_uv_environment(prefix, os.environ, options)
    variables = {**uv_settings.variables(os.environ, choosing=choosing), **found}
    variables.pop("UV_CONSTRAINT", "")  # see `constraints`
    if not choosing:
        variables.pop("UV_PRERELEASE", "")
    argv = [_program(), *arguments, "--python", str(python), "--no-progress"]
    if variables.pop("UV_NO_INDEX", "").lower() not in pip_settings.OFF:
        argv.append("--no-index")  # older uvs do not know the variable
    variables |= env or {}
    said = uv_settings.of_stage(uv_settings.config(os.environ, Path.cwd()), choosing=choosing)
    if not said:
        return _run(argv, {**variables, "UV_NO_CONFIG": "1"}, stdin, task)
    with files.private_folder() as scratch:
        config = scratch / "uv.toml"
        config.write_text(said, encoding="utf-8")
        return _run(argv, {**variables, "UV_CONFIG_FILE": os.fspath(config)}, stdin, task)


def _run(argv: Sequence[str | Path], env: Mapping[str, str], stdin: str, task: Task | None) -> str:
    if task and not stdin:
        return process.run_told(argv, task.advance, env=env).decode()
    return process.run(argv, env=env, stdin=stdin.encode()).decode()


def constraints(prefix: Path) -> tuple[list[str], list[str]]:
    """Return the constraints that pip and uv are configured with.

    Args:
        prefix: The environment whose pip.conf applies too.

    Returns:
        The files (or URLs) of constraints, and single constraints.
    """
    environment = {**os.environ, **pip_settings.as_uv_environment(prefix, os.environ)}
    config = uv_settings.config(os.environ, Path.cwd())
    return environment.get("UV_CONSTRAINT", "").split(), config.get("constraint-dependencies", [])


def choice(prefix: Path, options: Iterable[str] = ()) -> list[str]:
    """Return the settings that affect the choice, except constraints, without credentials.

    Args:
        prefix: The environment whose pip.conf applies too.
        options: Those of a requirements file, such as `--index-url=…`.
    """
    found = {**os.environ, **pip_settings.as_uv_environment(prefix, os.environ, options)}
    told = [f"{name}={value}" for name, value in sorted(found.items()) if _CHOICE.fullmatch(name)]
    config = uv_settings.config(os.environ, Path.cwd())
    return [redact(text) for text in (*told, uv_settings.of_stage(config, choosing=True))]


_CHOICE = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX"
    rf"|{uv_settings.CHOOSING})"
)


def links(options: Iterable[str] = ()) -> list[Path]:
    """Return the local folders where uv looks for wheels.

    Args:
        options: Options of pip, such as `--find-links=…`.
    """
    configured = pip_settings.as_uv_environment(Path(sys.prefix), os.environ, options)
    said = configured.get("UV_FIND_LINKS") or os.environ.get("UV_FIND_LINKS", "")
    config = uv_settings.config(os.environ, Path.cwd())
    files = [table.get("find-links", []) for table in (config, config.get("pip", {}))]
    places = [*said.split(","), *files[0], *files[1]]
    local = [place.removeprefix("file://") for place in places if place.strip()]
    return [Path(os.path.expanduser(unquote(one))) for one in local if "://" not in one]


def message(error: ProcessError) -> str:
    """Return uv's message of a failure, without credentials, and what a build lacked."""
    lines = error.output.strip().splitlines()
    told = [redact(one) for one in lines if not one.startswith(_CHATTER) and _OPTION not in one]
    return "\n".join(filter(None, [*told, missing_tools.advice(error.output)]))


def unreachable(error: ProcessError) -> SolveError:
    """Return the error for a failure other than the lack of a solution."""
    return SolveError(
        "cannot fetch from PyPI",
        f"{message(error)}\ncheck the network, or name a mirror in pip.conf or uv.toml",
    )


def _program() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise SolveError(
            "fetching needs uv, which is not installed", "install it: pip install uv"
        ) from error
