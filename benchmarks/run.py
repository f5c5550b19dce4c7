"""How long `python_package_run` takes, compared to that of Debian's coop-computing-tools.

Both get the same archive, in one run. Warm, by hyperfine: the environment is in the cache, and the
command is `true`, compared to `true` alone. Cold: the cache is empty; compared to the time that tar
and the disk need for the same files without decompression, and to the same runner without its
digest checks. Without an archive, one is made with Python, numpy and pandas from the host channel.
Bounds are printed beside the figures.

Usage: benchmarks/run.py [ARCHIVE], with hyperfine, dash, bash and coop-computing-tools.
"""

from __future__ import annotations

import gzip
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
OURS = CLONE / "bin" / "python_package_run"
THEIRS = Path("/usr/bin/python_package_run")
ROUNDS = 5
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
        warm()


def make() -> Path:
    """Create an archive with numpy and pandas."""
    python = ".".join(map(str, sys.version_info[:3]))
    requirements = {"python": python, "modules": ["numpy", "pandas"]}
    Path("requirements.json").write_text(json.dumps(requirements))
    create = str(CLONE / "bin" / "python_package_create")
    command = [sys.executable, create, "-c", "host", "requirements.json", "./made.tar.gz"]
    subprocess.run(command, check=True)
    return Path("made.tar.gz")


def cold() -> None:
    """Measure the first start on a machine.

    Each uses a new folder, and nothing is removed in between, since ext4 is slow to create files
    just after many were removed. They take turns, so that other load affects all of them.
    """
    processors = len(os.sched_getaffinity(0))
    rounds: list[list[float]] = []
    unchecked()
    for number in range(ROUNDS):
        os.mkdir(f"floor{number}")
        ours = f"dash {OURS} --cache-dir ours{number} -e archive.tar.gz true"
        bare = f"dash ./unchecked --cache-dir bare{number} -e archive.tar.gz true"
        theirs = f"{THEIRS} -e archive.tar.gz -u theirs{number} -- true"
        floor = f"tar xf archive.tar -C floor{number}"
        rounds.append([timed(command) for command in (ours, bare, theirs, floor)])
    for number in range(ROUNDS):
        for name in ("ours", "bare", "theirs", "floor"):
            shutil.rmtree(f"{name}{number}")
    times = [statistics.median(column) for column in zip(*rounds, strict=True)]
    names = ["ours", "ours without checks", "theirs", "tar xf, not compressed"]
    for name, taken in zip(names, times, strict=True):
        print(f"cold, {name}: {taken:.2f} s")
    share = min(ours for ours, *_ in rounds) / min(bare for _, bare, *_ in rounds) - 1
    print(f"cold, the checks of the least time without them: {share:.0%} (at most 10 %)")
    ratio = statistics.median(ours / theirs for ours, _, theirs, _ in rounds)
    print(f"cold, ours / theirs on {processors} processors: {ratio:.2f}")


def unchecked() -> None:
    """Write a copy of the runner that does not check digests."""
    text = OURS.read_text()
    for head in ("are_sound() {\n", "is_sound() {\n", "check_first() {\n", "check_manifest() {\n"):
        assert head in text
        text = text.replace(head, f"{head}    return 0\n")
    Path("unchecked").write_text(text)


def timed(command: str) -> float:
    """The time of one run, in seconds, after all earlier writes have been flushed to disk."""
    os.sync()
    began = time.perf_counter()
    subprocess.run(command.split(), check=True)
    return time.perf_counter() - began


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
