"""Nothing of the sources is run, and nothing outside of them is read or written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AUDITED = Path(__file__).with_name("audited.py")

# What would leave a mark if any part of it were run, at whatever moment.
MARKS = '''\
"""A module that leaves marks."""
import os, pathlib, sys, subprocess
from importlib import import_module
MARK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mark")
open(MARK + "1", "w")
pathlib.Path(MARK + "2").touch()
os.system("touch " + MARK + "3")
subprocess.run(["touch", MARK + "4"])
exec("open(MARK + '5', 'w')")
eval("open(MARK + '6', 'w')")
f"{open(MARK + '7', 'w')}"
class K(open(MARK + "8", "w").__class__): open(MARK + "9", "w")
@open(MARK + "10", "w")
def f(x: open(MARK + "11", "w") = open(MARK + "12", "w")): import required
[open(MARK + "13", "w") for _ in "x"]
sys.path.insert(0, open(MARK + "14", "w"))
sys.path.append(os.path.join(open(MARK + "15", "w"), "x"))
import_module(open(MARK + "16", "w"))
import_module("%s" % open(MARK + "17", "w"))
import_module(f"{open(MARK + '18', 'w')}")
if open(MARK + "19", "w"): import under_it
while open(MARK + "20", "w"): break
assert open(MARK + "21", "w")
lambda x=open(MARK + "22", "w"): x
import local_package.inner, local_module
import required
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Sources of all kinds, with everything that Python would run of its own accord."""
    folder = tmp_path / "project"
    names = (
        "script.py", "local_module.py", "local_package/__init__.py", "local_package/inner.py",
        "local_package/__main__.py", "setup.py", "conftest.py", "sitecustomize.py",
        "usercustomize.py", "encodings.py", "ast.py", "json.py", "re.py", "typing.py",
    )  # fmt: skip
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(MARKS)
    (folder / "evil.pth").write_text(f"import os; os.system('touch {folder}/mark30')\n")
    cell = {"cell_type": "code", "source": f"{MARKS}!touch {folder}/mark31\n%run script.py\n"}
    (folder / "note.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [cell]}))
    (folder / "secret.txt").write_text("of no concern\n")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["script.py"],
        ["note.ipynb"],
        ["."],
        ["local_package"],
        ["--function", "f", "script.py"],
        ["-m", "local_package"],
        ["--path", ".", "script.py"],
        ["--explain", "--json", "script.py"],
    ],
    ids=" ".join,
)
def test_analyze__sources_that_leave_marks__nothing_run_read_or_written(
    project: Path, arguments: list[str]
) -> None:
    before = sorted(project.rglob("*"))
    events = audited(project, [*arguments, "-"])
    assert events["status"] == 0
    assert events["forbidden"] == []
    assert [path for path in events["ran"] if path.startswith(str(project))] == []
    assert sorted(project.rglob("*")) == before
    cache = str(project.parent / "cache")
    written = [path for path, writes in events["opened"] if writes and not path.startswith(cache)]
    assert [path for path in written if path not in ("/dev/null", "/dev/stdout")] == []
    allowed = (*OURS, str(project), cache)
    read = [path for path, writes in events["opened"] if not writes]
    assert [path for path in read if not path.startswith(allowed)] == []
    assert str(project / "secret.txt") not in read


def test_analyze__two_sources_in_a_large_folder__reads_what_is_imported(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in "abcdefgh":
        (folder / f"{name}.py").write_text("import third_party\n")
    (folder / "a.py").write_text("import b\nimport third_party\n")
    events = audited(folder, ["a.py", "-"])
    sources = {path for path, _ in events["opened"] if path.startswith(str(folder))}
    assert sources == {str(folder / "a.py"), str(folder / "b.py")}


def test_analyze__links_out_of_the_tree__are_not_followed_to_the_root(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    for one in (outside, folder):
        one.mkdir()
    (outside / "private.py").write_text("import nobody_asked\n")
    (folder / "main.py").write_text("import a\n")
    (folder / "root").symlink_to("/")
    (folder / "up").symlink_to("..")
    events = audited(folder, [".", "-"])
    assert str(tmp_path / "outside" / "private.py") not in {p for p, _ in events["opened"]}
    assert "/etc" not in {os.path.realpath(path) for path in events["listed"]}


# The interpreter and the tool itself, and what CPython's start reads.
OURS = tuple(
    {
        *(str(ROOT / name) for name in ("pypackage", "bin", "tests")),
        *(os.path.abspath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)),
        *(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)),
        "/proc/self",
        "/dev/",
        "/usr/share/locale",
        "/etc/localtime",
    }
)


def audited(cwd: Path, arguments: list[str]) -> dict[str, Any]:
    """What an analysis in a folder touched."""
    cache = cwd.parent / "cache"
    done = subprocess.run(
        [sys.executable, "-B", AUDITED, "--python", "3.11", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(cache), "HOME": str(cwd.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    events: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return events
