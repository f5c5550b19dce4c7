"""Run the workers of Parsl's HighThroughputExecutor in a packed environment."""

from __future__ import annotations

import os
import shlex

from pypackage.integrations import compatibility
from pypackage.pipeline import commands

TALK = ("dill", "parsl")
"""What the client and the workers have to have in the same version."""


def launch_cmd(
    environment: str | os.PathLike[str], *, runner: str | os.PathLike[str] = commands.RUNNER
) -> str:
    """The executor's setting `launch_cmd`: its own, run in the environment.

        HighThroughputExecutor(launch_cmd=launch_cmd("/shared/env.tar.gz"), provider=...)

    Args:
        environment: The archive, on a disk that the nodes see too; it has parsl.
        runner: The worker script, on such a disk.

    Raises:
        InputPathError: There is no such environment, or nothing tells what is in it.
        MismatchError: It does not go with the client's Python or packages.
    """
    compatibility.check(environment, TALK)
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD

    place = os.path.abspath(environment)
    words = commands.in_environment(place, [], runner=os.path.abspath(runner))
    # Parsl fills in the setting twice by str.format.
    before = shlex.join(words).replace("{", "{{{{").replace("}", "}}}}")
    return f"{before} {DEFAULT_LAUNCH_CMD}"
