"""Points in a circle, counted by tasks of Airflow in a packed environment.

The file lies in Airflow's dags folder. PI_PYTHON is a script that the workers see too, written
once, where the archive is made: `pypackage.Environment("env.tar.gz").launcher(PI_PYTHON)`. The
archive has numpy; Airflow need not be in it.
"""

import os

from airflow.sdk import dag, task


@task.external_python(python=os.environ["PI_PYTHON"], expect_airflow=False)
def hits(seed: int) -> tuple[int, int, str]:
    """The seed, how many of its points fell into the circle, and where that was found out."""
    import sys

    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return seed, int(np.count_nonzero(x * x + y * y < 1)), sys.prefix


@task
def show(result: tuple[int, int, str]) -> None:
    """Print what a task found."""
    print("hits:", *result)


@dag(schedule=None)
def pi() -> None:
    """Two tasks, each of which is shown."""
    for seed in range(2):
        show(hits(seed))


pi()
