"""The cost of a second environment on a node that has a similar one.

The environments have Python, numpy, pandas and cloudpickle from the host channel. The second
differs in a module of the user's own, and the third also has scipy; an image of the first is
mounted. All figures are from one run, with the variants in turns, so that other load affects all
of them. Printed are medians, and ratios with their bounds.

The figures for four and sixteen processors are extrapolated: the serial and the parallel time of a
first start are computed from those with one and with two processors.

Little is removed before the end, which takes 12 GB on the disk of TMPDIR: on ext4, creating files
takes three times as long for minutes after many were removed, since it skips the inodes of those.

The last lines are from a real Work Queue, if there is one: 100 tasks in the first environment on
two workers, and then 100 in the second.

Usage: benchmarks/layers.py. Needs dash; for the comparison and for Work Queue, Debian's
coop-computing-tools and python3-workqueue; for the image, squashfs-tools and squashfuse.
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
from collections.abc import Mapping, Sequence
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
RUN = ["dash", str(CLONE / "bin" / "python_package_run")]
TOOL = str(CLONE / "bin" / "python_package_create")
CREATE = ["env", f"PYTHONPATH={CLONE}", sys.executable, TOOL]  # this tree's, not an installed one
THEIRS = Path("/usr/bin/python_package_run")
ROUNDS = 3

# Programs that unpack faster than gzip, or compute digests faster than sha256sum.
FAST = {"zstd", "pigz", "openssl", "unpigz", "zstdmt"}


def main() -> None:
    """Measure, and print the figures and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        first, second, third = make(1), make(2), make(1, "scipy")
        Path("envs").mkdir()
        for archive, layers in ((first, "first.json"), (second, "second.json")):
            join = [*CREATE, "--join", str(archive), f"envs/{layers}"]
            subprocess.run(join, check=True, stderr=subprocess.DEVNULL)
        ship(first, second)
        start(first, second, third)
        if THEIRS.exists():
            beside_debian(first)
        if len(os.sched_getaffinity(0)) > 1:
            processors(first)
        if shutil.which("mksquashfs") and shutil.which("squashfuse_ll"):
            mounted(first, make(1, ending="squashfs"))
        if shutil.which("work_queue_worker"):
            work_queue()


def make(number: int, *more: str, ending: str = "tar.gz") -> Path:
    """Create an environment with a module that has its number."""
    python = ".".join(map(str, sys.version_info[:3]))
    requirements = {"python": python, "modules": ["cloudpickle", "numpy", "pandas", *more]}
    Path("requirements.json").write_text(json.dumps(requirements))
    Path("own.py").write_text(f"NUMBER = {number}\n")
    archive = Path(f"env{''.join([str(number), *more])}.{ending}").resolve()
    options = ["-q", "-c", "host", "--format", ending, "--add", "own.py"]
    subprocess.run([*CREATE, *options, "requirements.json", str(archive)], check=True)
    return archive


def ship(first: Path, second: Path) -> None:
    """Print how many bytes have to be sent to a node that has the first environment."""
    one, two = (parts(archive) for archive in (first, second))
    new = sum(length for digest, length in two.items() if digest not in one)
    manifest = Path("envs/second.json").stat().st_size
    print(f"to ship: {new} bytes of new parts and {manifest} of manifest, of {sum(two.values())}")
    print(f"to ship beside the manifest: {new} (bound: the own part and 65536)")


def parts(archive: Path) -> dict[str, int]:
    """The lengths of an archive's parts, by digest."""
    call = ["tar", "xzOf", str(archive), "--occurrence=1", "etc/pypackage/manifest.json"]
    text = subprocess.run(call, check=True, stdout=subprocess.PIPE).stdout
    return {one["sha256"]: one["length"] for one in json.loads(text)["members"]}


def start(first: Path, second: Path, third: Path) -> None:
    """Measure the first start in each environment."""
    rounds: list[list[float]] = []
    for number in range(ROUNDS):
        caches = [f"cache{number}.{way}" for way in range(4)]
        plain = Path(f"plain{number}")
        plain.mkdir()
        rounds.append(
            [
                timed([*RUN, "--cache-dir", caches[0], "-e", str(first), "true"]),
                timed([*RUN, "-u", f"whole{number}", "-e", str(first), "true"]),
                timed([*RUN, "--cache-dir", caches[0], "-e", str(second), "true"]),
                prepared(first, caches[1]),
                timed([*RUN, "--cache-dir", caches[2], "-e", str(third), "true"]),
                prepared(first, caches[3], third),
                timed(["tar", "xzf", str(second), "-C", str(plain)]),
                timed(["cp", "-al", f"{plain}/.", f"links{number}"]),
            ]
        )
    names = [
        "first environment, into the store",
        "first environment, as a whole (-u)",
        "second environment, archive",
        "second environment, layers folder",
        "with scipy, alone",
        "with scipy, beside the first",
        "tar xzf of the second",
        "cp -al of it",
    ]
    for name, column in zip(names, zip(*rounds, strict=True), strict=True):
        print(f"{name}: {statistics.median(column):.2f} s")
    for name, over, under, bound in (
        ("store / whole", 0, 1, 1.1),
        ("second / first, archive", 2, 0, 0.25),
        ("second / first, layers folder", 3, 0, 0.25),
    ):
        tell(name, [one[over] / one[under] for one in rounds], bound)
    known, whole = parts(first), parts(third)
    new = sum(length for digest, length in whole.items() if digest not in known)
    share = new / sum(whole.values())
    allowed = [1.3 * share * one[4] + 1.2 * one[2] for one in rounds]
    ratios = [one[5] / most for one, most in zip(rounds, allowed, strict=True)]
    tell(f"with scipy, {share:.2f} of the bytes / what it may take", ratios, 1)


