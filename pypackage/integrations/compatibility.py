"""Check that client and environment agree on the packages that talk to each other.

Functions and results travel as pickles, which another Python or serializer may not read; the
errors of the engines then tell of unpickling, on a worker, and not of what differs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pypackage.core.errors import MismatchError
from pypackage.pipeline.environment import HERE, Environment


def check(environment: str | os.PathLike[str], distributions: Sequence[str]) -> None:
    """Make sure that the environment goes with the Python that this runs in.

    Args:
        environment: An archive of `python_package_create`, or a folder.
        distributions: Those whose versions have to be equal; Python's first two numbers
            always have to be.

    Raises:
        InputPathError: There is no such environment, or nothing tells what is in it.
        MismatchError: Something differs; the message says what.
    """
    found = Environment(Path(environment)).differences(HERE, distributions)
    if found:
        said = (
            f"{one.name} is {one.other or 'missing'} here and {one.own or 'missing'} there"
            for one in found
        )
        raise MismatchError(
            f"{environment} does not go with this Python: {'; '.join(said)}",
            "make the environment of the client's own Python and packages "
            "(python_package_create -c host), or install here what it has",
        )


def packages(environment: str | os.PathLike[str]) -> Mapping[str, str]:
    """The version of each package in an environment, as its manifest tells.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
    """
    return Environment(Path(environment)).packages
