"""What a second environment costs that differs from one on the node in a module of the user's own.

The environments have Python, numpy, pandas and cloudpickle of the host channel. All figures are of
one run, the ways in turns, so that another load meets all; what is told are medians and ratios.

The last lines are of a real Work Queue, where there is one: 100 tasks of the first environment on
two workers, and then 100 of the second.

Usage: benchmarks/layers.py [FIRST.tar.gz SECOND.tar.gz], else the two are made. Needs dash; for
Work Queue Debian's coop-computing-tools and python3-workqueue.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
RUN = ["dash", str(CLONE / "bin" / "python_package_run")]
CREATE = [sys.executable, str(CLONE / "bin" / "python_package_create")]
ROUNDS = 5


def main() -> None:
    """Measure, and print the figures and their ratios."""
    given = [Path(argument).resolve() for argument in sys.argv[1:3]]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        first, second = given or [make(number) for number in (1, 2)]
        Path("envs").mkdir()
        for archive, layers in ((first, "first.json"), (second, "second.json")):
            join = [*CREATE, "--join", str(archive), f"envs/{layers}"]
            subprocess.run(join, check=True, stderr=subprocess.DEVNULL)
        ship(first, second)
        start(first, second)
        if shutil.which("work_queue_worker"):
            work_queue()


def make(number: int) -> Path:
    """An environment with a module that tells its number."""
    python = ".".join(map(str, sys.version_info[:3]))
    requirements = {"python": python, "modules": ["cloudpickle", "numpy", "pandas"]}
    Path("requirements.json").write_text(json.dumps(requirements))
    Path("own.py").write_text(f"NUMBER = {number}\n")
    archive = Path(f"env{number}.tar.gz").resolve()
    command = [*CREATE, "-c", "host", "--add", "own.py", "requirements.json", str(archive)]
    subprocess.run(command, check=True)
    return archive


def ship(first: Path, second: Path) -> None:
    """How many bytes have to be sent to a node that has the first environment."""
    one, two = (parts(archive) for archive in (first, second))
    new = sum(length for digest, length in two.items() if digest not in one)
    manifest = Path("envs/second.json").stat().st_size
    print(f"to ship: {new} bytes of new parts and {manifest} of manifest, of {sum(two.values())}")


def parts(archive: Path) -> dict[str, int]:
    """The lengths of an archive's parts, by digest."""
    call = ["tar", "xzOf", str(archive), "--occurrence=1", "etc/pypackage/manifest.json"]
    text = subprocess.run(call, check=True, stdout=subprocess.PIPE).stdout
    return {one["sha256"]: one["length"] for one in json.loads(text)["members"]}


def start(first: Path, second: Path) -> None:
    """How long the first start in each environment takes."""
    rounds: list[list[float]] = []
    for number in range(ROUNDS):
        caches = [f"cache{number}.{way}" for way in range(2)]
        plain = Path(f"plain{number}")
        plain.mkdir()
        rounds.append(
            [
                timed([*RUN, "--cache-dir", caches[0], "-e", str(first), "true"]),
                timed([*RUN, "-u", f"whole{number}", "-e", str(first), "true"]),
                timed([*RUN, "--cache-dir", caches[0], "-e", str(second), "true"]),
                prepared(first, caches[1]),
                timed(["tar", "xzf", str(second), "-C", str(plain)]),
                timed(["cp", "-al", f"{plain}/.", f"links{number}"]),
            ]
        )
        for folder in [*caches, str(plain), f"whole{number}", f"links{number}"]:
            shutil.rmtree(folder)
    names = [
        "first environment, into the store",
        "first environment, as a whole (-u)",
        "second environment, archive",
        "second environment, layers folder",
        "tar xzf of the second",
        "cp -al of it",
    ]
    for name, column in zip(names, zip(*rounds, strict=True), strict=True):
        print(f"{name}: {statistics.median(column):.2f} s")
    for name, over, under in (
        ("store / whole", 0, 1),
        ("second / first, archive", 2, 0),
        ("second / first, layers folder", 3, 0),
        ("cp -al / tar xzf", 5, 4),
    ):
        ratio = statistics.median(one[over] / one[under] for one in rounds)
        print(f"{name}: {ratio:.2f}")


def prepared(first: Path, cache: str) -> float:
    """The time of the second environment's first start, of a layers folder, beside the first."""
    subprocess.run([*RUN, "--cache-dir", cache, "-e", str(first), "true"], check=True)
    return timed([*RUN, "--cache-dir", cache, "-e", "envs/second.json", "true"])


def timed(command: Sequence[str]) -> float:
    """The time of one run, in seconds, after all that was written before is on the disk."""
    os.sync()
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


# For each environment: how many bytes were sent, and of each task when its result came, in seconds
# since the first one was submitted, and how long its command took.
CLIENT = """
import json, sys, time, work_queue
from pypackage.integrations.work_queue import wrap
queue = work_queue.WorkQueue(0)
print(queue.port, flush=True)
while queue.stats.workers_connected < 2:
    queue.wait(1)
for name in "first", "second":
    before, done, began = queue.stats.bytes_sent, [], time.monotonic()
    for number in range(100):
        wrapped = wrap(["python3", "-c", "import numpy, own"], f"envs/{name}.json")
        task = work_queue.Task(wrapped.command)
        for file in wrapped.inputs:
            task.specify_input_file(file.local, file.remote, cache=file.cache)
        queue.submit(task)
    while not queue.empty():
        task = queue.wait(5)
        if task:
            assert task.return_status == 0, task.output
            done.append([time.monotonic() - began, task.cmd_execution_time / 1e6])
    print(json.dumps([queue.stats.bytes_sent - before, done]), flush=True)
"""


def work_queue() -> None:
    """Tasks of the one environment, then of the other, by a manager and two workers on loopback."""
    client = subprocess.Popen(
        ["/usr/bin/python3", "-c", CLIENT],
        env={**os.environ, "PYTHONPATH": str(CLONE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    workers = []
    with client:
        assert client.stdout
        port = client.stdout.readline().strip()
        for number in range(2):
            Path(f"worker{number}").mkdir()
            options = ["-s", f"worker{number}", "--cores=1", "--single-shot", "-t", "60"]
            command = ["work_queue_worker", "localhost", port, *options]
            workers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        try:
            answers = [json.loads(line) for line in client.stdout]
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
    (sent, first), (more, second) = answers
    warm = statistics.median(seconds for _, seconds in first[4:])
    print(f"Work Queue: {sent} bytes for the first environment, {more} for the second")
    print(f"first result: {first[0][0]:.2f} s, {second[0][0]:.2f} s; a warm task {warm:.2f} s")
    print(f"the second's first result came {second[0][0] - warm:.2f} s later than a warm task's")


if __name__ == "__main__":
    main()
