from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conda_package_streaming.package_streaming import stream_conda_component

from pypackage.backends.host.conda_file import Description, write
from pypackage.backends.host.files import HashedFile, PackageFile, hash_file

DESCRIPTION = Description("pkg", "1.0", ("python ==3.11.7",), "linux-64", "py311_", "MIT")


def hashed(folder: Path) -> list[HashedFile]:
    source = folder / "source"
    source.write_bytes(b"#!/bin/sh\n")
    source.chmod(0o755)
    items = [
        PackageFile("lib/b.py", content=b"x = 1\n", placeholder=True),
        PackageFile("bin/a", source=source),
        PackageFile("bin/link", link="a"),
    ]
    return [hash_file(item) for item in items]


def members(package: Path, component: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    found = {}
    with open(package, "rb") as file:
        for tar, member in stream_conda_component(package.name, io.BytesIO(file.read()), component):
            content = tar.extractfile(member) if member.isfile() else None
            found[member.name] = (member, content.read() if content else b"")
    return found


def info(package: Path, name: str) -> Any:
    return json.loads(members(package, "info")[f"info/{name}"][1])


def test_write__read_by_another_library__files_and_metadata_are_there(tmp_path: Path) -> None:
    package = write(tmp_path, DESCRIPTION, hashed(tmp_path)).path
    index = info(package, "index.json")
    assert package.name == f"pkg-1.0-{index['build']}.conda"
    assert index["build"].startswith("py311_h")
    assert index["depends"] == ["python ==3.11.7"]
    files = members(package, "pkg")
    assert list(files) == ["bin/a", "bin/link", "lib/b.py"]
    assert [m.mode for m, _ in files.values()] == [0o755, 0o644, 0o644]
    assert files["bin/link"][0].linkname == "a"
    assert files["lib/b.py"][1] == b"x = 1\n"
    entries = {entry["_path"]: entry for entry in info(package, "paths.json")["paths"]}
    assert entries["bin/link"]["path_type"] == "softlink"
    assert entries["lib/b.py"]["file_mode"] == "text"
    assert "prefix_placeholder" not in entries["bin/a"]


def test_write__same_content_at_another_time_by_more_threads__same_bytes(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first = write(tmp_path / "1", DESCRIPTION, hashed(tmp_path)).path
    os.utime(tmp_path / "source", (1, 1))
    second = write(tmp_path / "2", DESCRIPTION, list(reversed(hashed(tmp_path))), 3).path
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("change", ["depends", "content", "mode"])
def test_write__something_else_in_it__another_build_string(tmp_path: Path, change: str) -> None:
    first = write(tmp_path, DESCRIPTION, hashed(tmp_path))
    files, description = hashed(tmp_path), DESCRIPTION
    if change == "depends":
        description = replace(DESCRIPTION, depends=())
    elif change == "content":
        files[0] = hash_file(PackageFile("lib/b.py", content=b"x = 2\n", placeholder=True))
    else:
        files[1] = replace(files[1], executable=False)
    assert write(tmp_path, description, files).path.name != first.path.name


def test_write__two_same_packages_in_a_folder__refuses_to_overwrite(tmp_path: Path) -> None:
    package = write(tmp_path, DESCRIPTION, hashed(tmp_path)).path
    with zipfile.ZipFile(package) as archive:
        assert archive.namelist()[0] == "metadata.json"
    with pytest.raises(FileExistsError):
        write(tmp_path, DESCRIPTION, hashed(tmp_path))
