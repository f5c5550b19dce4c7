"""`--version`, answered without building a parser."""

from __future__ import annotations

import os
import sys


def answer() -> None:
    """Print the version and exit if that is all that is requested.

    If stdout cannot be written, this returns: the regular command line reports the error.
    """
    if sys.argv[1:] != ["--version"] or sys.stdout is None:
        return
    try:
        show()
        sys.stdout.flush()
    except (OSError, ValueError):
        return
    os._exit(0)


def show(program: str = "") -> None:
    """Write an executable's name (by default this process's) and version to stdout."""
    from pypackage.core import version

    name = program or os.path.basename(sys.argv[0])
    if sys.stdout is not None:
        found = version.installed() or "of a folder that is not installed"
        sys.stdout.write(f"{name} {found}\n")
