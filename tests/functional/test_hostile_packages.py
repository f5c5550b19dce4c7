"""Channels that are damaged, or mean harm."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.tools import Tools


def evil_channel(
    folder: Path,
    files: Mapping[str, bytes],
    listed: list[str],
    more: Mapping[str, str] | None = None,
) -> Path:
    """A channel of one package, whose paths.json lists what it is told to."""
    paths = [{"_path": path, "path_type": "hardlink", **(more or {})} for path in [*files, *listed]]
    index = {"name": "evil", "version": "1", "build": "0", "build_number": 0, "depends": []}
    index |= {"subdir": "noarch", "noarch": "generic"}
    content = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        **files,
    }
    subdir = folder / "noarch"
    subdir.mkdir(parents=True)
    with tarfile.open(subdir / "evil-1-0.tar.bz2", "w:bz2") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, BytesIO(data))
    repodata = {"info": {"subdir": "noarch"}, "packages": {"evil-1-0.tar.bz2": index}}
    (subdir / "repodata.json").write_text(json.dumps(repodata))
    return folder


@pytest.mark.parametrize("path", ["{}/outside", "../../../outside", "share/../../outside"])
def test_package__with_a_path_out_of_the_prefix__exits_5_and_writes_nothing(
    tools: Tools, channel: Channel, tmp_path: Path, path: str
) -> None:
    path = path.format(tmp_path)
    evil = evil_channel(tmp_path / "channel", {"share/evil.txt": b"fine"}, [path])
    (tools.cwd / "e.yml").write_text("dependencies: [evil]\n")
    done = tools.create("-q", "-c", evil, "-c", channel.folder, "e.yml", "./made.tar.gz")
    assert done.returncode == 5, done.stderr
    assert done.stderr.splitlines()[0].endswith(
        f"error: evil-1-0 has a path that leads out of the environment: {path}"
    )
    assert len(done.stderr.splitlines()) == 2
    assert not (tmp_path / "outside").exists()


def test_package__that_is_another_one_than_its_channel_says__exits_5(
    tools: Tools, tmp_path: Path
) -> None:
    evil = evil_channel(tmp_path / "channel", {"share/evil.txt": b"fine"}, [])
    repodata = evil / "noarch/repodata.json"
    listed = json.loads(repodata.read_text())
    record = {**listed["packages"].pop("evil-1-0.tar.bz2"), "name": "good"}
    listed["packages"]["good-1-0.tar.bz2"] = record
    (evil / "noarch/evil-1-0.tar.bz2").rename(evil / "noarch/good-1-0.tar.bz2")
    repodata.write_text(json.dumps(listed))
    (tools.cwd / "e.yml").write_text("dependencies: [good]\n")
    more = {"RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    done = tools.create("-q", "-c", evil, "e.yml", "./made.tar.gz", env=more)
    assert done.returncode == 5, done.stderr
    assert done.stderr.splitlines()[0].endswith("error: good-1-0 is another package: evil")
    assert len(done.stderr.splitlines()) == 2


def test_folder_channel__package_that_differs_from_its_digest__exits_5(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    copy = tmp_path / "channel"
    shutil.copytree(channel.folder / "noarch", copy / "noarch")
    for repodata in (copy / "noarch").glob("repodata*"):
        if repodata.name != "repodata.json":
            repodata.unlink() if repodata.is_file() else shutil.rmtree(repodata)
    text = (copy / "noarch/repodata.json").read_text()
    for package in (copy / "noarch").glob("shared-data-*"):
        listed = json.loads(text)
        record = (listed["packages"] | listed["packages.conda"])[package.name]
        text = text.replace(record["sha256"], "0" * 64)
    (copy / "noarch/repodata.json").write_text(text)
    (tools.cwd / "e.yml").write_text("dependencies: [shared-data]\n")
    more = {"RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    done = tools.create(
        "-c", copy, "-c", channel.folder, "--lock", "l.lock", "e.yml", "./made.tar.gz", env=more
    )
    assert done.returncode == 5, done.stderr
    assert "is not what its channel promises" in done.stderr
    assert not (tools.cwd / "l.lock").exists()


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"prefix_placeholder": "", "file_mode": "text"}, "does not say where share/evil.txt has"),
        ({"prefix_placeholder": "/old", "file_mode": "odd"}, "does not say where share/evil.txt"),
    ],
)
def test_package__whose_prefix_cannot_be_found__exits_5(
    tools: Tools, tmp_path: Path, entry: Mapping[str, str], says: str
) -> None:
    evil = evil_channel(tmp_path / "channel", {"share/evil.txt": b"/old"}, [], entry)
    (tools.cwd / "e.yml").write_text("dependencies: [evil]\n")
    more = {"RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    done = tools.create("-q", "-c", evil, "e.yml", "./made.tar.gz", env=more)
    assert done.returncode == 5, done.stderr
    assert says in done.stderr.splitlines()[0]


def test_folder_channel__package_that_differs_from_its_md5__exits_5(
    tools: Tools, tmp_path: Path
) -> None:
    evil = evil_channel(tmp_path / "channel", {"share/evil.txt": b"fine"}, [])
    repodata = evil / "noarch/repodata.json"
    listed = json.loads(repodata.read_text())
    listed["packages"]["evil-1-0.tar.bz2"]["md5"] = "0" * 32
    repodata.write_text(json.dumps(listed))
    (tools.cwd / "e.yml").write_text("dependencies: [evil]\n")
    more = {"RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    done = tools.create("-q", "-c", evil, "e.yml", "./made.tar.gz", env=more)
    assert done.returncode == 5, done.stderr
    assert "is not what its channel promises: its md5 is " in done.stderr
