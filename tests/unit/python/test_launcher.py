from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.python import launcher

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
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
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


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\necho hello\n",
        b"#!/usr/bin/env perl\nprint 1;\n",
        b"\x7fELF\x02\x01",
        b"",
        b'#!/env/bin/python\n"""Doc."""\nfrom __future__ import annotations\n',
        b"#!/env/bin/python\n# -*- coding: latin-1 -*-\nname = '\xe9'\n",
    ],
)
def test_relative__what_does_not_stand_another_head__is_left_alone(script: bytes) -> None:
    assert launcher.relative(script) == script
