from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.python import launcher
from pypackage.python.launcher import entry_script
from pypackage.python.metadata import EntryPoint
from tests.support.needs import need

BODY = b"import sys\nprint(sys.argv[1:], sys.flags.isolated)\n"


def installed(folder: Path, script: bytes) -> Path:
    """A bin folder with a `python3` that is the running interpreter, and a script."""
    folder.mkdir(parents=True)
    (folder / "python3").symlink_to(sys.executable)
    path = folder / "tool"
    path.write_bytes(script)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_relative__folder_with_spaces_and_quotes__runs_from_anywhere(
    tmp_path: Path, shell: str
) -> None:
    need(shell)
    script = launcher.relative(b"#!/usr/bin/env python3 -I\n" + BODY)
    tool = installed(tmp_path / "a 'b' \"c\" $d" / "bin", script)
    words = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run([*words, tool, "x y", ""], capture_output=True, text=True, cwd="/")
    assert (done.stdout, done.stderr) == ("['x y', ''] 1\n", "")


def test_relative__called_through_a_link_elsewhere__finds_its_interpreter(tmp_path: Path) -> None:
    tool = installed(tmp_path / "env" / "bin", launcher.relative(b"#!/env/bin/python3\n" + BODY))
    link = tmp_path / "link"
    link.symlink_to(tool)
    done = subprocess.run([link, "1"], capture_output=True, text=True, check=True)
    assert done.stdout == "['1'] 0\n"


@pytest.mark.parametrize("path", ["/long/bin/python3", "'/a b/bin/python3'", '"/a b/bin/python3"'])
def test_relative__start_by_sh_for_a_long_path__runs_the_interpreter_beside(
    tmp_path: Path, path: str
) -> None:
    head = f"#!/bin/sh\n'''exec' {path} \"$0\" \"$@\"\n' '''\n"
    tool = installed(tmp_path / "bin", launcher.relative(head.encode() + BODY))
    done = subprocess.run([tool, "1"], capture_output=True, text=True, check=True)
    assert done.stdout == "['1'] 0\n"


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\necho hello\n",
        b"#!/usr/bin/env perl\nprint 1;\n",
        b"\x7fELF\x02\x01",
        b"",
        b'#!/env/bin/python\n"""Doc."""\nfrom __future__ import annotations\n',
        b"#!/env/bin/python\n# -*- coding: latin-1 -*-\nname = '\xe9'\n",
        b"#!/bin/sh\n'''exec' /usr/bin/perl \"$0\" \"$@\"\n' '''\n",
        launcher.head("python3").encode() + BODY,
    ],
)
def test_relative__what_does_not_stand_another_head__is_left_alone(script: bytes) -> None:
    assert launcher.relative(script) == script


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
    script = launcher.entry_script(
        EntryPoint("console_scripts", "js", "json.tool:main [x]"), "python"
    )
    assert script is not None
    assert run(bin_folder / "js", script, "--help").returncode == 0
    (tmp_path / "link").symlink_to(bin_folder / "js")
    done = subprocess.run([tmp_path / "link"], input='{"a":1}', capture_output=True, text=True)
    assert done.stdout == '{\n    "a": 1\n}\n'


def test_entry_script__status__is_what_the_function_returns(bin_folder: Path) -> None:
    script = launcher.entry_script(
        EntryPoint("console_scripts", "f", "operator:mul.__call__"), "python"
    )
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
        b"#!/home/me/my env/bin/python\n",
        b"#!/bin/sh\n'''exec' '/a b/bin/python' \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_relative__python_given__runs_the_interpreter_beside(
    bin_folder: Path, first: bytes
) -> None:
    body = b"# coding: utf-8\nfrom __future__ import division\nimport sys\nprint(sys.argv[1:])\n"
    changed = launcher.relative(first + body, "python")
    assert b"/home/me" not in changed
    assert run(bin_folder / "s", changed, "a b", "-c").stdout == "['a b', '-c']\n"


@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\necho python\n", b"#!/bin/bash\n", b"\x7fELF", b""]
)
def test_relative__other_programs__stay(content: bytes) -> None:
    assert launcher.relative(content, "python") == content
