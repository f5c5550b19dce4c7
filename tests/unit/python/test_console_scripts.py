from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.python.console_scripts import entry_script, relative_script
from pypackage.python.distributions import EntryPoint


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder with a blank in its name, in which `python` is the running interpreter."""
    folder = tmp_path / "a prefix" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python").chmod(0o755)
    return folder


def run(script: Path, content: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    script.write_bytes(content)
    script.chmod(0o755)
    return subprocess.run([script, *arguments], capture_output=True, text=True)


def test_entry_script__started_through_a_link__runs_the_interpreter_beside(
    bin_folder: Path, tmp_path: Path
) -> None:
    script = entry_script(EntryPoint("console_scripts", "js", "json.tool:main [x]"), "python")
    assert script is not None
    assert run(bin_folder / "js", script, "--help").returncode == 0
    (tmp_path / "link").symlink_to(bin_folder / "js")
    done = subprocess.run([tmp_path / "link"], input='{"a":1}', capture_output=True, text=True)
    assert done.stdout == '{\n    "a": 1\n}\n'


def test_entry_script__status__is_what_the_function_returns(bin_folder: Path) -> None:
    script = entry_script(EntryPoint("console_scripts", "f", "operator:mul.__call__"), "python")
    assert script is not None
    assert run(bin_folder / "f", script).returncode == 1  # called without arguments


def test_entry_script__not_module_and_function__is_none() -> None:
    assert entry_script(EntryPoint("console_scripts", "x", "module"), "python") is None


@pytest.mark.parametrize(
    "first",
    [
        b"#!/home/me/env/bin/python3.11\n",
        b"#!/usr/bin/env python3\n",
        b"#!/home/me/env/bin/python -I\n",
        b"#!/bin/sh\n'''exec' '/a b/bin/python' \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_relative_script__python_named__runs_the_interpreter_beside(
    bin_folder: Path, first: bytes
) -> None:
    body = b"# coding: utf-8\nfrom __future__ import division\nimport sys\nprint(sys.argv[1:])\n"
    changed = relative_script(first + body, "python")
    assert b"/home/me" not in changed
    assert run(bin_folder / "s", changed, "a b", "-c").stdout == "['a b', '-c']\n"


@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\necho python\n", b"#!/bin/bash\n", b"\x7fELF", b""]
)
def test_relative_script__other_programs__stay(content: bytes) -> None:
    assert relative_script(content, "python") == content
