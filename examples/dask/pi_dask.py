"""Points in a circle, counted by Dask's workers in a packed environment.

Usage: pi_dask.py CLUSTER ARCHIVE TASKS

CLUSTER is `local` for processes of this machine, the name of a class of dask-jobqueue such as
SLURMCluster or PBSCluster (python_package_run then lies beside the archive, in a folder that
all nodes share), or the address (tcp://...) of a scheduler whose workers run in the
environment already. The archive has distributed and numpy.
"""

import sys
from pathlib import Path

import distributed

from pypackage.integrations import compatibility, dask


def hits(seed: int) -> tuple[int, int, str]:
    """The seed, how many of its points fell into the circle, and where that was found out."""
    import sys

    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return seed, int(np.count_nonzero(x * x + y * y < 1)), sys.prefix


def connect(cluster: str, archive: str) -> distributed.Client:
    """A client of two workers; what the cluster is made of ends with it."""
    if "://" in cluster:
        compatibility.check(archive, dask.TALK)
        return distributed.Client(cluster)
    if cluster == "local":
        settings = dask.local_settings(archive)
        made = distributed.LocalCluster(n_workers=2, threads_per_worker=1, **settings)
    else:
        import dask_jobqueue

        runner = Path(archive).with_name("python_package_run")
        settings = dask.jobqueue_settings(archive, runner=runner)
        made = getattr(dask_jobqueue, cluster)(cores=1, memory="1GB", **settings)
        made.scale(jobs=2)
    return distributed.Client(made)


def main() -> None:
    cluster, archive, tasks = sys.argv[1:]
    with connect(cluster, archive) as client:
        for result in client.gather(client.map(hits, range(int(tasks)))):
            print(*result)
        if client.cluster:
            client.cluster.close()


if __name__ == "__main__":
    main()
