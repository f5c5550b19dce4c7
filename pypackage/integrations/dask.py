"""Run Dask workers in a packed environment; scheduler and client stay outside."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from pypackage.integrations import compatibility
from pypackage.pipeline import commands

TALK = ("cloudpickle", "dask", "distributed", "msgpack")
"""Packages that client, scheduler and workers must have in the same version."""


@contextmanager
def packed_workers(
    *needs: object,
    cluster: Callable[..., Any] | None = None,
    extra: Sequence[str] = (),
    **given: Any,
) -> Iterator[Any]:
    """A cluster whose workers run in an environment made for what the client will send.

        with packed_workers(task, cluster=SLURMCluster, cores=4, memory="8GB") as cluster:
            Client(cluster).map(task, range(100))

    Args:
        *needs: As for `environment_for`: functions, Dask collections, requirements; or only the
            environment itself.
        cluster: `LocalCluster` (the default), `SSHCluster`, or a class of dask-jobqueue.
        extra: Packages that no import shows, besides Dask's own.
        **given: Arguments for the cluster.

    Raises:
        PackageError: The environment cannot be made, or is incompatible with the client's packages.
    """
    from distributed import LocalCluster

    from pypackage import api
    from pypackage.pipeline.environment import Environment

    if len(needs) == 1 and isinstance(needs[0], Environment):
        environment = needs[0]
    else:
        environment = api.environment_for(*needs, extra=[*TALK, *extra])
    kind = cluster or LocalCluster
    if isinstance(kind, type) and issubclass(kind, LocalCluster):
        settings = local_settings(environment)
    elif getattr(kind, "__name__", "") == "SSHCluster":
        settings = {"remote_python": shlex.join(_command(environment, commands.RUNNER))}
    else:
        settings = jobqueue_settings(environment)
    with kind(**settings, **given) as made:
        yield made


def jobqueue_settings(
    environment: str | os.PathLike[str], *, runner: str | os.PathLike[str] = commands.RUNNER
) -> dict[str, Any]:
    """Settings for each cluster class of dask-jobqueue.

        cluster = SLURMCluster(cores=4, memory="8GB", **jobqueue_settings("/shared/env.tar.gz"))

    Args:
        environment: The archive, on a file system that the nodes share.
        runner: The worker script, on such a file system.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
        MismatchError: It is incompatible with the client's Python or packages.
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
        InputPathError: There is no such environment, or it has no manifest.
        MismatchError: It is incompatible with the client's Python or packages.
    """
    command = _command(environment, runner)
    from pypackage.integrations._dask_worker import CommandWorker

    return {"worker_class": partial(CommandWorker, python=command), "processes": True}


def _command(environment: str | os.PathLike[str], runner: str | os.PathLike[str]) -> list[str]:
    """The words that start Python, after checking that the environment is compatible."""
    compatibility.check(environment, TALK)
    place = os.path.abspath(environment)
    return commands.in_environment(place, ["python3"], runner=os.path.abspath(runner))
