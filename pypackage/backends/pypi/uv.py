"""uv, which resolves, builds and installs what PyPI or the site's mirror of it has.

The one door to it: by its own and pip's configuration, quiet unless it fails.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from pypackage.backends.pypi import pip_settings
from pypackage.core import process
from pypackage.core.errors import PackageError, ProcessError, SolveError
from pypackage.core.urls import public

NO_SOLUTION = 1
"""Its exit status when it looked and found none; others are failures."""

_CHATTER = ("Using CPython ", "Using PyPy ", "Using Python ")  # before the error itself


def run(
    arguments: Sequence[str | Path],
    python: Path,
    prefix: Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run uv to its end.

    Args:
        arguments: The subcommand, one or two words, and what follows.
        python: The interpreter that it works for.
        prefix: The environment whose pip.conf counts too.
        stdin: What it reads.
        env: Variables to be set besides ours.

    Returns:
        What it wrote to stdout.

    Raises:
        ProcessError: It failed.
        SolveError: There is no uv.
    """
    environment = {**os.environ, **pip_settings.as_uv_environment(prefix, os.environ)}
    argv = [_program(), *arguments, "--python", str(python), "--no-progress"]
    if environment.pop("UV_NO_INDEX", ""):  # uv itself does not know this one
        argv.append("--no-index")
    variables = {**environment, **(env or {})}
    return process.run(argv, env=variables, stdin=stdin.encode()).decode()


def links(options: Iterable[str] = ()) -> list[Path]:
    """The folders of this machine where uv looks for wheels.

    Args:
        options: Options of pip, `--find-links=…` among them.
    """
    configured = pip_settings.as_uv_environment(Path(sys.prefix), os.environ)
    said = os.environ.get("UV_FIND_LINKS") or configured.get("UV_FIND_LINKS", "")
    named = [text.partition("=")[2] for text in options if text.startswith("--find-links=")]
    places = [*named, *said.split(",")]
    local = [place.removeprefix("file://") for place in places if place.strip()]
    return [Path(os.path.expanduser(unquote(one))) for one in local if "://" not in one]


def said(error: ProcessError) -> str:
    """What uv said when it failed, without credentials."""
    lines = error.output.strip().splitlines()
    return "\n".join(public(line) for line in lines if not line.startswith(_CHATTER))


def unreachable(error: ProcessError, kind: type[PackageError] = SolveError) -> PackageError:
    """The error of this package for a failure that is not for want of a solution."""
    return kind(
        "cannot fetch from PyPI",
        f"{said(error)}\nis there a network, or a mirror to be named in pip.conf or uv.toml?",
    )


def _program() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise SolveError("there is no uv to fetch with", "install it: pip install uv") from error
