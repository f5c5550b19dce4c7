"""How long `python_package_run` takes, compared to that of Debian's coop-computing-tools.

Both get the same archive, in one run. Warm, by hyperfine: the environment is in the cache, and the
command is `true`, compared to `true` alone. Cold: the cache is empty; compared to the time that tar
and the disk need for the same files without decompression, and, in pairs of runs, to the same
runner without its digest checks. Without an archive, one is made with Python, numpy and pandas from
the host channel. Bounds are printed beside the figures.

Usage: benchmarks/run.py [ARCHIVE], with hyperfine, dash, bash and coop-computing-tools.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

CLONE = Path(__file__).resolve().parents[1]
OURS = CLONE / "bin" / "python_package_run"
THEIRS = Path("/usr/bin/python_package_run")
ROUNDS = 5
PAIRS = 8
WARM = {"dash": 0.2, "bash": 0.3, "busybox sh": 0.2}
"""The shells, and the bound for our warm start as a share of the other's."""


def main() -> None:
    """Measure, and print the figures and their ratios."""
    archive = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shutil.copyfile(archive or make(), "archive.tar.gz")
        with gzip.open("archive.tar.gz") as packed, Path("archive.tar").open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        cold()
        checks()
        warm()


def make() -> Path:
    """Create an archive with numpy and pandas."""
    python = ".".join(map(str, sys.version_info[:3]))
    requirements = {"python": python, "modules": ["numpy", "pandas"]}
    Path("requirements.json").write_text(json.dumps(requirements))
    create = str(CLONE / "bin" / "python_package_create")
    command = [sys.executable, create, "-c", "host", "requirements.json", "./made.tar.gz"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(CLONE)})
    return Path("made.tar.gz")


def cold() -> None:
    """Measure the first start on a machine.

    Each uses a new folder, and nothing is removed in between, since ext4 is slow to create files
    just after many were removed. They take turns, so that other load affects all of them.
    """
    processors = len(os.sched_getaffinity(0))
    commands = {
        "ours": f"dash {OURS} --cache-dir ours. -e archive.tar.gz true",
        "theirs": f"{THEIRS} -e archive.tar.gz -u theirs. -- true",
        "tar xf, not compressed": "tar xf archive.tar -C floor.",
    }
    rounds: list[list[Times]] = []
    for number in range(ROUNDS):
        os.mkdir(f"floor.{number}")
        rounds.append([timed(command, number) for command in commands.values()])
    for name, column in zip(commands, zip(*rounds, strict=True), strict=True):
        print(f"cold, {name}: {statistics.median(times.wall for times in column):.2f} s")
    ratio = statistics.median(ours.wall / theirs.wall for ours, theirs, _ in rounds)
    print(f"cold, ours / theirs on {processors} processors: {ratio:.2f}")
    clear()


def checks() -> None:
    """Measure what the checks add to a cold start, by pairs of runs with and without them.

    The two of a pair follow each other, in turn the one or the other first: one start may take half
    as long again as another, but less so within a pair. The median is that of the pairs' ratios.
    Processor time is printed, too, since it depends less on other load and on the disk.
    """
    unchecked()
    for shell in WARM:
        pairs: list[tuple[Times, Times]] = []
        for number in range(PAIRS):
            runs = [f"{shell} {OURS} --cache-dir ours.", f"{shell} ./unchecked --cache-dir bare."]
            order = (0, 1) if number % 2 else (1, 0)
            times = {
                which: timed(f"{runs[which]} -e archive.tar.gz true", number) for which in order
            }
            pairs.append((times[0], times[1]))
        clear()
        shares = [
            sorted(getattr(ours, kind) / getattr(bare, kind) - 1 for ours, bare in pairs)
            for kind in Times._fields
        ]
        told = [
            f"{statistics.median(each):.0%} ({each[1]:.0%} to {each[-2]:.0%})" for each in shares
        ]
        print(
            f"cold, the checks by {shell}: {told[0]} of the time, {told[1]} of the processor's "
            "(at most 10 %)"
        )


def clear() -> None:
    """Remove what cold starts left."""
    for folder in Path().glob("*.[0-9]*"):
        shutil.rmtree(folder)


def unchecked() -> None:
    """Write a copy of the runner that does not check digests."""
    text = OURS.read_text()
    for head in ("are_sound() {\n", "check_first() {\n", "check_manifest() {\n"):
        assert head in text
        text = text.replace(head, f"{head}    return 0\n")
    Path("unchecked").write_text(text)


class Times(NamedTuple):
    """How long a command took, in seconds."""

    wall: float
    processor: float


def timed(command: str, number: int) -> Times:
    """Run a command once, after all earlier writes have been flushed to disk.

    Args:
        command: The command; the number is put behind a dot that ends a word.
        number: Of the round, so that each run has a new folder.
    """
    os.sync()
    words = [f"{word}{number}" if word.endswith(".") else word for word in command.split()]
    began = time.perf_counter()
    used = processor_time()
    subprocess.run(words, check=True)
    return Times(time.perf_counter() - began, processor_time() - used)


def processor_time() -> float:
    """The processor time of all processes that were waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def warm() -> None:
    """Measure all later starts."""
    ours = [f"{shell} {OURS} --cache-dir ours -e archive.tar.gz true" for shell in WARM]
    theirs = f"{THEIRS} -e archive.tar.gz -u theirs -- true"
    for command in (ours[0], theirs):
        subprocess.run(command.split(), check=True)
    *our_times, their_time, bare = measure([*ours, theirs, "true"], "-N", "--runs", "200")
    print(f"warm, theirs: {(their_time - bare) * 1000:.1f} ms over the bare command")
    for (shell, bound), taken in zip(WARM.items(), our_times, strict=True):
        ratio = (taken - bare) / (their_time - bare)
        print(
            f"warm, ours by {shell}: {(taken - bare) * 1000:.1f} ms, {ratio:.2f} of theirs "
            f"(at most {bound})"
        )


def measure(commands: Sequence[str], *options: str) -> list[float]:
    """The median of each command's times, in seconds."""
    call = ["hyperfine", "--warmup", "1", "--style", "none", "--export-json", "times.json"]
    subprocess.run([*call, *options, *commands], check=True, stdout=subprocess.DEVNULL)
    return [one["median"] for one in json.loads(Path("times.json").read_text())["results"]]


if __name__ == "__main__":
    main()
