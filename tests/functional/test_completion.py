"""Completion by the shells themselves, with the files that the package installs."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from pypackage.cli import shared_files
from tests.support.needs import need
from tests.support.tools import TREE


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed into `share`."""
    folder = tmp_path_factory.mktemp("share")
    words: list[str | Path] = [TREE / "bin/python_package_run", "--help"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for path, text in shared_files.files("1.0", said).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


_BASH = """
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"_$1"; printf '%s\\n' "${COMPREPLY[@]}"
"""


def by_bash(share: Path, *words: str) -> list[str]:
    script = share / "bash-completion/completions" / words[0]
    argv: list[str | Path] = ["bash", "-c", _BASH, "bash", script, *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("family", ["python", "poncho"])
def test_bash__begun_option__those_that_begin_so(share: Path, family: str) -> None:
    need("bash")
    assert by_bash(share, f"{family}_package_analyze", "--pk") == ["--pkg-mapping"]
    assert by_bash(share, f"{family}_package_create", "--help-os") == ["--help-os-packages"]
    assert by_bash(share, f"{family}_package_create", "--buil") == ["--build-deps", "--builds"]
    assert by_bash(share, f"{family}_package_run", "--sand") == ["--sandbox"]


def test_bash__option_of_known_values__the_values(share: Path) -> None:
    need("bash")
    tool = "python_package_create"
    assert by_bash(share, tool, "a.txt", "--format", "tar.z") == ["tar.zst"]
    assert by_bash(share, tool, "--cache", "=", "l") == ["list"]  # as bash splits the word
    assert "clean" in by_bash(share, tool, "--cache", "=")
    assert by_bash(share, "python_package_run", "--cache", "cl") == ["clean"]


def test_bash__anything_else__left_to_bash_for_its_files(share: Path) -> None:
    need("bash")
    assert by_bash(share, "python_package_create", "--locked", "") == []
    assert by_bash(share, "python_package_create", "") == []
    script = share / "bash-completion/completions/python_package_create"
    assert "complete -o default " in script.read_text()


def by_fish(share: Path, folder: Path, line: str) -> list[str]:
    """What fish completes; it finds the script by itself below one of XDG_DATA_DIRS."""
    home = {"HOME": str(folder), "XDG_DATA_DIRS": f"{share}:/usr/share", "TERM": "xterm"}
    argv = ["fish", "--private", "-c", "complete -C $argv[1]", line]
    environment = {**os.environ, **home}
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    return [one.partition("\t")[0] for one in done.stdout.splitlines()]


def test_fish__options_values_and_files__completed(share: Path, tmp_path: Path) -> None:
    need("fish")
    (tmp_path / "needs.json").touch()
    tool = "python_package_create"
    assert by_fish(share, tmp_path, f"{tool} --help-im") == ["--help-images"]
    assert by_fish(share, tmp_path, f"{tool} --format tar.z") == ["tar.zst"]
    assert by_fish(share, tmp_path, f"{tool} --locked ne") == ["needs.json"]
    assert by_fish(share, tmp_path, "poncho_package_run --sand") == ["--sandbox"]


def test_zsh__begun_option__completed_on_the_line(share: Path, tmp_path: Path) -> None:
    need("zsh")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"HOME": str(tmp_path), "TERM": "dumb", "COLUMNS": "200"})
        os.execvp("zsh", ["zsh", "-f", "-i"])
    try:
        start = f"fpath=({share}/zsh/site-functions $fpath); autoload -U compinit; compinit -u -D"
        os.write(terminal, f"PS1='> '; {start}; print -r rea''dy\n".encode())
        assert read_until(terminal, r"\nready")
        os.write(terminal, b"python_package_create --pla\t")
        assert read_until(terminal, r"--platform")
        os.write(terminal, b"\x15poncho_package_create --format tar.z\t")
        assert read_until(terminal, r"tar\.zst")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def read_until(terminal: int, expected: str) -> bool:
    """Whether a terminal shows something within ten seconds."""
    said, end = "", time.monotonic() + 10
    while time.monotonic() < end and not re.search(expected, said):
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 10_000).decode(errors="replace")
    assert re.search(expected, said), said
    return True


@pytest.mark.parametrize("tool", ["analyze", "create", "run"])
def test_man_page__of_each_command__is_sound_and_has_all_options(share: Path, tool: str) -> None:
    need("groff")
    page = share / f"man/man1/python_package_{tool}.1"
    words: list[str | Path] = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=200n", page]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    said = subprocess.run(
        [TREE / f"bin/python_package_{tool}", "--help", *(["all"] if tool == "create" else [])],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))
    assert len(options) > 10
    assert options <= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", done.stdout))
    assert re.search(rf"python_package_{tool}\s+-\s+\w+", done.stdout)
