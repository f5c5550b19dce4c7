"""No task compiles: the byte code in archives, through the executables."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import requirements
from tests.support.tools import Tools

pytestmark = pytest.mark.slow

SHAPES = ["greeting", "many-files", "old-form", "post-link", "prefix-text"]


def unpacked_today(archive: Path, folder: Path) -> Path:
    """An archive's files with the time of their unpacking, which no byte code knows."""
    folder.mkdir()
    subprocess.run(["tar", "xzmf", archive, "-C", folder], check=True)
    return folder


def rewritten(prefix: Path) -> set[str]:
    listed = json.loads((prefix / "etc/pypackage/manifest.json").read_text())["relocate"]
    return {one["path"] for one in listed}


def stale(prefix: Path, tag: str) -> list[str]:
    """The modules without byte code that is valid whatever the times are."""
    found = []
    for path in sorted(prefix.glob("lib/**/*.py")):
        pyc = path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc"
        head = b"\1\0\0\0" + importlib.util.source_hash(path.read_bytes())
        if not pyc.is_file() or pyc.read_bytes()[4:16] != head:
            found.append(path.relative_to(prefix).as_posix())
    return found


def compiles(python: Path, prefix: Path, modules: list[str]) -> list[str]:
    """Those of some modules that the interpreter can compile at all."""
    code = (
        "import sys\n"
        "for name in sys.stdin.read().splitlines():\n"
        "    try: compile(open(name, 'rb').read(), name, 'exec')\n"
        "    except Exception: continue\n"
        "    print(name)\n"
    )
    listing = "\n".join(modules)
    command = [str(python), "-I", "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=prefix, input=listing, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("source", ["channel", pytest.param("host", marks=pytest.mark.slow)])
def test_archive__each_module_of_it__has_byte_code_that_is_never_checked(
    tools: Tools, channel: Channel, tmp_path: Path, source: str
) -> None:
    version = channel.python.version
    if source == "channel":
        extra = ["numpy"] if channel.has("numpy") else []
        needs = requirements(tmp_path, *SHAPES, *extra, python=version)
        where = str(channel.folder)
    else:
        needs = requirements(tmp_path, "packaging", "pytest", python=version)
        where = f"host:{channel.python.executable}"
    done = tools.create("-c", where, needs, "mine")
    assert done.returncode == 0, done.stderr
    prefix = unpacked_today(tmp_path / "mine.tar.gz", tmp_path / "out")
    tag = f"cpython-{''.join(version.split('.')[:2])}"
    without = [path for path in stale(prefix, tag) if path not in rewritten(prefix)]
    assert compiles(prefix / "bin/python", prefix, without) == []
    assert (prefix / "lib").is_dir()
    traces = [os.fsencode(place) for place in (tools.home, tools.cache, tmp_path)]
    for path in prefix.rglob("*.pyc"):
        assert not any(trace in path.read_bytes() for trace in traces), path


def test_archive__module_that_is_rewritten_at_its_place__has_no_byte_code(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "prefix-module", python=channel.python.version)
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    prefix = unpacked_today(tmp_path / "mine.tar.gz", tmp_path / "out")
    assert list(prefix.rglob("prefix_module.*.pyc")) == []
    subprocess.run([prefix / "bin/conda-unpack"], check=True, env={"PATH": "/usr/bin:/bin"})
    command = [str(prefix / "bin/python"), "-B", "-c", "import prefix_module as m; print(m.WHERE)"]
    assert subprocess.check_output(command, text=True) == f"{prefix}\n"
