"""Check that client and environment agree on the packages that communicate.

Functions and results are sent as pickles, which another Python or serializer may not be able to
read; engines then report unpickling errors on a worker, not what differs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pypackage.core.errors import MismatchError
from pypackage.pipeline.environment import HERE, Environment


def check(environment: str | os.PathLike[str], distributions: Sequence[str]) -> None:
    """Check that the environment is compatible with the running Python.

    Args:
        environment: An archive of `python_package_create`, or a folder.
        distributions: Those whose versions must be equal; Python's major and minor version must
            always be equal.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
        MismatchError: A version differs; the message says which.
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
