"""Points in a circle, counted by Parsl's workers in a packed environment, on this machine.

Usage: pi_parsl.py ARCHIVE TASKS, where the archive has numpy and parsl. For a batch system
put its provider in place of LocalProvider.
"""

import sys

import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from pypackage.integrations.parsl import launch_cmd


@parsl.python_app
def hits(seed: int) -> tuple[int, int, str]:
    """The seed, how many of its points fell into the circle, and where that was found out."""
    import sys

    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return seed, int(np.count_nonzero(x * x + y * y < 1)), sys.prefix


def main() -> None:
    archive, tasks = sys.argv[1], int(sys.argv[2])
    executor = HighThroughputExecutor(
        label="packed",
        address="127.0.0.1",
        max_workers_per_node=2,
        launch_cmd=launch_cmd(archive),
        provider=LocalProvider(init_blocks=1, max_blocks=1),
    )
    with parsl.load(Config(executors=[executor], usage_tracking=0)):
        for future in [hits(seed) for seed in range(tasks)]:
            print(*future.result())


if __name__ == "__main__":
    main()
