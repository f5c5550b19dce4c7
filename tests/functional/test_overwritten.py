"""Environments in which pip has had its hands: what is on disk is packed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pypackage.archive import contents
from pypackage.core.errors import PackError
from tests.support import wheels
from tests.support.channels import Channel
from tests.support.tools import Tools


@pytest.fixture
def prefix(tools: Tools, channel: Channel) -> Path:
    """An environment with conda's package `greeting`."""
    path = tools.cwd / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["greeting", "shared-data"]}
    path.write_text(json.dumps({"python": channel.python.version, "conda": conda}))
    done = tools.create("-q", "--no-verify", path, "mine")
    assert done.returncode == 0, done.stderr
    return tools.environments / "mine"


def uv_pip(prefix: Path, *words: str | Path) -> None:
    from uv import find_uv_bin

    argv = [find_uv_bin(), "pip", *map(str, words), "--python", str(prefix / "bin/python"), "-q"]
    subprocess.run([*argv, "--break-system-packages"], check=True, capture_output=True)


def test_packing__package_that_pip_has_upgraded__is_packed_as_it_is_on_disk(
    prefix: Path, tmp_path: Path
) -> None:
    files = {"greeting/__init__.py": "__version__ = '2'\n", "greeting/more.py": ""}
    new = wheels.wheel(tmp_path, "greeting", "2", files, tag="py3-none-manylinux_2_5_x86_64")
    uv_pip(prefix, "install", "--no-deps", new)
    found = contents.collect(prefix, prefix)
    by_target = {entry.target: entry for entry in found.entries}
    site = next(prefix.glob("lib/python3*/site-packages")).relative_to(prefix)
    module = by_target[f"{site}/greeting/__init__.py"]
    assert Path(module.source or "").read_text() == "__version__ = '2'\n"
    assert (module.package, module.pristine) == ("", False)  # no more what conda's digest tells
    assert f"{site}/greeting-1.2.dist-info/METADATA" not in by_target
    assert f"{site}/greeting/cli.py" not in by_target
    assert by_target["share/shared-data/table.csv"].package == "shared-data"
    assert found.glibc == "2.5"


def test_packing__file_really_lost__is_refused_by_its_package_and_name(prefix: Path) -> None:
    (prefix / "share/shared-data/table.csv").unlink()
    with pytest.raises(PackError, match=r"shared-data 1\.0 has lost share/shared-data/table\.csv"):
        contents.collect(prefix, prefix)


def test_packing__byte_code_removed__is_no_loss(prefix: Path) -> None:
    for path in prefix.rglob("*.pyc"):
        path.unlink()
    assert contents.collect(prefix, prefix).entries


def test_packing__editable_install__has_the_project_s_files_instead_of_the_link(
    prefix: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    (project / "src/mine").mkdir(parents=True)
    (project / "src/mine/__init__.py").write_text("def main():\n    print('mine')\n")
    site = next(prefix.glob("lib/python3*/site-packages"))
    info = site / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nmine = mine:main\n")
    url = {"dir_info": {"editable": True}, "url": project.as_uri()}
    (info / "direct_url.json").write_text(json.dumps(url))
    (site / "_mine.pth").write_text(f"{project}/src\n")
    names = ["METADATA", "entry_points.txt", "direct_url.json", "RECORD"]
    rows = ["_mine.pth,,", *(f"mine-1.0.dist-info/{name},," for name in names)]
    (info / "RECORD").write_text("\n".join(rows) + "\n")

    found = contents.collect(prefix, prefix)
    by_target = {entry.target: entry for entry in found.entries}
    place = site.relative_to(prefix).as_posix()
    assert by_target[f"{place}/mine/__init__.py"].source == str(project / "src/mine/__init__.py")
    assert f"{place}/_mine.pth" not in by_target
    assert f"{place}/mine-1.0.dist-info/direct_url.json" not in by_target
    record = by_target[f"{place}/mine-1.0.dist-info/RECORD"].data or b""
    assert b"mine/__init__.py,sha256=" in record
    assert b"_mine.pth" not in record
    script = by_target["bin/mine"]
    assert (script.data or b"").startswith(b"#!/bin/sh\n")
    assert script.mode == 0o755


def test_packing__editable_install_whose_project_is_gone__is_refused(prefix: Path) -> None:
    site = next(prefix.glob("lib/python3*/site-packages"))
    info = site / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    url = {"dir_info": {"editable": True}, "url": "file:///no/such/project"}
    (info / "direct_url.json").write_text(json.dumps(url))
    (info / "RECORD").write_text("mine-1.0.dist-info/METADATA,,\n_mine.pth,,\n")
    (site / "_mine.pth").write_text("/no/such/project\n")
    with pytest.raises(PackError, match="mine is linked to /no/such/project"):
        contents.collect(prefix, prefix)
