"""What the command finds: its variables, hooks, streams, status and signals."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell.conftest import ALL, GNU, PLAIN, Runner, once
from tests.shell.environments import NAMING, SCRIPT, Environment, Files, relocations
from tests.support.needs import need

HOOKS = "etc/conda/activate.d/"


def variables(output: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in output.split("\0") if entry)
    return {name: value for name, _, value in pairs}


def run_hooks(runner: Runner, hooks: Files) -> subprocess.CompletedProcess[str]:
    """Print the variables after hooks by these names."""
    environment = Environment({HOOKS + name: text for name, text in hooks.items()})
    environment.pack(runner.folder / "hooks")
    return runner.run("-e", "hooks", "env", "-0")


def test_variables__of_the_task__are_those_of_an_activated_environment(
    runner: Runner, archive: Path
) -> None:
    runner = runner.with_env(PYTHONPATH="/x", PYTHONHOME="/x", CONDA_PREFIX="/x", CONDA_SHLVL="3")
    found = variables(runner.output("-e", archive, "env", "-0"))
    prefix = str(runner.cache / PLAIN.id)
    assert found["PATH"] == f"{prefix}/bin:{runner.tools}"
    assert {name: found[name] for name in found if name.startswith(("CONDA", "PONCHO"))} == {
        "CONDA_PREFIX": prefix,
        "CONDA_DEFAULT_ENV": prefix,
        "CONDA_SHLVL": "1",
        "PONCHO_PREFIX": prefix,
    }
    python = {name: value for name, value in found.items() if name.startswith("PYTHON")}
    assert python == {"PYTHONNOUSERSITE": "1", "PYTHON_PACKAGE_CACHE": str(runner.cache)}


def test_variables__of_the_caller__reach_the_task_unchanged(runner: Runner, archive: Path) -> None:
    strange = {
        "EMPTY": "",
        "LINES_": "a\nb\n",
        "QUOTES": "'\"$x`\\",
        "name": "n",
        "source": "s",
        "line": "l",
        "wait": "w",
        "prefix": "p",
        "SNOW": "☃",
    }
    found = variables(runner.with_env(**strange).output("-e", archive, "env", "-0"))
    assert {name: found[name] for name in strange} == strange
    known = {*runner.env, *strange, "PATH", "PWD", "OLDPWD", "SHLVL", "_", "PYTHONNOUSERSITE"}
    known.add("A__z")  # of ksh93
    added = {name for name in found if not name.startswith(("CONDA", "PONCHO"))} - known
    assert added == set()


@pytest.mark.parametrize("machine", ALL, indirect=True)
def test_variables__for_shells_and_tools__do_not_steer_it(runner: Runner) -> None:
    archive = Environment({HOOKS + "a.sh": b"export HOOKED=yes\n"}).pack(runner.folder / "E")
    of_shells = dict.fromkeys(["BASH_VERSION", "KSH_VERSION", "FUNCNAME"], "5.2")
    of_tools = dict.fromkeys(["GZIP", "PIGZ", "TAR_OPTIONS"], "--bogus")
    strange = runner.with_env(**of_shells, **of_tools)
    for _ in range(2):
        found = variables(strange.output("-e", archive, "env", "-0"))
        assert found["HOOKED"] == "yes"
        assert {name: found[name] for name in of_tools} == of_tools
    done = strange.run("-e", "none", "true")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "no environment none" in done.stderr


def test_variables__of_the_script__have_its_prefix() -> None:
    text = re.sub(r"cat <<EOF.*?\nEOF|^ *#.*?$", "", SCRIPT.read_text(), flags=re.DOTALL | re.M)
    names = set(re.findall(r"(?<![\w$\"'{-])([A-Za-z_]\w*)=", text))
    names.update(re.findall(r"^ *for (\w+)", text, re.M))
    for words in re.findall(r"\bread -r ([\w ]+)", text):
        names.update(words.split())
    others = {name for name in names if not name.startswith("ppr")}
    activation = {"PATH", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "PONCHO_PREFIX"}
    of_one_command = {"IFS", "CDPATH", "_", "LC_ALL", "QUOTING_STYLE"}
    of_tar = {"LC_CTYPE", "LC_MESSAGES", "LANGUAGE"}
    of_unzip = {"UNZIP"}
    of_dd = {"bs", "skip", "count", "iflag"}
    of_tasks = {"PYTHONNOUSERSITE", "SSL_CERT_FILE", "PYTHONTZPATH", "TERMINFO_DIRS"}
    of_bash = {"POSIXLY_CORRECT"}  # not exported, unless it was before
    in_words = {"bytes", "sha256", "timeout", "KSH_VERSION"}  # `Range:bytes=`, `#sha256=`, ...
    of_programs = of_tar | of_unzip | of_dd | of_bash
    assert others == activation | of_tasks | of_one_command | of_programs | in_words


def test_hooks__posix__are_run_in_order_and_keep_every_character(runner: Runner) -> None:
    done = run_hooks(
        runner,
        {
            "a.sh": b'FIRST="$CONDA_PREFIX"\nexport FIRST\n',
            "b.sh": b'export SECOND="$FIRST/x \'y\' \\"z\\" \\$HOME\n\ttab "\necho noise\nfalse\n',
            "c.fish": b"set -x NOT run\n",
            "d.sh": b'export THIRD="$NOT_SET."\n',
        },
    )
    found = variables(done.stdout)
    assert found["FIRST"] == found["CONDA_PREFIX"]
    assert found["SECOND"] == f"{found['FIRST']}/x 'y' \"z\" $HOME\n\ttab "
    assert found["THIRD"] == "."
    assert (done.returncode, done.stderr) == (0, "noise\n")


@pytest.mark.parametrize(
    "broken",
    [
        b"if then (\n",
        b"exit 3\n",
        b". /nonexistent/file; exit 1\n",
        b"set -e; false\n",
        b"kill $$x; exec false\n",
        b"export BEFORE=1\n}\n",
    ],
)
def test_hooks__broken_one__is_left_out_with_a_word_and_the_rest_runs(
    runner: Runner, broken: bytes
) -> None:
    if broken.startswith(b".") and "mksh" in runner.shell[0]:
        pytest.skip("to mksh it is no error")
    done = run_hooks(runner, {"a.sh": broken, "b.sh": b"export AFTER=1\n"})
    found = variables(done.stdout)
    assert done.returncode == 0
    assert found["AFTER"] == "1"
    assert "BEFORE" not in found
    assert re.search(r"python_package_run: left out \S*/a.sh: ", done.stderr)


NOT_POSIX = b"""
names=(a b)
if [[ -n ${CONDA_PREFIX//x/y} && "${names[1]}" == b ]]; then
    export BASHISM="$CONDA_PREFIX 'q' ${names[@]}"
fi
# the source of all [[ trouble
"""


def test_hooks__not_posix__are_run_by_bash_where_there_is_one(runner: Runner) -> None:
    if not (runner.tools / "bash").exists():
        done = run_hooks(runner, {"a.sh": NOT_POSIX})
        assert done.returncode == 0
        assert "a.sh: it is not POSIX sh" in done.stderr
        assert "BASHISM" not in variables(done.stdout)
    with_bash = runner.folder.parent / "with bash"
    with_bash.mkdir()
    for tool in runner.tools.iterdir():
        (with_bash / tool.name).symlink_to(tool)
    if not (with_bash / "bash").exists():
        (with_bash / "bash").symlink_to(need("bash"))
    done = run_hooks(
        Runner(runner.shell, with_bash, runner.folder, runner.env),
        {"a.sh": NOT_POSIX, "b.sh": b"[[ -n $CONDA_PREFIX ]] && export ALSO=1\n"},
    )
    found = variables(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["BASHISM"] == f"{found['CONDA_PREFIX']} 'q' a b"
    assert found["ALSO"] == "1"


def test_hooks__words_of_bash_in_a_comment__are_no_matter(runner: Runner) -> None:
    done = run_hooks(runner, {"a.sh": b"# the source [[ of it\nexport A=1\n"})
    assert (variables(done.stdout)["A"], done.stderr) == ("1", "")


def test_hooks__standard_error_closed__are_run(runner: Runner) -> None:
    hooks = {HOOKS + "a.sh": b"export A=1\n", HOOKS + "b.sh": b"declare B=1\nexport B\n"}
    archive = Environment(hooks).pack(runner.folder / "hooks")
    call = [*runner.shell, str(SCRIPT), "-e", str(archive), "env", "-0"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *call],
        env={"PATH": str(runner.tools), **runner.env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wanted = {"A": "1", "B": "1"} if (runner.tools / "bash").exists() else {"A": "1"}
    assert variables(done.stdout).items() >= wanted.items()


def test_hooks__something_left_running__is_not_waited_for(runner: Runner) -> None:
    began = time.monotonic()
    text = b"env sleep 30 >/dev/null 2>&1 &\nexport A=$!\n"
    done = run_hooks(runner, {"a.sh": text, "b.sh": b"declare X=1\n" + text.replace(b"A", b"B")})
    passed = time.monotonic() - began
    found = variables(done.stdout)
    for name in {"A", "B"} & set(found):
        os.kill(int(found[name]), signal.SIGKILL)
    assert "A" in found
    assert passed < 20


def test_task__any_status__is_the_exit_status(runner: Runner, archive: Path) -> None:
    for status in (0, 1, 2, 3, 4, 77, 255):
        assert runner.run("plain", f"exit {status}").returncode == status
    assert runner.run("-e", archive, "sh", "-c", "kill -9 $$").returncode == -9


def test_task__no_such_command__exits_127_and_says_so(runner: Runner, archive: Path) -> None:
    done = runner.run("-e", archive, "no-such-command", "x")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.startswith("python_package_run: no-such-command: no such command")


def test_task__one_word_of_many__says_that_it_is_one(runner: Runner, archive: Path) -> None:
    done = runner.run("-e", archive, "python script.py")
    assert (done.returncode, done.stdout) == (127, "")
    assert "each word is one" in done.stderr


def test_task__file_without_the_permission__exits_126_and_says_what_to_do(
    runner: Runner, archive: Path
) -> None:
    (runner.folder / "script.py").write_text("print(1)")
    done = runner.run("-e", archive, "./script.py")
    assert (done.returncode, done.stdout) == (126, "")
    assert "python3 ./script.py" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert runner.run("-e", archive, "./").returncode == 126


def test_certificates__not_where_the_interpreter_looks__are_found(
    runner: Runner, archive: Path
) -> None:
    looked_for = ssl.get_default_verify_paths()
    folders = {os.path.realpath(p) for p in (looked_for.openssl_cafile, looked_for.openssl_capath)}
    if not all(path.startswith(("/etc/ssl/", "/usr/lib/ssl/")) for path in folders):
        pytest.skip("this interpreter looks for them elsewhere")
    show = ("-e", archive, "sh", "-c", 'echo "${SSL_CERT_FILE:-} ${SSL_CERT_DIR:-}"')
    (runner.folder / "ca.pem").touch()
    other = runner.read_only(runner.folder)
    hidden = ("--tmpfs", "/etc/ssl", "--tmpfs", "/usr/lib/ssl")
    bundle = ("--ro-bind", str(runner.folder / "ca.pem"), "/etc/ssl/cert.pem")
    other = replace(other, before=(*other.before[:-1], *hidden, *bundle, "--"))
    for _ in range(2):
        assert other.output(*show) == "/etc/ssl/cert.pem \n"
    assert other.with_env(SSL_CERT_DIR="/mine").output(*show) == " /mine\n"
    assert other.with_env(SSL_CERT_FILE="/my").output(*show) == "/my \n"
    if os.listdir("/etc/ssl/certs"):
        assert runner.output(*show) == " \n"


@once
def test_data__variables_that_the_shell_needs__are_left_alone(runner: Runner) -> None:
    listed = b"DATA=share\nPATH=evil\nIFS=0123456789\nppr_prefix=x\n"
    environment = Environment({"etc/pypackage/data": listed})
    archive = environment.pack(runner.folder / "E")
    place = runner.cache / environment.id
    for _ in range(2):
        output = runner.output("-e", archive, "sh", "-c", 'echo "$DATA $CONDA_PREFIX"; show')
        assert output == f"{place}/share {place}\n{place}\n"


def test_zones_and_terminals__of_the_environment__count_where_the_machine_has_none(
    runner: Runner,
) -> None:
    environment = Environment({"share/zoneinfo/UTC": b"", "share/terminfo/x/xterm": b""})
    archive = environment.pack(runner.folder / "E")
    show = ("-e", archive, "sh", "-c", "echo ${PYTHONTZPATH-no} ${TERMINFO_DIRS-no}")
    if Path("/usr/share/zoneinfo").exists() and Path("/usr/share/terminfo").exists():
        assert runner.output(*show) == "no no\n"
    before = runner.read_only(runner.folder).before
    bare = replace(runner, before=(*before[:-1], "--tmpfs", "/usr/share", "--"))
    place = runner.cache / environment.id / "share"
    assert bare.output(*show) == f"{place}/zoneinfo :{place}/terminfo\n"
    mine = bare.with_env(PYTHONTZPATH="/mine", TERMINFO_DIRS="/mine")
    assert mine.output(*show) == "/mine /mine\n"


def test_libraries__of_the_caller_before_the_environment_s__are_told(runner: Runner) -> None:
    Environment({"lib/libcommon.so.1": b"", "lib/libown.so": b""}).pack(runner.folder / "E")
    (runner.folder / "libcommon.so.1").touch()  # none that the runner's tools load
    theirs = runner.with_env(LD_LIBRARY_PATH=f"/nothing:{runner.folder}")
    done = theirs.run("-d", "-e", "E", "show")
    assert f"LD_LIBRARY_PATH: those in {runner.folder} come before" in done.stderr
    assert "libcommon.so.1\n" in done.stderr
    assert "libown" not in done.stderr
    theirs.output("-e", "E", "show")


@pytest.mark.parametrize("form", ["words", "string"])
def test_task__sigterm_to_the_process__ends_it_with_its_own_status(
    runner: Runner, archive: Path, form: str
) -> None:
    program = "import os,time; print(os.getpid(), flush=True); time.sleep(60)"
    words = ["-e", "plain", "python", "-c", program]
    call = words if form == "words" else ["plain", f"exec python -c '{program}'"]
    process = runner.start(*call)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{process.pid}\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM


def test_task__first_start__has_no_children_and_no_open_files_of_ours(
    runner: Runner, archive: Path
) -> None:
    look = (
        "import os; print(os.listdir('/proc/self/fd'));"
        "\ntry: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: print('none')"
    )
    output = runner.output("-e", archive, "python", "-c", look)
    assert output == "['0', '1', '2', '3']\nnone\n"


def test_task__first_start__gets_the_files_that_the_caller_opened(
    runner: Runner, archive: Path
) -> None:
    for number in (3, 4, 5, 6, 7):
        (runner.folder / f"file{number}").write_text(f"{number}\n")
    opened = " ".join(f"{number}<file{number}" for number in (3, 4, 5, 6, 7))
    command = f'exec "$@" {opened}'
    read = "cat <&3 && cat <&4 && cat <&5 && cat <&6 && cat <&7"
    done = subprocess.run(
        ["sh", "-c", command, "sh", *runner.shell, SCRIPT, "-e", archive, "sh", "-c", read],
        cwd=runner.folder,
        env={"PATH": str(runner.tools), **runner.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("3\n4\n5\n6\n7\n", "")


def test_task__first_start__gets_all_of_stdin(runner: Runner) -> None:
    greedy: Files = {"bin/python": b"#!/bin/sh\ncat >/dev/null\n"}
    Environment({**NAMING, **greedy}, relocations()).pack(runner.folder / "relocated")
    Environment({HOOKS + "a.sh": b"read line\nexport A=1\n"}).pack(runner.folder / "hooks")
    for archive in ("relocated", "hooks"):
        done = subprocess.run(
            [*runner.shell, SCRIPT, "-e", archive, "cat"],
            cwd=runner.folder,
            env={"PATH": str(runner.tools), **runner.env},
            input=b"one\ntwo\n",
            capture_output=True,
            check=False,
        )
        assert done.stdout == b"one\ntwo\n"


def test_script__cut_short_anywhere__does_nothing(runner: Runner, archive: Path) -> None:
    text = SCRIPT.read_bytes()
    begin = text.index(b"\n{\n") + 3
    lines = [n + 1 for n, byte in enumerate(text) if byte == 10 and n > begin]
    ends = [*lines[:-1:40], *range(len(text) - 12, len(text) - 2)]
    for end in ends:
        (runner.folder / "cut").write_bytes(text[:end])
        done = runner.run("-e", archive, "show", "x", script="./cut")
        assert done.stdout == ""
        assert done.returncode != 0
        assert not runner.cache.exists()


@pytest.mark.parametrize("options", ["-e", "-f", "-C", "-a"])
def test_shell__started_with_options__does_not_heed_them(
    runner: Runner, archive: Path, options: str
) -> None:
    strange = replace(runner, shell=(*runner.shell, options))
    for _ in range(2):
        found = variables(strange.output("-e", archive, "env", "-0"))
        assert not [name for name in found if name.startswith("ppr_")]


@pytest.mark.parametrize("machine", ["bash-gnu"], indirect=True)
@pytest.mark.parametrize(
    "strange",
    [
        {"SHELLOPTS": "pipefail:errexit:noglob"},
        {"SHELLOPTS": "keyword:monitor"},
        {"BASHOPTS": "failglob"},
        {"BASHOPTS": "nullglob:dotglob:nocasematch"},
        {"GLOBIGNORE": "*"},
        {
            f"BASH_FUNC_{name}%%": "() { echo of the caller; false; }"
            for name in [*GNU.split(), "cd", "echo", "export", "set", "shopt", "trap", "unset"]
        },
    ],
)
def test_bash__functions_and_options_of_the_caller__change_nothing(
    runner: Runner, strange: dict[str, str]
) -> None:
    hook = {HOOKS + "a.sh": b"export HOOKED=yes\n"}
    Environment({**NAMING, **hook}, relocations()).pack(runner.folder / "hooks.tar.gz")
    strange["BASH_FUNC_own%%"] = "() { :; }"
    for _ in range(2):
        found = variables(runner.with_env(**strange).output("-e", "hooks.tar.gz", "env", "-0"))
        assert found["HOOKED"] == "yes"
        assert not [name for name in found if name.endswith("OPTS")]
        assert "BASH_FUNC_own%%" in found


@pytest.mark.parametrize("machine", ["bash-gnu"], indirect=True)
def test_bash__aliases_of_its_start_up_file__change_nothing(runner: Runner, archive: Path) -> None:
    file = runner.folder / "start-up"
    file.write_text("alias cd=false mkdir=false\nset -C\n")
    assert runner.with_env(BASH_ENV=str(file)).output("-e", archive, "show", "x").endswith("x\n")


@pytest.mark.parametrize("options", [[], ["--no-cache"]])
def test_standard_input__closed__is_closed_for_the_command(
    runner: Runner, archive: Path, options: list[str]
) -> None:
    call = [*runner.shell, str(SCRIPT), *options, "-e", str(archive)]
    code = "import os\ntry: os.fstat(0)\nexcept OSError: print('closed')"
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *call, "python", "-c", code],
        env={"PATH": str(runner.tools), **runner.env},
        capture_output=True,
        text=True,
        check=False,
        cwd=runner.folder,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_command__of_a_shell_alone__exits_127_and_says_how(runner: Runner, archive: Path) -> None:
    for word in "cd", "export", ".":
        done = runner.run("-e", archive, word, "x")
        assert (done.returncode, len(done.stderr.splitlines())) == (127, 1)
        assert f": {word} is a command of a shell, and no program: " in done.stderr
        assert f"`sh -c '{word} ...'`" in done.stderr