def tell(name: str, ratios: Sequence[float], bound: float) -> None:
    """Print the median of some ratios, and its bound."""
    print(f"{name}: {statistics.median(ratios):.2f} (bound {bound})")


def mounted(archive: Path, image: Path) -> None:
    """Compare the time to the first import of numpy: from a mounted image, and from an archive.

    That of the image includes the check of its digest, done once per node.
    """
    command = ["python", "-c", "import numpy"]
    ratios = []
    for number in range(ROUNDS):
        cache = f"mounting{number}"
        by_archive = timed([*RUN, "--cache-dir", cache, "-e", str(archive), *command])
        by_image = timed([*RUN, "--cache-dir", cache, "-e", str(image), *command])
        ratios.append(by_image / by_archive)
    for number in range(ROUNDS):
        subprocess.run([*RUN, "--cache-dir", f"mounting{number}", "--cache", "clean"], check=True)
    tell("first numpy, mounted / unpacked", ratios, 0.35)


def beside_debian(archive: Path) -> None:
    """Compare the first environment on an empty node with Debian's runner."""
    few = Path("few").resolve()
    few.mkdir()
    for folder in ("/bin", "/usr/bin"):
        for program in Path(folder).iterdir():
            if program.name not in FAST and not (few / program.name).exists():
                (few / program.name).symlink_to(program)
    for name, path, bound in (
        ("with all programs", os.environ["PATH"], 0.6),
        ("without zstd, pigz and openssl", str(few), 0.75),
    ):
        environ, ratios = {**os.environ, "PATH": path}, []
        for number in range(ROUNDS):
            places = [f"ours{bound}.{number}", f"theirs{bound}.{number}"]
            ours = timed([*RUN, "--cache-dir", places[0], "-e", str(archive), "true"], environ)
            theirs = [str(THEIRS), "-e", str(archive), "-u", places[1], "--", "true"]
            ratios.append(ours / timed(theirs, environ))
        tell(f"first environment / Debian's runner, {name}", ratios, bound)


def processors(archive: Path) -> None:
    """Compare the first environment with `tar xf` of the plain tar, for 4 and 16 processors."""
    with gzip.open(archive) as packed, Path("plain.tar").open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    pins = [str(number) for number in sorted(os.sched_getaffinity(0))[:2]]
    ratios: dict[int, list[float]] = {4: [], 16: []}
    for number in range(ROUNDS):
        Path(f"floor{number}").mkdir()
        floor = timed(["tar", "xf", "plain.tar", "-C", f"floor{number}"])
        one, two = (pinned(archive, which) for which in (pins[0], ",".join(pins)))
        parallel = 2 * (one - two)
        for workers, found in ratios.items():
            found.append((one - parallel + parallel / workers) / floor)
    for number, bound in ((4, 2.5), (16, 1.5)):
        tell(f"first environment / tar xf, {number} processors on paper", ratios[number], bound)


def pinned(archive: Path, processors: str) -> float:
    """The time of a first start on some processors, given as for taskset."""
    cache = tempfile.mkdtemp(dir=".")
    command = [*RUN, "--cache-dir", cache, "-e", str(archive), "true"]
    return timed(["taskset", "-c", processors, *command])


def prepared(first: Path, cache: str, then: Path = Path("envs/second.json")) -> float:
    """The time of another environment's first start after the first; default: a layers folder."""
    subprocess.run([*RUN, "--cache-dir", cache, "-e", str(first), "true"], check=True)
    return timed([*RUN, "--cache-dir", cache, "-e", str(then), "true"])


def timed(command: Sequence[str], environ: Mapping[str, str] = os.environ) -> float:
    """The time of one run, in seconds, after all earlier writes have been flushed to disk."""
    os.sync()
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environ)
    return time.perf_counter() - began


# Prints, for each environment, how many bytes were sent, and for each task, when its result came
# (in seconds since the first was submitted) and how long its command took.
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
    """Run tasks in both environments in turn, with a manager and two workers on loopback."""
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
    print(
        f"Work Queue: {sent} bytes for the first environment, {more} for the second (bound 1000000)"
    )
    print(f"first result: {first[0][0]:.2f} s, {second[0][0]:.2f} s; a warm task {warm:.2f} s")
    later = second[0][0] - warm
    print(f"the second's first result came {later:.2f} s later than a warm task's (bound 1.5)")


if __name__ == "__main__":
    main()
