"""Many starters of environments that share parts, some of which are killed or stopped.

With STRESS=full there are 200 starters, of which 50 are killed, in place of 40 and 10.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shell.conftest import Runner
from tests.shell.environments import NAMING, Environment, Files, relocations
from tests.shell.test_cache import wait_for

FULL = os.environ.get("STRESS") == "full"
STARTERS, KILLS = (200, 50) if FULL else (40, 10)

pytestmark = pytest.mark.slow
machines = ["dash-gnu", "bash-gnu", "busybox-busybox"]
each_machine = pytest.mark.parametrize("machine", machines if FULL else machines[:1], indirect=True)

COMMON: Files = {f"lib/data{n:02}": os.urandom(100_000) for n in range(50)}


def environment(number: int) -> Environment:
    """One of those that have most parts in common: two files are its own, in different parts."""
    own = {f"lib/data{number * 9:02}": b"%d" % number * 90_000, "share/own": b"%d" % number}
    return Environment({**NAMING, **COMMON, **own}, relocations())


ALL = [environment(number) for number in range(5)]
PARTS = len({part for one in ALL for part in one.members()[1:]})
# A task that reads everything, and again when others have come and gone.
LOOK = 'cd "$CONDA_PREFIX" && cat lib/data* share/own | sha256sum'
COMMAND = ("sh", "-c", f"report && {LOOK} && sleep 0.3 && {LOOK}")


@dataclass
class Started:
    one: Environment
    process: subprocess.Popen[str]
    killed: bool = False


class Crowd:
    """Starters of all environments, which are packed in turn as archives and as layers folders."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.started: list[Started] = []
        self.chance = random.Random(7)
        self.sources = {}
        for number, one in enumerate(ALL):
            folder = runner.folder / f"{number}"
            folder.mkdir()
            path = one.pack(folder / "archive") if number % 2 else one.pack_layers(folder)
            self.sources[one.id] = path

    def start(self, environments: Iterable[Environment], *options: str) -> None:
        for one in environments:
            process = self.runner.start("-d", *options, "-e", self.sources[one.id], "--", *COMMAND)
            self.started.append(Started(one, process))

    def alive(self) -> list[Started]:
        return [one for one in self.started if one.process.poll() is None]

    def forget_uses(self) -> None:
        """Make uses older than what a limit spares, of what no start is at work with."""
        used = {one.one.id for one in self.alive()}
        for mark in self.runner.cache.glob("*.used.*"):
            if mark.name.partition(".")[0] not in used:
                os.utime(mark, (time.time() - 3600,) * 2)

    def owners(self) -> list[Started]:
        """Those that are at work at this moment."""
        numbers = set()
        for path in self.runner.cache.glob("*.lock.*/owner"):
            words = text(path).split()
            numbers.update(words[1:2])
        return [one for one in self.alive() if str(one.process.pid) in numbers]

    def kill_one(self, number: int) -> None:
        """Kill one that is at work or, each second time, any; with all it has started, or not."""
        candidates = (self.owners() if number % 2 else []) or self.alive()
        if not candidates:
            return
        victim = self.chance.choice(candidates)
        victim.killed = True
        if number % 3:
            victim.process.kill()
        else:
            os.killpg(victim.process.pid, signal.SIGKILL)

    def stop_for_a_moment(self) -> None:
        """Stop all that are at work, and let them go on."""
        owners = self.owners()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for one in owners:
                one.process.send_signal(number)
            time.sleep(0.1)

    def end(self) -> list[str]:
        """Wait for all, of which those that were not killed have to be right; what they told."""
        said = []
        for one in self.started:
            output, errors = one.process.communicate(timeout=300)
            if not one.killed:
                assert one.process.returncode == 0, errors
                assert output == self.expected(one.one)
            said.append(errors)
        return said

    def expected(self, one: Environment) -> str:
        files = {**COMMON, **one.files}
        names = sorted(path for path in files if path.startswith(("lib/data", "share/own")))
        digest = hashlib.sha256(b"".join(map(bytes, (files[name] for name in names))))
        line = f"{digest.hexdigest()}  -\n"
        return f"text: {self.runner.cache / one.id}/share\n{line}{line}"

    def check_what_is_left(self) -> None:
        """The next starts do nothing, and nothing unfinished is there, no process either."""
        self.started = []
        for one in ALL:
            said = self.runner.run("-d", "-e", self.sources[one.id], "report")
            assert (said.returncode, said.stderr.count("\n")) == (0, 1), said
        assert sorted(self.runner.environments()) == sorted(one.id for one in ALL)
        assert len(os.listdir(self.runner.cache / "parts")) == PARTS
        # A heartbeat sees within two seconds that its owner is gone.
        wait_for(lambda: not processes_in(self.runner.cache))


