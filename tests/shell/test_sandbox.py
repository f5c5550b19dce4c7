"""What `--sandbox` promises."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import signal
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell.conftest import Runner, once
from tests.shell.environments import Environment
from tests.support.needs import need


@pytest.fixture
def sandboxed(runner: Runner) -> Runner:
    tools = runner.folder.parent / "sandbox tools"
    shutil.copytree(runner.tools, tools, symlinks=True)
    (tools / "bwrap").symlink_to(need("bwrap"))
    test = [need("bwrap"), "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    if subprocess.run(test, check=False, capture_output=True).returncode:
        pytest.skip("bubblewrap may not make namespaces here")
    return Runner(runner.shell, tools, runner.folder, runner.env)


LOOK = """
import os, socket
def writable(path):
    try: open(path + "/x", "w").close()
    except OSError: return False
    return True
print([writable(p) for p in (".", os.environ["CONDA_PREFIX"], os.environ["HOME"], "/tmp")])
print(max(int(p) for p in os.listdir("/proc") if p.isdigit()) < 20)
print([name for _, name in socket.if_nameindex()] == ["lo"])
print(set(os.listdir("/run")) <= {"systemd"})
raise SystemExit(6)
"""


@once
def test_sandbox__command__writes_here_only_and_sees_no_others(
    runner: Runner, sandboxed: Runner, archive: Path
) -> None:
    done = sandboxed.run("--sandbox", "-e", archive, "python", "-c", LOOK)
    assert done.stdout == "[True, False, False, True]\nTrue\nTrue\nTrue\n"
    assert (done.returncode, done.stderr) == (6, "")
    assert (runner.folder / "x").exists()
    outside = os.listdir("/sys/class/net")
    done = sandboxed.run("--sandbox", "--network", "-e", archive, "python", "-c", LOOK)
    assert done.stdout.endswith(f"{outside == ['lo']}\nTrue\n")


@once
def test_sandbox__signal__reaches_the_command_which_is_waited_for(
    sandboxed: Runner, archive: Path
) -> None:
    code = (
        "import signal, time\n"
        "def end(number, frame): time.sleep(0.3); print('ended', number); raise SystemExit(5)\n"
        "for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, end)\n"
        # A signal right before a long sleep would be heeded after it.
        "print('begun', flush=True)\nwhile True: time.sleep(0.05)"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        process = sandboxed.start("--sandbox", "-e", archive, "python", "-c", code)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert (output, errors, process.returncode) == (f"ended {int(number)}\n", "", 5)


@once
def test_sandbox__killed__takes_the_command_with_it(sandboxed: Runner, archive: Path) -> None:
    code = "import time; print('begun', flush=True); time.sleep(60)"
    process = sandboxed.start("--sandbox", "-e", archive, "python", "-c", code)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.kill()
    # The command's end of the pipe is closed.
    assert process.communicate(timeout=10) == ("", "")


@once
def test_sandbox__no_bubblewrap__exits_4_and_runs_nothing(runner: Runner, archive: Path) -> None:
    done = runner.run("--sandbox", "-e", archive, "touch", "x")
    assert (done.returncode, "bwrap" in done.stderr) == (4, True)
    assert not (runner.folder / "x").exists()


@once
def test_sandbox__cannot_be_made__exits_4_with_what_it_said(runner: Runner, archive: Path) -> None:
    tools = runner.folder.parent / "bad tools"
    shutil.copytree(runner.tools, tools, symlinks=True)
    (tools / "bwrap").write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    (tools / "bwrap").chmod(0o755)
    bad = Runner(runner.shell, tools, runner.folder, runner.env)
    done = bad.run("--sandbox", "-e", archive, "touch", "x")
    assert (done.returncode, "no namespaces" in done.stderr) == (4, True)


CONNECT = """
import os, socket, sys
for path in sys.argv[1:]:
    try:
        os.chdir(os.path.dirname(path) or "/")  # a socket's whole path may be too long
        socket.socket(socket.AF_UNIX).connect(os.path.basename(path).replace("@", chr(0)))
    except OSError: print("no")
    else: print("reached")
