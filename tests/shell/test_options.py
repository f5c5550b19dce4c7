"""What the options do: the environment's Python, its end, the sandbox, the timings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell.conftest import NAMING_ITSELF, PLAIN, Runner, once
from tests.shell.environments import SCRIPT, Environment, pack_foreign


@once
@pytest.mark.parametrize("version", ["3.11", "3.11.7"])
def test_require_python__it_has_it__runs(runner: Runner, archive: Path, version: str) -> None:
    output = runner.output("--require-python", version, "-e", archive, "show", "x")
    assert output.endswith("\nx\n")


@once
@pytest.mark.parametrize("version", ["3.1", "3.12", "3.11.8", "2.7"])
def test_require_python__it_has_another__exits_4_and_names_both(
    runner: Runner, archive: Path, version: str
) -> None:
    done = runner.run("--require-python", version, "-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"has Python 3.11.7, and {version} is required" in done.stderr


@once
def test_require_python__foreign_archive__asks_its_interpreter(runner: Runner) -> None:
    python = b"#!/bin/sh\ntest x$1 != x-V || echo Python 3.9.2\n"
    archive = pack_foreign(runner.folder / "E", {"bin/python": python})
    assert runner.run("--require-python", "3.9", "-e", archive, "show").returncode == 0
    assert runner.run("--require-python", "3.8", "-e", archive, "show").returncode == 4


@once
@pytest.mark.parametrize("version", ["3", "three", "3.", ".3", "3..1", "3.11rc1"])
def test_require_python__is_no_version__exits_1(runner: Runner, version: str) -> None:
    done = runner.run("--require-python", version, "-e", "plain", "true")
    assert (done.returncode, "such as 3.11" in done.stderr) == (1, True)


def timings(runner: Runner) -> dict[str, int]:
    content = json.loads((runner.folder / "timings").read_text())
    assert sorted(content) == list(content)
    return dict(content)


STEPS = {"activate", "command", "exit_code", "extract", "locate", "relocate", "wait"}


@once
def test_timings__cold_and_warm__tell_each_step(runner: Runner, naming_archive: Path) -> None:
    began = time.monotonic()
    runner.output("--timings", "timings", "-e", naming_archive, "sleep", "0.3")
    passed = (time.monotonic() - began) * 1000
    cold = timings(runner)
    assert set(cold) == STEPS
    assert 250 <= cold["command"] <= passed
    assert sum(cold.values()) <= passed + 20
    assert (
        runner.run("--timings=timings", "-e", naming_archive, "sh", "-c", "exit 7").returncode == 7
    )
    warm = timings(runner)
    assert (warm["exit_code"], warm["extract"], warm["relocate"]) == (7, 0, 0)
    assert sorted(os.listdir(runner.folder)) == [naming_archive.name, "timings"]


@once
def test_timings__failure__has_its_exit_code(runner: Runner) -> None:
    runner.run("--timings", "timings", "nowhere", "true")
    assert timings(runner)["exit_code"] == 2


@once
def test_timings__cannot_be_written__is_said_and_no_more(runner: Runner, archive: Path) -> None:
    done = runner.run("--timings", "no/such/folder", "-e", archive, "sh", "-c", "exit 7")
    assert (done.returncode, done.stdout) == (7, "")
    assert "cannot write no/such/folder" in done.stderr


@once
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_timings__to_what_is_no_file__leave_it_what_it_is(
    runner: Runner, archive: Path, kind: str
) -> None:
    place, file = runner.folder / "place", runner.folder / "file"
    if kind == "pipe":
        os.mkfifo(place)
        reader = subprocess.Popen(["cat", place], stdout=file.open("w"))
    elif kind == "link":
        place.symlink_to(file)
    else:
        place.mkdir()
    before = place.lstat()
    done = runner.run("--timings", "place", "-e", archive, "sh", "-c", "exit 7")
    assert done.returncode == 7
    assert os.path.samestat(place.lstat(), before)
    if kind == "folder":
        assert "cannot write place" in done.stderr
        assert list(place.iterdir()) == []
    else:
        if kind == "pipe":
            reader.wait(10)
        assert json.loads(file.read_text())["exit_code"] == 7


@once
def test_no_cache__after_the_command__nothing_is_left(runner: Runner, naming_archive: Path) -> None:
    runner.output("-e", naming_archive)
    cached = sorted(runner.cache.rglob("*"))
    done = runner.run("--no-cache", "-e", naming_archive, "sh", "-c", "report; exit 9")
    assert done.stdout.startswith(f"text: {runner.cache}/once.")
    assert (done.returncode, done.stderr) == (9, "")
    assert sorted(runner.cache.rglob("*")) == cached
    assert runner.output("--no-cache", "-e", naming_archive) == ""
    assert sorted(runner.cache.rglob("*")) == cached


@once
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_no_cache__signal__reaches_the_command_which_is_waited_for(
    runner: Runner, archive: Path, number: signal.Signals
) -> None:
    code = (
        "import signal, time\n"
        "def end(number, frame): time.sleep(0.3); print('ended', number); raise SystemExit(5)\n"
        f"signal.signal({int(number)}, end)\n"
        # A signal right before a long sleep would be heeded after it.
        "print('begun', flush=True)\nwhile True: time.sleep(0.05)"
    )
    process = runner.start("--no-cache", "-e", archive, "python", "-c", code)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (output, errors, process.returncode) == (f"ended {int(number)}\n", "", 5)
    assert list(runner.cache.iterdir()) == []


@once
def test_no_cache__command__is_interrupted_and_reads_as_without(
    runner: Runner, archive: Path
) -> None:
    code = (
        "import signal, sys; print(sys.stdin.read())\n"
        "print([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)])"
    )
    said = [
        subprocess.run(
            [*runner.shell, SCRIPT, *options, "-e", archive, "python", "-c", code],
            env={"PATH": str(runner.tools), **runner.env},
            cwd=runner.folder,
            input="input",
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        for options in ([], ["--no-cache"])
    ]
    assert said[0] == said[1]
    assert "input" in said[0]


@once
def test_no_cache__ended_while_extracting__leaves_nothing(runner: Runner) -> None:
    large = Environment({f"share/file{n}": os.urandom(50_000) for n in range(200)})
    large.pack(runner.folder / "E")
    process = runner.start("--no-cache", "-e", "E", "show")
    deadline = time.monotonic() + 60
    while not list(runner.cache.glob("once.*/*/tree/share")):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.terminate()
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == -signal.SIGTERM
    assert list(runner.cache.iterdir()) == []


@once
def test_no_cache__killed__next_start_removes_what_it_left(runner: Runner, archive: Path) -> None:
    process = runner.start("--no-cache", "-e", archive, "sh", "-c", "echo begun; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.kill()
    process.wait(10)
    runner.output("--no-cache", "-e", archive)
    assert len(list(runner.cache.iterdir())) == 1  # the command lives on
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    runner.output("--no-cache", "-e", archive)
    assert list(runner.cache.iterdir()) == []


@once
def test_no_cache__interpreter_of_the_command_is_missing__exits_127(
    runner: Runner, archive: Path
) -> None:
    program = runner.folder / "program"
    program.write_text("#!/nowhere/sh\n")
    program.chmod(0o755)
    done = runner.run("--no-cache", "-e", archive, "./program")
    assert (done.returncode, len(done.stderr.splitlines())) == (127, 1), done.stderr
    assert runner.environments() == []


@pytest.mark.parametrize("arguments", [["--no-cache", "-u", "x"], ["--network"]])
def test_options__that_exclude_or_need_others__exit_1(runner: Runner, arguments: list[str]) -> None:
    assert runner.run(*arguments, "-e", "plain", "true").returncode == 1


def test_data__named_in_the_environment__are_absolute_paths(runner: Runner) -> None:
    lines = b"WEIGHTS=share/data/we ights=1\nREPO_2=share/repo\n1BAD=x\nBAD-2=x\n\n"
    hook = b'export FROM_HOOK="$REPO_2/x"\n'
    Environment({"etc/pypackage/data": lines, "etc/conda/activate.d/a.sh": hook}).pack(
        runner.folder / "E"
    )
    output = runner.output("-e", "E", "env")
    (prefix,) = map(runner.cache.joinpath, runner.environments())
    assert f"\nWEIGHTS={prefix}/share/data/we ights=1\n" in output
    assert f"\nFROM_HOOK={prefix}/share/repo/x\n" in output
    assert "BAD" not in output


def listed(runner: Runner) -> dict[str, str]:
    lines = [line.split("\t") for line in runner.output("--cache", "list").splitlines()]
    return {Path(path).name: state for _, state, path in lines if state != "store"}


@once
def test_cache_list__environments__with_size_and_whether_in_use(
    runner: Runner, archive: Path, naming_archive: Path
) -> None:
    assert listed(runner) == {}
    runner.output("-e", naming_archive)
    task = runner.start("-e", archive, "sh", "-c", "echo begun; exec sleep 60")
    assert task.stdout is not None
    task.stdout.readline()
    assert listed(runner) == {PLAIN.id: "used", NAMING_ITSELF.id: "free"}
    task.kill()
    task.communicate()
    assert listed(runner) == {PLAIN.id: "free", NAMING_ITSELF.id: "free"}


@once
def test_cache_clean__all_but_what_is_in_use__is_removed(
    runner: Runner, archive: Path, naming_archive: Path
) -> None:
    runner.output("-e", naming_archive)
    task = runner.start("-e", archive, "sh", "-c", "echo begun; exec sleep 60")
    assert task.stdout is not None
    task.stdout.readline()
    left = subprocess.Popen(["true"])
    left.wait()
    for name in ("once.77", "abc.lock.1"):
        (runner.cache / name).mkdir()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        machine = f"{boot}-{os.readlink('/proc/self/ns/pid')}"
        (runner.cache / name / "owner").write_text(f"{machine} {left.pid} 1 0\n")
    for name, minutes in (("once.78", 2), ("once.79", 0)):  # their owners have not told their names
        (runner.cache / name).mkdir()
        os.utime(runner.cache / name, (time.time() - 60 * minutes,) * 2)
    done = runner.run("--cache", "clean")
    task.kill()
    task.communicate()
    assert (done.returncode, done.stdout) == (0, "")
    assert f"{PLAIN.id} is in use" in done.stderr
    assert sorted(path.name for path in runner.cache.iterdir()) == [PLAIN.id, "once.79", "parts"]


@once
def test_cache_clean__read_only__exits_3_and_says_why(runner: Runner, archive: Path) -> None:
    runner.output("-e", archive)
    done = runner.read_only(runner.cache).run("--cache", "clean")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot make the folder" in done.stderr
    assert done.stderr.endswith(": Read-only file system\n")


@once
@pytest.mark.parametrize("arguments", [["--cache", "dance"], ["--cache", "list", "x"]])
def test_cache__invalid_chore__exits_1(runner: Runner, arguments: list[str]) -> None:
    assert runner.run(*arguments).returncode == 1


def some(number: int) -> Environment:
    return Environment({"share/data": bytes([number]) + os.urandom(1_000_000)})


def age(runner: Runner, environment: Environment, seconds: int) -> None:
    then = time.time() - seconds
    for path in (
        runner.cache / environment.id / "etc/pypackage/unpacked",
        *runner.cache.glob(f"{environment.id}.used.*"),
    ):
        os.utime(path, (then, then))


@once
def test_cache_limit__exceeded__removes_what_was_used_longest_ago(runner: Runner) -> None:
    first, second, third, fourth = (some(n) for n in range(4))
    for environment, seconds in ((first, 500), (second, 900), (third, 700)):
        environment.pack(runner.folder / environment.id)
        runner.output("--cache-limit", "100M", "-e", f"./{environment.id}")
        age(runner, environment, seconds)
    # In use, though it is the oldest.
    task = runner.start("-e", f"./{second.id}", "sh", "-c", "echo begun; exec sleep 60")
    assert task.stdout is not None
    task.stdout.readline()
    fourth.pack(runner.folder / "fourth")
    runner.output("--cache-limit", "3600K", "-e", "./fourth", "show")
    task.kill()
    task.communicate()
    assert set(listed(runner)) == {first.id, second.id, fourth.id}
    assert {name.partition(".")[0] for name in runner.environments()} == set(listed(runner))


@once
def test_cache_limit__far_too_small__keeps_what_was_just_started_and_elsewhere(
    runner: Runner,
) -> None:
    first, second, third = (some(n) for n in range(3))
    for environment in (first, second):
        environment.pack(runner.folder / environment.id)
        runner.output("--cache-limit", "1K", "-e", f"./{environment.id}")
    age(runner, first, 500)
    (runner.cache / f"{first.id}.used.another-machine").touch()
    third.pack(runner.folder / "third")
    runner.output("--cache-limit", "1K", "-e", "./third", "show")
    assert set(listed(runner)) == {first.id, second.id, third.id}
    age(runner, first, 200_000)
    age(runner, second, 500)
    runner.output("--cache", "clean")
    assert listed(runner) == {}


@once
@pytest.mark.parametrize("size", ["20", "0x10M", "M", "20GB", "-1G"])
def test_cache_limit__is_no_size__exits_1(runner: Runner, size: str) -> None:
    assert runner.run("--cache-limit", size, "-e", "plain", "true").returncode == 1


def test_output__cannot_be_written__is_told_in_one_line(runner: Runner, archive: Path) -> None:
    runner.output("-e", archive)
    full = replace(runner, before=("sh", "-c", 'exec "$@" >/dev/full', "sh"))
    for arguments in ["--help"], ["--help-env-creation"], ["--cache", "list"]:
        done = full.run(*arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert "cannot write to standard output" in done.stderr
    for place in "/dev/full", ".":
        done = runner.run("--timings", place, "-e", archive, "sh", "-c", "exit 7")
        assert (done.returncode, done.stderr) == (7, f"{SCRIPT.name}: cannot write {place}\n")