def text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def processes_in(cache: Path) -> list[str]:
    """The command lines of the processes that have to do with the cache."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        line = text(path / "cmdline").replace("\0", " ")
        variables = text(path / "environ")
        if f"PYTHON_PACKAGE_CACHE={cache}\0" in variables or str(cache) in line:
            found.append(line)
    return found


def unpacked(said: Iterable[str]) -> int:
    return sum(int(number) for one in said for number in re.findall(r"(\d+) parts by", one))


@each_machine
def test_starters__of_five_environments_some_killed__each_part_is_unpacked_once(
    runner: Runner,
) -> None:
    crowd = Crowd(runner)
    crowd.start(ALL * (STARTERS // len(ALL)))
    for number in range(KILLS):
        time.sleep(crowd.chance.uniform(0, 0.1))
        crowd.kill_one(number)
        if number % 5 == 0:
            crowd.stop_for_a_moment()
    said = crowd.end()
    done = [words for words, one in zip(said, crowd.started, strict=True) if not one.killed]
    assert unpacked(done) <= PARTS <= unpacked(said)
    crowd.check_what_is_left()


@each_machine
def test_starters__cache_limit_is_small__nothing_in_use_is_removed(runner: Runner) -> None:
    crowd = Crowd(runner)
    for _ in range(STARTERS // 10):
        crowd.forget_uses()
        crowd.start(crowd.chance.sample(ALL, 2) * 5, "--cache-limit", "1M")
        crowd.stop_for_a_moment()
        while len(crowd.alive()) > 4:
            time.sleep(0.01)
    said = crowd.end()
    assert sum(one.count(" is removed\n") for one in said) > 0
    assert not list(runner.cache.glob("*.lock.*"))


@pytest.mark.root
@pytest.mark.parametrize("machine", machines[:1], indirect=True)
def test_disk__full_at_any_moment__next_start_is_right(runner: Runner) -> None:
    crowd = Crowd(runner)
    runner.cache.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9M", "none", runner.cache]).returncode:
        pytest.skip("this machine may not mount")
    try:
        for room in (64, 1_000, 4_000, 6_000):  # kilobytes; one environment has 5,200
            filler = runner.cache / "filler"
            filler.write_bytes(b"")
            with suppress(OSError), filler.open("ab", 0) as stream:
                stream.write(bytes(9 << 20))
            os.truncate(filler, max(0, filler.stat().st_size - room * 1024))
            done = runner.run("-e", crowd.sources[ALL[0].id], "report")
            assert done.returncode == (0 if room == 6_000 else 3), (room, done)
            assert (done.stderr == "") == (room == 6_000), (room, done)
            filler.unlink()
            assert set(runner.environments()) <= {ALL[0].id}, room
            assert "text: " in runner.output("-e", crowd.sources[ALL[0].id], "report")
            runner.output("--cache", "clean")
    finally:
        subprocess.run(["umount", "-l", runner.cache], check=True)


@pytest.mark.parametrize("machine", machines[:1], indirect=True)
@pytest.mark.parametrize("source", [0, 1], ids=["layers", "archive"])
def test_store__file_has_as_many_links_as_it_can__environment_is_of_copies(
    runner: Runner, source: int
) -> None:
    crowd = Crowd(runner)
    runner.output("-e", crowd.sources[ALL[2].id], "report")
    (common,) = (runner.cache / "parts").glob("*/lib/data45")
    links = runner.folder / "links"
    links.mkdir()
    with suppress(OSError):
        for number in range(70_000):
            os.link(common, links / f"{number}")
        pytest.skip("this disk's files can have any number of links; those of ext4 have 65,000")
    one = ALL[source]
    done = runner.run("-d", "-e", crowd.sources[one.id], *COMMAND)
    assert (done.returncode, done.stdout) == (0, crowd.expected(one))
    assert "links to the files" in done.stderr
    assert (runner.cache / one.id / "lib/data45").stat().st_nlink == 1