"""


@once
def test_sandbox__sockets_outside__are_out_of_reach(
    sandboxed: Runner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(sandboxed.env["HOME"])
    places = [str(home / "agent"), f"/var/tmp/agent.{os.getpid()}", f"@agent.{os.getpid()}"]
    listening = [socket.socket(socket.AF_UNIX) for _ in places]
    try:
        for one, place in zip(listening, places, strict=True):
            monkeypatch.chdir(os.path.dirname(place) or "/")  # as in CONNECT
            one.bind(os.path.basename(place).replace("@", "\0"))
            one.listen()
        command = ("-e", str(archive), "python", "-c", CONNECT, *places)
        assert sandboxed.output(*command) == "reached\n" * 3
        assert sandboxed.output("--sandbox", *command) == "no\n" * 3
        assert sandboxed.output("--sandbox", "--network", *command) == "no\nno\nreached\n"
    finally:
        for one in listening:
            one.close()
        os.unlink(places[1])


@pytest.mark.parametrize("above", [".", ".."])
def test_sandbox__current_folder_has_the_home__exits_4(
    sandboxed: Runner, archive: Path, above: str
) -> None:
    sandboxed = sandboxed.at(Path(sandboxed.env["HOME"], above).resolve())
    done = sandboxed.run("--sandbox", "-e", archive, "touch", "x")
    assert (done.returncode, "another folder" in done.stderr) == (4, True)
    assert not (sandboxed.folder / "x").exists()


@pytest.mark.parametrize("number", [3, 8, 9, 10, 57])
def test_sandbox__file_handed_to_it__is_closed(
    sandboxed: Runner, archive: Path, number: int
) -> None:
    tools = sandboxed.tools
    if not (tools / "bash").exists() and number >= 10:
        done = handing(sandboxed, number, "--sandbox", "-e", archive, "touch", "x")
        assert (done.returncode, "only bash can close" in done.stderr) == (4, True)
        assert not (sandboxed.folder / "x").exists()
        (tools / "bash").symlink_to(need("bash"))
    look = ("-e", archive, "python", "-c", "import os; print(os.listdir('/proc/self/fd'))")
    assert handing(sandboxed, number, *look).stdout.count(",") == 4
    assert handing(sandboxed, number, "--sandbox", *look).stdout == "['0', '1', '2', '3']\n"


def handing(
    runner: Runner, number: int, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """A run that finds the current folder open under a number."""
    command = f'exec {number}<.; exec "$@"'
    before = (need("bash"), "-c", command, "bash")
    return Runner(runner.shell, runner.tools, runner.folder, runner.env, before).run(*arguments)


KEYS = {"x86_64": (248, 250), "aarch64": (217, 219)}
FIND_KEY = """
import ctypes, sys
call = ctypes.CDLL(None).syscall
print(call(int(sys.argv[1]), 10, -3, b"user", b"secret", 0) > 0)
"""


@once
@pytest.mark.skipif(platform.machine() not in KEYS, reason="its numbers are not known here")
def test_sandbox__key_of_the_session__is_not_found(sandboxed: Runner, archive: Path) -> None:
    add_key, keyctl = KEYS[platform.machine()]
    call = ctypes.CDLL(None).syscall
    command = ("-e", archive, "python", "-c", FIND_KEY, str(keyctl))
    found: list[str] = []

    def look() -> None:  # a session keyring is a thread's own until it starts another program
        call(keyctl, 1, None)
        if call(add_key, b"user", b"secret", b"x", 1, -3) > 0:
            found.extend(sandboxed.output(*more, *command) for more in ([], ["--sandbox"]))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if not found:
        pytest.skip("there are no keyrings here")
    assert found == ["True\n", "False\n"]


def test_sandbox__hooks__run_in_it(sandboxed: Runner) -> None:
    hook = b'{ echo >"$HOME/hook"; } 2>/dev/null || export FROM_HOOK=inside'
    Environment({"etc/conda/activate.d/hook.sh": hook}).pack(sandboxed.folder / "E")
    code = "import os; print(os.environ['FROM_HOOK'])"
    usual = replace(sandboxed, before=("env", "PATH=/usr/bin:/bin"))  # /tmp is another one in it
    assert usual.output("--sandbox", "-e", "E", "python", "-c", code) == "inside\n"
    assert not Path(sandboxed.env["HOME"], "hook").exists()


def test_sandbox__no_command_in_it__exits_as_without(sandboxed: Runner, archive: Path) -> None:
    done = sandboxed.run("--sandbox", "-e", archive, "nothing-such")
    assert (done.returncode, "no such command" in done.stderr) == (127, True)
    options = ("--sandbox", "--error-status", "70", "--require-python", "3.9")
    assert sandboxed.run(*options, "-e", archive, "true").returncode == 74
    assert sandboxed.output("--sandbox", "-e", archive) == ""


@pytest.mark.root
def test_sandbox__root__has_no_capabilities(sandboxed: Runner, archive: Path) -> None:
    code = "print([line.split()[1] for line in open('/proc/self/status') if line[:3] == 'Cap'])"
    output = sandboxed.output("--sandbox", "-e", archive, "python", "-c", code)
    assert output == f"{['0' * 16] * 5}\n"
