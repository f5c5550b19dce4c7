"""The model of docs/scaling.md: seconds until the first import is done on every node.

Usage: plot_scaling.py [FILE.svg] prints the table of docs/scaling.md and, where a file is named,
draws its plot (which needs matplotlib).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

NODES = [10, 100, 1_000, 10_000]


@dataclass(frozen=True)
class Environment:
    """What was measured of an environment, on one node.

    Attributes:
        archive: Bytes of the archive.
        extract: Seconds to extract it, by one core.
        relocate: Seconds to write the prefix into its files.
        first_import: Seconds of the program's imports from a local disk.
        operations: Calls to the file system that look for, open or read a file while importing.
        read: Bytes that the imports read.
    """

    archive: float
    extract: float
    relocate: float
    first_import: float
    operations: int
    read: float


@dataclass(frozen=True)
class Site:
    """What is assumed of a cluster.

    Attributes:
        link: Bytes a second that a node receives or sends.
        disk: Bytes a second that the shared disk gives to all nodes together.
        metadata: Operations a second that it does for all nodes together.
        latency: Seconds that one of them takes when there is no queue.
        tasks: Tasks that each process of a node runs, one after the other.
    """

    link: float = 1e9
    disk: float = 50e9
    metadata: float = 50_000
    latency: float = 0.5e-3
    tasks: int = 10


SMALL = Environment(54e6, 1.1, 0.03, 0.1, 1_200, 16e6)
"""Python and numpy: measured."""

LARGE = Environment(2e9, 2e9 / 54e6 * 1.1, 1.0, 5.0, 20_000, 1e9)
"""A learning framework: sizes are assumed, and extraction at the rate measured above."""


def installed(env: Environment, site: Site, nodes: int) -> float:
    """Nothing is packed: each node imports from the shared disk, and remembers what it has read."""
    asked = nodes * env.operations / site.metadata
    read = max(nodes * env.read / site.disk, env.read / site.link)
    return max(asked, env.operations * site.latency) + read + env.first_import


def copied(env: Environment, site: Site, nodes: int) -> float:
    """Each node reads the archive from the shared disk, and unpacks it once."""
    return max(nodes * env.archive / site.disk, env.archive / site.link) + prepared(env)


def broadcast(env: Environment, site: Site, nodes: int) -> float:
    """The archive is handed on from node to node along a binary tree, and unpacked once."""
    return math.ceil(math.log2(nodes + 1)) * env.archive / site.link + prepared(env)


def each_task(env: Environment, site: Site, nodes: int) -> float:
    """Each of a process's tasks, one after the other, unpacks for itself."""
    copy = max(nodes * env.archive / site.disk, env.archive / site.link)
    return copy + site.tasks * prepared(env)


def prepared(env: Environment) -> float:
    """What a node does by itself when it has the archive."""
    return env.extract + env.relocate + env.first_import


WAYS = {
    "installed on the shared disk": installed,
    "archive from the shared disk": copied,
    "archive broadcast": broadcast,
    "unpacked by each task": each_task,
}
CASES = {"numpy, 54 MB": SMALL, "framework, 2 GB": LARGE}


def table() -> str:
    """The seconds of each way, in Markdown."""
    lines = [
        f"| | {' | '.join(f'{n:,} nodes' for n in NODES)} |",
        "| --- |" + " --- |" * len(NODES),
    ]
    for case, env in CASES.items():
        for name, way in WAYS.items():
            values = " | ".join(f"{way(env, Site(), n):,.1f}" for n in NODES)
            lines.append(f"| {case}: {name} | {values} |")
    return "\n".join(lines)


def draw(file: str) -> None:
    """Seconds over nodes, both logarithmic, one panel an environment."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling"})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    nodes = [round(10 ** (step / 4)) for step in range(17)]
    for panel, (case, env) in zip(panels, CASES.items(), strict=True):
        for name, way in WAYS.items():
            panel.loglog(nodes, [way(env, Site(), n) for n in nodes], label=name)
        panel.set(title=case, xlabel="nodes", ylabel="seconds until all have imported")
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].legend(fontsize="small")
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
    if len(sys.argv) > 1:
        draw(sys.argv[1])
