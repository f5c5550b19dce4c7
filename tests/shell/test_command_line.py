"""Both command lines, and how an environment is found."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell.conftest import PLAIN, Runner, once
from tests.shell.environments import SCRIPT, pack_foreign


@pytest.mark.parametrize(
    "arguments",
    [
        ["plain", "show a 'b  c'"],
        ["--", "plain", "show a 'b  c'"],
        ["plain.tar.gz", "show a 'b  c'"],
        ["-e", "plain.tar.gz", "show", "a", "b  c"],
        ["-d", "-e", "plain.tar.gz", "--", "show", "a", "b  c"],
        ["--environment", "./plain.tar.gz", "show", "a", "b  c"],
        ["--environment=plain", "-w", "5", "--wait=5", "--debug", "show", "a", "b  c"],
        ["--wait-for-lock", "5", "--cache-dir", "elsewhere", "-e", "plain", "show", "a", "b  c"],
    ],
)
def test_command_line__each_form__runs_the_command(
    runner: Runner, archive: Path, arguments: list[str]
) -> None:
    done = runner.run(*arguments)
    assert done.stdout.splitlines()[1:] == ["a", "b  c"]
    assert done.returncode == 0


def test_command_line__options_after_the_command__are_the_commands(
    runner: Runner, archive: Path
) -> None:
    output = runner.output("-e", archive, "show", "-d", "--", "-e", "x", "-h")
    assert output.splitlines()[1:] == ["-d", "--", "-e", "x", "-h"]


def test_command_string__several_commands__all_run_in_the_environment(
    runner: Runner, archive: Path
) -> None:
    output = runner.output(
        "plain", 'for i in 1 2; do show "$i" | { read p; read n; echo $n; }; done'
    )
    assert output == "1\n2\n"


@once
@pytest.mark.parametrize("arguments", [["-e", "plain.tar.gz"], ["plain"], ["-e", "plain", "--"]])
def test_command_line__no_command__sets_up_and_succeeds(
    runner: Runner, archive: Path, arguments: list[str]
) -> None:
    assert runner.output(*arguments) == ""
    assert (runner.cache / PLAIN.id / "bin" / "show").exists()


@once
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no environment"),
        (["--nonsense", "plain"], "unknown option --nonsense"),
        (["-e"], "-e needs a value"),
        (["-e", "", "show"], "-e needs a value"),
        (["-w", "soon", "plain"], "-w needs a number"),
        (["-w", "08", "plain"], "-w needs a number"),
        (["--error-status", "252", "plain"], "up to 251"),
        (["plain", "show", "a"], "quote"),
    ],
)
def test_command_line__invalid__exits_1_and_says_why(
    runner: Runner, archive: Path, arguments: list[str], said: str
) -> None:
    done = runner.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("python_package_run: ")
    assert said in done.stderr
    assert not runner.cache.exists()


@once
@pytest.mark.parametrize("arguments", [["nowhere", "true"], ["-e", "./no.tar.gz", "true"]])
def test_environment__does_not_exist__exits_2(runner: Runner, arguments: list[str]) -> None:
    done = runner.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python_package_run: no ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["-e", "./no\nsuch\x1b[2J", "true"], 2, "no such environment: ./no?such?[2J"),
        (["-e", "plain.tar.gz", "jobs"], 127, "run: jobs: no such command"),  # but a builtin
        (["-e", "plain.tar.gz", "--", "-dash"], 127, "run: -dash: no such command"),
        (["-e", "plain.tar.gz", "--", "no\nsuch"], 127, "run: no?such: no such command"),
    ],
)
def test_message__of_an_odd_name__is_one_line(
    runner: Runner, archive: Path, arguments: list[str], status: int, said: str
) -> None:
    done = runner.run(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("python_package_run: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("machine", ["busybox-busybox"], indirect=True)
def test_path__without_any_program__has_those_in_busybox_itself(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    runner = replace(runner, tools=tmp_path)
    said = subprocess.run([*runner.shell, "-c", "command -v busybox"], capture_output=True, env={})
    if said.stdout != b"busybox\n":
        pytest.skip("this busybox does not look for programs in itself")
    assert runner.output("plain", "echo here") == "here\n"
    done = runner.run("-e", "plain.tar.gz", "if")
    assert (done.returncode, done.stdout) == (127, "")
    assert "run: if: no such command" in done.stderr


def test_error_status__given__moves_the_four_codes(runner: Runner, archive: Path) -> None:
    (runner.folder / "text").write_text("no archive\n")
    codes = [
        runner.run("--error-status", "100", *arguments).returncode
        for arguments in (["--no"], ["nowhere"], ["-e", "text", "true"], ["-e", ".", "true"])
    ]
    assert codes == [101, 102, 103, 104]
    assert runner.run("--error-status=100", "plain", "exit 3").returncode == 3


@once
@pytest.mark.parametrize("option", ["-h", "--help", "--help-env-creation"])
def test_help__asked_for__is_on_stdout(runner: Runner, option: str) -> None:
    assert "python_package_run" in runner.output(option)


@once
def test_message__called_by_another_name__begins_with_that(runner: Runner) -> None:
    shutil.copy(SCRIPT, runner.folder / "py_wrapper")
    assert runner.run("nowhere", script="./py_wrapper").stderr.startswith("py_wrapper: ")


def test_name__archive_and_folder_of_that_name__means_the_archive(
    runner: Runner, archive: Path
) -> None:
    (runner.folder / "plain" / "bin").mkdir(parents=True)
    assert runner.output("plain", "show").strip() == str(runner.cache / PLAIN.id)


def test_name__only_in_condas_folders__is_used_where_it_is(runner: Runner) -> None:
    for folder in (runner.folder / "envs", Path(runner.env["HOME"], ".conda", "envs")):
        shutil.copytree(_installed(runner), folder / f"in_{folder.parent.name}")
    runner = runner.with_env(CONDA_ENVS_PATH=f"/nonexistent:{runner.folder}/envs")
    for name, folder in (("in_work", runner.folder / "envs"), ("in_.conda", _home_envs(runner))):
        before = sorted((folder / name).rglob("*"))
        assert runner.output(name, "show").strip() == str(folder / name)
        assert sorted((folder / name).rglob("*")) == before, "somebody's own environment"


def _home_envs(runner: Runner) -> Path:
    return Path(runner.env["HOME"], ".conda", "envs")


def _installed(runner: Runner) -> Path:
    folder = runner.folder / "installed"
    if not folder.exists():
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "show").write_text('#!/bin/sh\necho "$CONDA_PREFIX"\n')
        (folder / "bin" / "show").chmod(0o755)
    return folder


def test_archive__any_name__is_known_by_its_content(runner: Runner, archive: Path) -> None:
    archive.rename(runner.folder / "env_file")
    assert runner.output("-e", "env_file", "show", "x").endswith("\nx\n")


def test_archive__foreign_and_uncompressed__is_known_by_its_content(runner: Runner) -> None:
    packed = pack_foreign(runner.folder / "packed.gz")
    (runner.folder / "E").write_bytes(gzip.decompress(packed.read_bytes()))
    assert "/share" in runner.output("-e", "E", "report")
