"""The overhead of an environment for a small task (import numpy, add) in Work Queue and Slurm.

All kinds of tasks are in one queue, in random order, on one worker, so that other load on the
machine affects all of them; what counts are the ratios. The kinds are: Python called in an
unpacked environment (`none`), this project's runner, and Debian's python_package_run, which
unpacks for each task, or with -u once for all. There are fewer of Debian's, since each takes
seconds.

Usage: benchmarks/engines.py [--tasks 1000] [--slurm], from the clone, with Debian's
coop-computing-tools and python3-workqueue; --slurm is for root, with slurm-wlm and munge.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parents[1]
RUNNER = CLONE / "bin" / "python_package_run"
DEBIAN = Path("/usr/bin/python_package_run")
CLIENT = "/usr/bin/python3"  # has Work Queue's bindings
TASK = "import sys, numpy; print(numpy.add(int(sys.argv[1]), 1))\n"
FEW = 20  # the number of tasks of a kind that takes seconds each
PHASES = ("locate", "wait", "extract", "relocate", "activate", "command")


def main() -> None:
    """Make the environment, run the tasks, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--client", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        submit(options.client)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that daemons are stopped
    with tempfile.TemporaryDirectory(prefix="engines-") as name:
        folder = Path(name)
        prepare(folder)
        print(f"load at the beginning: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print_table(work_queue(folder, options.tasks))
        if options.slurm:
            slurm(folder)
        print(f"load at the end: {os.getloadavg()[0]:.1f}")


def prepare(folder: Path) -> None:
    """Put the task, its archive, the runners and an unpacked environment into one folder."""
    (folder / "task.py").write_text(TASK)
    (folder / "task.json").write_text(
        json.dumps({"python": sys.version.split()[0], "modules": ["numpy"]})
    )
    create = str(CLONE / "bin" / "python_package_create")
    run(
        sys.executable,
        create,
        "-q",
        "-c",
        "host",
        folder / "task.json",
        folder / "task.tar.gz",
        stdout=subprocess.DEVNULL,
    )
    shutil.copy(RUNNER, folder / "run")
    if DEBIAN.exists():
        shutil.copy(DEBIAN, folder / "debian_run")
    (folder / "prefix").mkdir()
    run("tar", "xzf", folder / "task.tar.gz", "-C", folder / "prefix")
    run(folder / "prefix" / "bin" / "run_in_env", "true")


def kinds(folder: Path, tasks: int) -> list[dict[str, Any]]:
    """The command of each kind of task, and how many tasks to run."""
    ours = "./run -e task.tar.gz -- python3 task.py"
    timed = "./run --timings times -e task.tar.gz -- python3 task.py {n} && cat times #"
    found = [
        {"name": "none", "command": f"{folder}/prefix/bin/python3 task.py", "count": tasks},
        {"name": "run", "command": ours, "count": tasks},
        {"name": "run --timings", "command": timed, "count": FEW},
        {"name": "run --no-cache", "command": ours.replace("-e", "--no-cache -e"), "count": FEW},
    ]
    if DEBIAN.exists():
        call = "./debian_run -e task.tar.gz {} python3 task.py"
        shared = call.format('-u "$WORK_QUEUE_SANDBOX"/env')
        found.append({"name": "Debian's", "command": call.format(""), "count": FEW})
        found.append({"name": "Debian's -u", "command": shared, "count": FEW * 10})
    return found


def work_queue(folder: Path, tasks: int) -> dict[str, list[dict[str, Any]]]:
    """Run all tasks on one worker with two cores; return the results by kind."""
    specification = folder / "specification.json"
    files = ["run", "debian_run", "task.tar.gz", "task.py"]
    inputs = [name for name in files if (folder / name).exists()]
    specification.write_text(json.dumps({"kinds": kinds(folder, tasks), "inputs": inputs}))
    command = [CLIENT, str(Path(__file__).resolve()), "--client", str(specification)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout
        port = client.stdout.readline().strip()
        place = ["-s", str(folder), "--cores=2", "--single-shot", "-t", "60"]
        worker = subprocess.Popen(
            ["work_queue_worker", "localhost", port, *place], stdout=subprocess.DEVNULL
        )
        try:
            done = [json.loads(line) for line in client.stdout]
        finally:
            worker.terminate()
            worker.wait()
    failed = [one for one in done if one["status"]]
    if failed:
        sys.exit(f"a task failed: {failed[0]}")
    return {
        kind["name"]: [one for one in done if one["name"] == kind["name"]]
        for kind in kinds(folder, tasks)
    }


def submit(specification: Path) -> None:
    """As the client: submit the tasks in random order, and print a line of JSON for each."""
    import work_queue as wq  # type: ignore[import-not-found, unused-ignore]

    told = json.loads(specification.read_text())
    queue = wq.WorkQueue(0)
    print(queue.port, flush=True)
    tasks = [kind for kind in told["kinds"] for _ in range(kind["count"])]
    random.Random(1).shuffle(tasks)
    for number, kind in enumerate(tasks):
        words = kind["command"]
        line = words.replace("{n}", str(number)) if "{n}" in words else f"{words} {number}"
        task = wq.Task(line)
        task.specify_tag(kind["name"])
        for name in told["inputs"]:
            task.specify_input_file(name, cache=True)
        queue.submit(task)
    while not queue.empty():
        task = queue.wait(5)
        if task:
            seconds = task.cmd_execution_time / 1e6
            values = {"name": task.tag, "seconds": seconds, "status": task.return_status}
            print(json.dumps({**values, "output": task.output}), flush=True)


def print_table(done: dict[str, list[dict[str, Any]]]) -> None:
    """Print the seconds per task by kind, and the phases of the tasks with --timings."""
    base = [one["seconds"] for one in done["none"]]
    print(
        f"{'Work Queue':16} {'tasks':>6} {'mean s':>8} {'median s':>9} {'mean/none':>10} "
        f"{'median/none':>12}"
    )
    for name, tasks in done.items():
        seconds = [one["seconds"] for one in tasks]
        mean, median = statistics.mean(seconds), statistics.median(seconds)
        ratios = mean / statistics.mean(base), median / statistics.median(base)
        print(
            f"{name:16} {len(tasks):6} {mean:8.3f} {median:9.3f} {ratios[0]:10.2f} "
            f"{ratios[1]:12.2f}"
        )
    print_phases([phases(one["output"]) for one in done["run --timings"]])


def phases(output: str) -> dict[str, float]:
    """The object that --timings has written, after the task's own line."""
    found: dict[str, float] = json.loads(output[output.index("{") :])
    return found


def print_phases(timings: Sequence[dict[str, float]]) -> None:
    """Print the median and the maximum of each phase, in milliseconds."""
    for name in PHASES:
        values = [one.get(name, 0) for one in timings]
        print(f"  {name:10} median {statistics.median(values):7.0f} ms, most {max(values):7.0f} ms")


def slurm(folder: Path, rounds: int = 2) -> None:
    """Run arrays of 100 jobs on two nodes without Python, in turns with and without the runner."""
    sys.path.insert(0, str(CLONE))
    from tests.engines import slurm as cluster
    from tests.engines.processes import Processes
    from tests.support import worker

    (folder / "logs").mkdir()
    processes = Processes(folder / "logs")
    try:
        bare = worker.make("busybox", folder / "bare")
        started = cluster.start(folder / "cluster", bare, processes)
        for name in ("run", "task.tar.gz", "task.py"):
            shutil.copy(folder / name, started.shared)
        shutil.copytree(folder / "prefix", started.shared / "prefix", symlinks=True)
        commands = {"none": "./prefix/bin/python3", "run": "./run -e task.tar.gz -- python3"}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for name in [*commands] * rounds:
            script = started.shared / f"{name}.sh"
            script.write_text(f"#!/bin/sh\nexec {commands[name]} task.py 1\n")
            begin = time.monotonic()
            started.submit("--array=1-100", "--output=/dev/null", script)
            times[name].append((time.monotonic() - begin) / 100)
    finally:
        processes.end_all()
    for name, values in times.items():
        print(f"Slurm, array of 100, {name}: {' '.join(f'{v:.3f}' for v in values)} s a job")


def run(*command: str | Path, **options: Any) -> None:
    """Run a command that has to succeed."""
    subprocess.run([str(word) for word in command], check=True, **options)


if __name__ == "__main__":
    main()
