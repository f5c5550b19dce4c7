"""One unpack a node: where the cache is, races, and owners that die."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.shell.conftest import NAMING_ITSELF, PLAIN, Runner, once
from tests.shell.environments import NAMING, SHOW, Environment, relocations
from tests.support.needs import need

# So many that extracting them takes a moment, in memory too.
FILES = 6000
LARGE = Environment(
    {
        **NAMING,
        **{f"share/file{n}": b"%d" % n * 100 for n in range(FILES)},
    },
    relocations(),
)


@pytest.fixture(scope="module")
def large_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return LARGE.pack(tmp_path_factory.mktemp("large") / "large.tar.gz")


def check_large(output: str, prefix: Path) -> None:
    """The report is right, and the whole environment is there, with nothing beside it."""
    assert output == f"text: {prefix}/share\n"
    assert len(list(prefix.glob("share/file*"))) == FILES
    assert {path.name for path in prefix.parent.iterdir()} == {prefix.name, "parts"}


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def has_unpacked(runner: Runner, number: int = 1) -> bool:
    """Whether so many files of parts are there, none of which is in the store yet."""
    return len(list(runner.cache.glob("parts.lock.1/new/*/share/*"))) >= number


def test_cache__thirty_starters_at_once__one_extracts_and_all_are_right(
    runner: Runner, large_archive: Path
) -> None:
    started = [runner.start("-d", "-e", large_archive, "report") for _ in range(30)]
    ended = [(*process.communicate(), process.returncode) for process in started]
    prefix = runner.cache / LARGE.id
    assert [code for _, _, code in ended] == [0] * 30
    assert sum("extracting" in said for _, said, _ in ended) == 1
    assert sum("made to name" in said for _, said, _ in ended) == 1
    for output, _, _ in ended:
        check_large(output, prefix)


@once
def test_cache__names_like_those_of_locks__are_nobodys(runner: Runner, archive: Path) -> None:
    for number in ("08", "1x", "2147483648", "9" * 20):
        Path(runner.cache, f"{PLAIN.id}.lock.{number}").mkdir(parents=True)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")


@once
@pytest.mark.parametrize(("number", "folder"), [("999999", True), ("1", False)])
def test_folder__lock_that_cannot_be_taken_is_in_it__exits_4_and_names_it(
    runner: Runner, naming_archive: Path, number: str, folder: bool
) -> None:
    place = runner.folder / "place"
    place.mkdir()
    subprocess.run(["tar", "xf", naming_archive, "-C", place], check=True)
    found = place / f"etc/pypackage/lock.{number}"
    found.mkdir() if folder else found.touch()
    done = runner.run("-e", place, "report")
    message = f"python_package_run: {found} is in the way of a lock: remove it\n"
    assert (done.returncode, done.stdout, done.stderr) == (4, "", message)
    found.rmdir() if folder else found.unlink()
    assert runner.output("-e", place, "report") == f"text: {place}/share\n"


@once
def test_cache__cannot_be_listed__exits_3_soon(runner: Runner, archive: Path) -> None:
    runner.cache.mkdir()
    runner.cache.chmod(0o300)
    if os.access(runner.cache, os.R_OK):  # as root
        if "busybox" in runner.shell[0]:
            pytest.skip("for this shell, root can read everything")
        drop = (need("setpriv"), "--bounding-set=-all", "--inh-caps=-all")
        runner = replace(runner, before=drop)
    before = time.monotonic()
    done = runner.run("-e", archive, "show")
    runner.cache.chmod(0o700)
    assert done.returncode == 3
    assert f"{runner.cache} cannot be listed" in done.stderr
    assert time.monotonic() - before < 5
    assert runner.environments() == []


@once
def test_cache__lock_left_without_a_name__goes_with_a_start_a_minute_later(
    runner: Runner, archive: Path
) -> None:
    runner.output("-e", archive)
    lock = runner.cache / f"{PLAIN.id}.lock.1"
    lock.mkdir()
    runner.output("-e", archive, "show")
    assert lock.exists(), "perhaps it was made just now"
    os.utime(lock, (time.time() - 120,) * 2)
    runner.output("-e", archive, "show")
    assert runner.environments() == [PLAIN.id]


def test_cache__second_start__touches_nothing(runner: Runner, naming_archive: Path) -> None:
    runner.output("-e", naming_archive)
    before = {path: path.lstat().st_ctime_ns for path in runner.cache.rglob("*")}
    runner.output("-e", naming_archive, "report")
    assert {path: path.lstat().st_ctime_ns for path in runner.cache.rglob("*")} == before


def test_cache__prepared_environment__is_started_with_no_other_program(
    runner: Runner, archive: Path
) -> None:
    runner.output("-e", archive)
    told = runner.folder.parent / "told"
    telling = runner.folder.parent / "telling"
    telling.mkdir()
    for tool in runner.tools.iterdir():
        (telling / tool.name).write_text(f"#!/bin/sh\necho {tool.name} >>'{told}'\n")
        (telling / tool.name).chmod(0o755)
    alone = Runner(runner.shell, telling, runner.folder, runner.env)
    assert alone.output("-e", archive, "/bin/echo", "x") == "x\n"
    assert not told.exists()


@once
def test_cache__owner_killed__next_start_does_it_at_once(
    runner: Runner, large_archive: Path
) -> None:
    prefix = runner.cache / LARGE.id
    for enough in (0, FILES // 4, FILES * 3 // 4):
        for _ in range(20):
            if killed_at_work(runner, large_archive, enough):
                break
            subprocess.run(["rm", "-r", prefix, runner.cache / "parts"], check=True)
        else:
            pytest.fail("it is always done before it is killed")
        check_large(runner.output("-e", large_archive, "report"), prefix)
        subprocess.run(["rm", "-r", prefix, runner.cache / "parts"], check=True)


def killed_at_work(runner: Runner, archive: Path, enough: int) -> bool:
    """Kill a start when it has unpacked enough files; whether it was not done before."""
    victim = runner.start("-e", archive, "report")
    while victim.poll() is None and not has_unpacked(runner, enough):
        time.sleep(0.001)
    if victim.poll() is None:
        os.killpg(victim.pid, signal.SIGKILL)
    victim.communicate()
    return not (runner.cache / LARGE.id).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_cache__owner_ended_by_a_signal__ends_by_it_and_leaves_nothing(
    runner: Runner, large_archive: Path, number: signal.Signals
) -> None:
    bare = runner.folder / "bare.sh"
    bare.write_text(f"kill -{number.name[3:]} $$\nexit 3\n")
    # mksh itself makes of SIGHUP an exit with 129, with traps and without.
    own_way = runner.run(script=bare).returncode
    assert own_way in (-number, 128 + number)
    process = runner.start("-e", large_archive, "report")
    wait_for(partial(has_unpacked, runner))
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == own_way
    assert list(runner.cache.iterdir()) == []


@pytest.mark.parametrize(("options", "name"), [((), ".lock.1"), (("--no-cache",), "once.")])
def test_cache__signal_while_its_folder_is_made__leaves_nothing(
    runner: Runner, naming_archive: Path, tmp_path: Path, options: tuple[str, ...], name: str
) -> None:
    # The folder is there, and the shell does not know it yet.
    script = f'{need("mkdir")} "$@" || exit\ncase "$*" in *{name}*) kill -HUP "$PPID" ;; esac\n'
    check_hung_up(with_mkdir(runner, tmp_path, script), naming_archive, options)


@once
def test_no_cache__signal_to_all_processes_of_the_group__says_nothing(
    runner: Runner, naming_archive: Path, tmp_path: Path
) -> None:
    script = f'case "$*" in *once.*) kill -HUP 0 ;; esac\n{need("mkdir")} "$@"\n'
    check_hung_up(with_mkdir(runner, tmp_path, script), naming_archive, ("--no-cache",))


def with_mkdir(runner: Runner, tmp_path: Path, script: str) -> Runner:
    """The runner with another mkdir, which sends signals."""
    if "busybox" in runner.shell[0]:
        pytest.skip("this shell has a mkdir of its own")
    tools = tmp_path / "signalling"
    shutil.copytree(runner.tools, tools, symlinks=True)
    (tools / "mkdir").unlink()
    (tools / "mkdir").write_text(f"#!{need('dash')}\n{script}")
    (tools / "mkdir").chmod(0o755)
    return replace(runner, tools=tools)


def check_hung_up(runner: Runner, archive: Path, options: tuple[str, ...]) -> None:
    """Check that a start ends by SIGHUP, says nothing and leaves nothing."""
    done = runner.run(*options, "-e", archive, "report")
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode in (-signal.SIGHUP, 128 + signal.SIGHUP)
    assert list(runner.cache.iterdir()) == []


def test_cache__only_the_owner_killed__what_it_started_does_no_harm(
    runner: Runner, large_archive: Path
) -> None:
    victim = runner.start("-e", large_archive, "report")
    wait_for(partial(has_unpacked, runner))
    victim.kill()
    others = [runner.start("-e", large_archive, "report") for _ in range(5)]
    said = [other.communicate() for other in others]
    assert said == [(f"text: {runner.cache / LARGE.id}/share\n", "")] * 5
    check_large(said[0][0], runner.cache / LARGE.id)


def test_cache__owner_killed_before_the_mark__is_prepared_anew(
    runner: Runner, naming_archive: Path
) -> None:
    runner.output("-e", naming_archive)
    prefix = runner.cache / NAMING_ITSELF.id
    (prefix / "etc" / "pypackage" / "prepared").unlink()
    done = runner.run("-d", "-e", naming_archive, "report")
    assert done.stdout == f"text: {prefix}/share\n"
    assert "extracting" not in done.stderr


@once
def test_cache__owner_taken_for_dead__leaves_it_to_the_next(
    runner: Runner, large_archive: Path
) -> None:
    process = runner.start("-e", large_archive, "report")
    first, second = (runner.cache / f"{LARGE.id}.lock.{n}" for n in (1, 2))
    wait_for(partial(has_unpacked, runner))
    second.mkdir()
    wait_for(lambda: not first.exists())
    assert runner.environments() == [second.name]
    second.rmdir()
    output, _ = process.communicate(timeout=20)
    check_large(output, runner.cache / LARGE.id)


def test_cache__owner_killed_and_not_waited_for__its_output_ends(
    runner: Runner, large_archive: Path
) -> None:
    victim = runner.start("-e", large_archive, "report")
    wait_for(partial(has_unpacked, runner))
    victim.kill()
    victim.communicate(timeout=10)


def lock(runner: Runner, owner: str, number: int = 1) -> None:
    folder = runner.cache / f"{PLAIN.id}.lock.{number}"
    folder.mkdir(parents=True)
    (folder / "owner").write_text(owner)


def this_machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}-{os.readlink('/proc/self/ns/pid')}"


def test_lock__number_of_the_owner_used_again__is_taken_over(runner: Runner, archive: Path) -> None:
    lock(runner, f"{this_machine()} {os.getpid()} 1 7\n")
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    assert runner.environments() == [PLAIN.id]


@once
def test_lock__owner_died_when_it_was_ready__is_removed_by_the_next_start(
    runner: Runner, archive: Path
) -> None:
    runner.output("-e", archive)
    lock(runner, f"{this_machine()} {os.getpid()} 1 7\n")
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    assert runner.environments() == [PLAIN.id]
    lock(runner, f"another-machine {os.getpid()} 1 7\n")
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    assert (runner.cache / f"{PLAIN.id}.lock.1" / "owner").exists(), "not ours to remove"


@once
def test_lock__owner_died_while_it_removed_earlier_ones__the_rest_is_removed_by_the_next_start(
    runner: Runner, archive: Path
) -> None:
    runner.output("-e", archive)
    for number in (4, 5):
        lock(runner, f"{this_machine()} {os.getpid()} 1 7\n", number)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    assert runner.environments() == [PLAIN.id]


@once
def test_lock__owner_alive_elsewhere__waits_as_long_as_told(runner: Runner, archive: Path) -> None:
    lock(runner, f"another-machine {os.getpid()} 1 7\n")
    began = time.monotonic()
    done = runner.run("-w", "1", "-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (3, "")
    assert "another process is still unpacking" in done.stderr
    assert "another-machine" in done.stderr
    assert 0.9 < time.monotonic() - began < 5
    assert (runner.cache / f"{PLAIN.id}.lock.1" / "owner").exists(), "not ours to remove"


@once
def test_lock__owner_died_before_it_told_its_name__is_taken_over_soon(
    runner: Runner, archive: Path
) -> None:
    (runner.cache / f"{PLAIN.id}.lock.1").mkdir(parents=True)
    output = runner.output("-w", "10", "-e", archive, "show", "x")
    assert output.endswith("x\n")
    assert runner.environments() == [PLAIN.id]


@pytest.mark.slow
@pytest.mark.waits
def test_lock__owner_elsewhere_is_silent__is_taken_over(runner: Runner, archive: Path) -> None:
    lock(runner, "another-machine 1 1 7\n")
    assert runner.output("-e", archive, "show", "x").endswith("x\n")


@pytest.mark.slow
@pytest.mark.waits
def test_lock__owner_elsewhere_renews_it__is_waited_for(runner: Runner, archive: Path) -> None:
    lock(runner, "another-machine 1 1 0\n")
    process = runner.start("-e", archive, "show", "x")
    for beat in range(40):
        (runner.cache / f"{PLAIN.id}.lock.1" / "owner").write_text(f"another-machine 1 1 {beat}\n")
        time.sleep(1)
    assert process.poll() is None
    process.kill()


@pytest.mark.slow
@once
def test_lock__held_for_long__is_renewed_by_its_owner(runner: Runner, archive: Path) -> None:
    # The environment's interpreter, which relocates, takes longer than a heartbeat.
    slow = Environment(
        {**NAMING, "bin/python": b"#!/bin/sh\nsleep 2.5\n"},
        relocations(),
    )
    slow.pack(runner.folder / "slow.tar.gz")
    process = runner.start("-e", "slow.tar.gz")
    owner = runner.cache / f"{slow.id}.lock.1" / "owner"
    wait_for(lambda: owner.exists() and owner.read_text().endswith(" 1\n"))
    assert owner.read_text().startswith(f"{this_machine()} {process.pid} ")
    process.communicate()
    assert runner.environments() == [slow.id]


@once
def test_unpack_to__folder_with_another_environment__is_set_up_anew(
    runner: Runner, archive: Path, naming_archive: Path
) -> None:
    place = runner.folder / "E-env"
    runner.output("-e", archive, "-u", place)
    assert runner.output("-e", naming_archive, "-u", place, "report") == f"text: {place}/share\n"
    assert runner.output("-e", archive, "-u", "E-env", "show", "x") == f"{place}\nx\n"
    assert not (place / "bin" / "report").exists()


@once
def test_unpack_to__other_environment_in_use__is_refused(
    runner: Runner, archive: Path, naming_archive: Path
) -> None:
    place = runner.folder / "E-env"
    runner.output("-e", archive, "-u", place)
    (place / "bin" / "own").write_bytes(Path("/bin/sleep").read_bytes())
    (place / "bin" / "own").chmod(0o755)
    task = runner.start("-e", archive, "-u", place, "own", "60")
    wait_for(lambda: os.readlink(f"/proc/{task.pid}/exe") == str(place / "bin" / "own"))
    done = runner.run("-e", naming_archive, "-u", place, "report")
    task.kill()
    assert (done.returncode, done.stdout) == (3, "")
    assert "in use" in done.stderr
    assert runner.output("-e", archive, "-u", place, "show", "x") == f"{place}\nx\n"


@once
def test_unpack_to__folder_with_other_things__is_left_alone(runner: Runner, archive: Path) -> None:
    place = runner.folder / "home"
    place.mkdir()
    (place / "thesis").write_text("years of work")
    done = runner.run("-e", archive, "-u", place, "true")
    assert (done.returncode, done.stdout) == (3, "")
    assert [path.name for path in place.iterdir()] == ["thesis"]
    assert sorted(path.name for path in runner.folder.iterdir()) == ["home", archive.name]


@once
def test_unpack_to__empty_folder__is_used(runner: Runner, archive: Path) -> None:
    (runner.folder / "E-env").mkdir()
    assert runner.output("-e", archive, "-u", "E-env/", "show", "x").endswith("/E-env\nx\n")


@once
def test_unpack_to__empty_current_folder__the_command_is_in_it(
    runner: Runner, archive: Path
) -> None:
    (runner.folder / "E-env").mkdir()
    there = runner.at(runner.folder / "E-env")
    tasks = [there.start("-e", archive, "-u", ".", "env", "cat", "bin/show") for _ in range(2)]
    assert [task.communicate()[0] for task in tasks] == [SHOW.decode()] * 2


@once
def test_cache__order_of_the_places__is_option_variable_sandbox_private(
    runner: Runner, archive: Path
) -> None:
    sandbox = runner.folder / "sandbox"
    sandbox.mkdir()
    runner = runner.with_env(WORK_QUEUE_SANDBOX=str(sandbox))
    private = Path(runner.env["TMPDIR"], f"python_package_run-{os.getuid()}")
    without = runner.without("PYTHON_PACKAGE_CACHE")
    for prefix in (
        runner.output("--cache-dir", runner.folder / "c", "-e", archive, "show"),
        runner.output("-e", archive, "show"),
        without.output("-e", archive, "show"),
        without.without("WORK_QUEUE_SANDBOX").output("-e", archive, "show"),
    ):
        assert Path(prefix.strip()).is_dir()
    for folder in (runner.folder / "c", runner.cache, sandbox / "python_package_cache", private):
        assert sorted(path.name for path in folder.iterdir()) == [PLAIN.id, "parts"]
    assert private.stat().st_mode & 0o777 == 0o700


# busybox's mkdir sets the mode when the folder is there already; this one takes its time for it.
MKDIR = """#!/bin/sh
[ "$1" = -m ] || exec mkdir "$@"
mkdir "$3" && sleep 0.5 && chmod "$2" "$3"
"""


@once
def test_private_cache__line_break_in_its_path__is_used(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "two\nlines").mkdir()
    private = runner.without("PYTHON_PACKAGE_CACHE").with_env(TMPDIR=str(tmp_path / "two\nlines"))
    assert private.output("-e", archive, "show", "x").endswith("\nx\n")


def test_private_cache__made_by_another_at_this_moment__is_used(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "mkdir").write_text(MKDIR.replace(" mkdir ", f" {runner.tools}/mkdir "))
    (slow / "mkdir").chmod(0o755)
    (slow / "chmod").symlink_to(need("chmod"))
    runner = runner.without("PYTHON_PACKAGE_CACHE")
    first = runner.with_env(PATH=f"{slow}:{runner.tools}").start("-e", archive, "show")
    wait_for(lambda: list(Path(runner.env["TMPDIR"]).iterdir()))
    prefix = runner.output("-e", archive, "show")
    assert first.communicate() == (prefix, "")


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o770)


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to("elsewhere")


@once
def test_private_cache__parent_where_all_can_replace_it__is_refused(
    runner: Runner, archive: Path
) -> None:
    parent = Path(runner.env["TMPDIR"])
    for mode in (0o1777, 0o775, 0o700):
        parent.chmod(mode)
        runner.without("PYTHON_PACKAGE_CACHE").output("-e", archive, "show")
    parent.chmod(0o777)
    done = runner.without("PYTHON_PACKAGE_CACHE").run("-e", archive, "show")
    assert (done.returncode, done.stdout) == (3, "")
    assert "sticky bit" in done.stderr


def test_cache__umask_of_the_caller__lets_nobody_else_write(runner: Runner, archive: Path) -> None:
    for mask, mode in (("000", 0o775), ("022", 0o755), ("077", 0o700), ("777", 0o700)):
        command = (need("sh"), "-c", f'umask {mask} && exec "$@"', "sh")
        masked = replace(runner, before=command).with_env(
            PYTHON_PACKAGE_CACHE=f"{runner.cache}{mask}"
        )
        prefix = Path(masked.output("-e", archive, "show").strip())
        assert prefix.stat().st_mode & 0o777 == mode
        folders = [prefix.parent, *filter(Path.is_dir, prefix.rglob("*"))]
        assert {folder.stat().st_mode & 0o702 for folder in folders} == {0o700}
        assert masked.output("-e", archive, "sh", "-c", "umask").strip()[-3:] == mask


@pytest.mark.slow
@pytest.mark.waits
@once
def test_lock__owner_stopped_until_another_was_done__goes_on(
    runner: Runner, large_archive: Path
) -> None:
    # On another machine, since one of this machine is seen to live.
    unshare = (need("unshare"), "-p", "-f", "--mount-proc", "--kill-child")
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        pytest.skip("no PID namespaces may be made here")
    words = ("-e", large_archive, "sh", "-c", "report; exit 7")
    first = replace(runner, before=unshare).start(*words)
    wait_for(partial(has_unpacked, runner))
    os.killpg(first.pid, signal.SIGSTOP)
    second = runner.run(*words)
    os.killpg(first.pid, signal.SIGCONT)
    output, errors = first.communicate(timeout=30)
    assert (output, errors, first.returncode) == (second.stdout, "", 7)
    check_large(output, runner.cache / LARGE.id)


def of_another_user(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    if os.getuid() != 0:
        pytest.skip("only root can make a folder of another user")
    os.chown(folder, 65534, 65534)


@pytest.mark.parametrize("prepare", [open_to_others, link, of_another_user])
def test_private_cache__folder_that_others_control__is_refused(
    runner: Runner, archive: Path, prepare: Callable[[Path], None]
) -> None:
    folder = Path(runner.env["TMPDIR"], f"python_package_run-{os.getuid()}")
    prepare(folder)
    done = runner.without("PYTHON_PACKAGE_CACHE").run("-e", archive, "show")
    assert (done.returncode, done.stdout) == (3, "")
    assert "not a private folder" in done.stderr
    assert list(folder.iterdir()) == []
