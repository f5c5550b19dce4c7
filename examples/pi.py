"""Estimate pi from a million random points: the task that the examples of engines run.

Usage: pi.py SEED; prints the seed and how many points fell into the circle.
"""

import sys

import numpy as np

POINTS = 1_000_000


def hits(seed: int) -> int:
    """The same number for the same seed, anywhere."""
    x, y = np.random.default_rng(seed).random((2, POINTS))
    return int(np.count_nonzero(x * x + y * y < 1))


if __name__ == "__main__":
    seed = int(sys.argv[1])
    print(seed, hits(seed))
