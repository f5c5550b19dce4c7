"""Dask's workers in a packed environment; scheduler and client stay outside."""

from __future__ import annotations

import os
import shlex
from functools import partial
from typing import Any

from pypackage.integrations import compatibility
from pypackage.pipeline import commands

TALK = ("cloudpickle", "dask", "distributed", "msgpack")
"""What client, scheduler and workers have to have in the same version."""


def jobqueue_settings(
    environment: str | os.PathLike[str], *, runner: str | os.PathLike[str] = commands.RUNNER
) -> dict[str, Any]:
    """Settings for each cluster class of dask-jobqueue.

        cluster = SLURMCluster(cores=4, memory="8GB", **jobqueue_settings("/shared/env.tar.gz"))

    Args:
        environment: The archive, on a disk that the nodes see too.
        runner: The worker script, on such a disk.

    Raises:
        InputPathError: There is no such environment, or nothing tells what is in it.
        MismatchError: It does not go with the client's Python or packages.
    """
    return {"python": shlex.join(_command(environment, runner))}


def local_settings(
    environment: str | os.PathLike[str], *, runner: str | os.PathLike[str] = commands.RUNNER
) -> dict[str, Any]:
    """Settings for dask.distributed's `LocalCluster`, with workers as processes.

        cluster = LocalCluster(n_workers=2, **local_settings("env.tar.gz"))

    Args:
        environment: The archive, or a folder.
        runner: The worker script.

    Raises:
        InputPathError: There is no such environment, or nothing tells what is in it.
        MismatchError: It does not go with the client's Python or packages.
    """
    command = _command(environment, runner)
    from pypackage.integrations._dask_worker import CommandWorker

    return {"worker_class": partial(CommandWorker, python=command), "processes": True}


def _command(environment: str | os.PathLike[str], runner: str | os.PathLike[str]) -> list[str]:
    """The words that stand for Python; the environment is known to go with the client."""
    compatibility.check(environment, TALK)
    place = os.path.abspath(environment)
    return commands.in_environment(place, ["python3"], runner=os.path.abspath(runner))
