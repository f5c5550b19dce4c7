"""Points in a circle, counted by Spark's executors in a packed environment: TASKS."""

import sys

from pyspark.sql import SparkSession


def hits(seed: int) -> tuple[int, int, str]:
    """The seed, how many of its points fell into the circle, and where that was found out."""
    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return seed, int(np.count_nonzero(x * x + y * y < 1)), sys.prefix


def main() -> None:
    with SparkSession.builder.appName("pi").getOrCreate() as spark:
        for result in spark.sparkContext.parallelize(range(int(sys.argv[1]))).map(hits).collect():
            print(*result)


if __name__ == "__main__":
    main()
