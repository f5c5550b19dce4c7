"""Many starters, killed extractors, and two machines on one folder."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell import formats
from tests.shell.conftest import Runner
from tests.shell.environments import NAMING, Environment, relocations
from tests.shell.test_cache import wait_for
from tests.shell.test_formats import EXTRACTING, with_tools
from tests.support.needs import need

# Of several parts, so that several jobs extract it.
LARGE = Environment(
    {
        **NAMING,
        **{f"share/data{n}": os.urandom(100_000) for n in range(60)},
        **{f"share/file{n}": b"%d" % n * 500 for n in range(400)},
    },
    relocations(),
)

pytestmark = [pytest.mark.slow]
MACHINES = ["dash-gnu", "busybox-busybox", "bash-gnu"]
each_machine = pytest.mark.parametrize("machine", MACHINES, indirect=True)

# A task that looks at all of the environment: each file has the size it should.
COMMAND = (
    "sh",
    "-c",
    'report; cat "$CONDA_PREFIX"/share/data* | wc -c; cat "$CONDA_PREFIX"/share/file* | wc -c',
)
SIZES = "6000000\n{}\n".format(sum(len(b"%d" % n) * 500 for n in range(400)))


@pytest.fixture
def large(runner: Runner) -> Path:
    return LARGE.pack(runner.folder / "large.tar.gz")


@each_machine
def test_starters__two_hundred_at_once__one_extracts_and_all_are_right(
    runner: Runner, large: Path
) -> None:
    started = [runner.start("-d", "-e", large, *COMMAND) for _ in range(200)]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in started]
    place = runner.cache / LARGE.id
    assert {(output, code) for output, _, code in ended} == {(f"text: {place}/share\n{SIZES}", 0)}
    assert sum(said.count("extracting") for _, said, _ in ended) == 1
    assert sum(said.count("made to name") for _, said, _ in ended) == 1
    assert runner.environments() == [LARGE.id]


@each_machine
def test_extractor__killed_at_random_moments__others_get_a_whole_environment(
    runner: Runner, large: Path
) -> None:
    began = time.monotonic()
    runner.output("-e", large, "report")
    whole = time.monotonic() - began
    place = runner.cache / LARGE.id
    chance = random.Random(5)
    for moment in range(50):
        shutil.rmtree(runner.cache)
        victim = runner.start("-e", large, *COMMAND)
        others = [runner.start("-e", large, *COMMAND) for _ in range(2)]
        time.sleep(chance.uniform(0, whole))
        if moment % 2:
            victim.kill()
        else:
            os.killpg(victim.pid, signal.SIGKILL)
        said = [other.communicate(timeout=60) for other in others]
        assert said == [(f"text: {place}/share\n{SIZES}", "")] * 2
        victim.communicate(timeout=10)
        assert runner.output("-e", large, *COMMAND) == f"text: {place}/share\n{SIZES}"
    assert runner.environments() == [LARGE.id]


@pytest.mark.parametrize("machine", MACHINES[:1], indirect=True)
@pytest.mark.parametrize("ending", formats.ENDINGS)
def test_extractor__of_any_format_killed__the_next_is_right_and_nothing_is_left(
    runner: Runner, ending: str
) -> None:
    runner = with_tools(runner, *EXTRACTING)
    archive, identity = formats.pack(LARGE, runner.folder / f"large.{ending}")
    began = time.monotonic()
    runner.output("-e", archive, "report")
    whole = time.monotonic() - began
    chance = random.Random(6)
    for moment in range(20):
        shutil.rmtree(runner.cache)
        victim = runner.start("-e", archive, *COMMAND)
        time.sleep(chance.uniform(0, whole))
        number = signal.SIGTERM if moment % 3 == 0 else signal.SIGKILL
        os.killpg(victim.pid, number)
        victim.communicate(timeout=20)
        assert runner.output("-e", archive, *COMMAND).endswith(SIZES)
        assert [one for one in runner.environments() if not one.startswith("source.")] == [identity]


def other_machine(runner: Runner) -> Runner:
    """The same on a machine where the pids of this one mean nothing."""
    command = (need("unshare"), "--pid", "--fork", "--kill-child", "--mount-proc", "--uts")
    if subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("this machine may not make namespaces")
    return replace(runner, before=command)


@pytest.mark.root
@each_machine
def test_two_machines__starters_on_both__one_extracts_and_all_are_right(
    runner: Runner, large: Path
) -> None:
    other = other_machine(runner)
    place = runner.cache / LARGE.id
    for _ in range(5):
        started = [
            machine.start("-d", "-e", large, *COMMAND)
            for _ in range(15)
            for machine in (runner, other)
        ]
        ended = [(*process.communicate(timeout=120), process.returncode) for process in started]
        results = {(output, code) for output, _, code in ended}
        assert results == {(f"text: {place}/share\n{SIZES}", 0)}
        assert sum(said.count("extracting") for _, said, _ in ended) == 1
        assert runner.environments() == [LARGE.id]
        shutil.rmtree(runner.cache)


@pytest.mark.root
@pytest.mark.waits
@pytest.mark.parametrize("machine", MACHINES[:1], indirect=True)
def test_two_machines__one_dies_while_extracting__the_other_takes_over(
    runner: Runner, large: Path
) -> None:
    other = other_machine(runner)
    victim = other.start("-e", large, *COMMAND)
    unfinished = runner.cache / "parts.lock.1"
    wait_for(lambda: list(unfinished.glob("new/*/share")))
    os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate(timeout=10)
    done = runner.start("-e", large, *COMMAND)
    output, errors = done.communicate(timeout=90)
    assert (done.returncode, errors) == (0, "")
    assert output == f"text: {runner.cache / LARGE.id}/share\n{SIZES}"
    assert runner.environments() == [LARGE.id]
