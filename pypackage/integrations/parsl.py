"""Run the workers of Parsl's HighThroughputExecutor in a packed environment."""

from __future__ import annotations

import os
import shlex

from pypackage.integrations import compatibility
from pypackage.pipeline import commands

TALK = ("dill", "parsl")
"""Packages that the client and the workers must have in the same version."""


def launch_cmd(
    environment: str | os.PathLike[str], *, runner: str | os.PathLike[str] = commands.RUNNER
) -> str:
    """The executor's setting `launch_cmd`: its default, run in the environment.

        HighThroughputExecutor(launch_cmd=launch_cmd("/shared/env.tar.gz"), provider=...)

    Args:
        environment: The archive, on a file system that the nodes share; it must contain parsl.
        runner: The worker script, on such a file system.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
        MismatchError: It is incompatible with the client's Python or packages.
    """
    compatibility.check(environment, TALK)
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD

    place = os.path.abspath(environment)
    words = commands.in_environment(place, [], runner=os.path.abspath(runner))
    # Parsl applies str.format to the setting twice.
    before = shlex.join(words).replace("{", "{{{{").replace("}", "}}}}")
    return f"{before} {DEFAULT_LAUNCH_CMD}"
