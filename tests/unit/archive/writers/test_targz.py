from __future__ import annotations

import gzip
import json
import os
import subprocess
import tarfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from pypackage.archive import manifest, tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.archive.writers import targz
from pypackage.core.errors import PackError
from pypackage.core.progress import SILENT

PACKAGES = (Package("python", "3.11.7", "h0_0", "linux-64", "ab" * 32, "u", ()),)


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    """A folder with all kinds of files, in two packages and in none."""
    folder = tmp_path / "prefix"
    (folder / "empty").mkdir(parents=True)
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o700)
    (folder / "module.py").write_text("x = 1\n")
    os.utime(folder / "module.py", (1_000_000_000, 1_000_000_000))
    (folder / "link").symlink_to("module.py")
    (folder / "blob").write_bytes(os.urandom(3_000_000))
    long = "lib/" + "very-long-name/" * 12 + "ünïcode.txt"
    return Contents(
        entries=(
            Entry("bin/tool", folder / "tool", package="python"),
            Entry("lib/module.py", folder / "module.py", package="numpy", pristine=True),
            Entry("lib/rewritten.py", folder / "module.py", data=b"y = 2\n", package="numpy"),
            Entry("lib/link.py", folder / "link", package="numpy"),
            Entry("lib/blob", folder / "blob", package="numpy"),
            Entry("var/empty", folder / "empty"),
            Entry(long, folder / "module.py"),
        ),
        relocations=(),
        packages=PACKAGES,
    )


def written(contents: Contents, path: Path) -> bytes:
    targz.write(contents, path, SILENT)
    return path.read_bytes()


def test_write__read_by_tar__has_the_files_and_links(contents: Contents, tmp_path: Path) -> None:
    targz.write(contents, tmp_path / "e.tar.gz", SILENT)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "xzf", tmp_path / "e.tar.gz", "-C", out], check=True)
    assert (out / "lib/module.py").read_text() == "x = 1\n"
    assert (out / "lib/rewritten.py").read_text() == "y = 2\n"
    assert os.readlink(out / "lib/link.py") == "module.py"
    assert (out / "lib/blob").stat().st_size == 3_000_000
    assert list((out / "var/empty").iterdir()) == []
    assert [path.name for path in out.rglob("ünïcode.txt")] == ["ünïcode.txt"]
    assert os.access(out / "bin/tool", os.X_OK)
    assert os.readlink(out / "bin/run_in_env") == "python_package_run"


def test_write__package_s_file__keeps_its_time_for_its_byte_code(
    contents: Contents, tmp_path: Path
) -> None:
    with tarfile.open(fileobj=BytesIO(written(contents, tmp_path / "e.tar.gz"))) as tar:
        assert tar.getmember("lib/module.py").mtime == 1_000_000_000
        assert tar.getmember("lib/rewritten.py").mtime == tar_stream.EPOCH


def test_write__members__are_nobody_s_and_have_plain_modes(
    contents: Contents, tmp_path: Path
) -> None:
    with tarfile.open(fileobj=BytesIO(written(contents, tmp_path / "e.tar.gz"))) as tar:
        members = tar.getmembers()
    assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
    assert {m.mode for m in members if m.isreg()} == {0o644, 0o755}
    assert members[0].name == manifest.PATH


def test_write__twice__gives_the_same_bytes(contents: Contents, tmp_path: Path) -> None:
    first = written(contents, tmp_path / "a.tar.gz")
    turned = Contents(contents.entries[::-1], contents.relocations, PACKAGES)
    assert written(turned, tmp_path / "b.tar.gz") == first


def test_write__first_bytes__tell_the_environment_s_id(contents: Contents, tmp_path: Path) -> None:
    data = written(contents, tmp_path / "e.tar.gz")
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        described = json.load(tar.extractfile(manifest.PATH) or BytesIO())
    line = data.split(b"\n", 2)[1].decode()
    assert line == f"pypackage-archive 1 {described['environment_id']}"


def test_write__each_member__can_be_unpacked_and_checked_by_itself(
    contents: Contents, tmp_path: Path
) -> None:
    data = written(contents, tmp_path / "e.tar.gz")
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        described = json.load(tar.extractfile(manifest.PATH) or BytesIO())
        names = [member.name for member in tar.getmembers()]
    found = [manifest.PATH]
    for member in described["members"]:
        part = data[member["offset"] :][: member["length"]]
        assert sha256(part).hexdigest() == member["sha256"]
        with tarfile.open(fileobj=BytesIO(gzip.decompress(part))) as tar:
            found += tar.getnames()
    assert found == names
    assert member["offset"] + member["length"] == len(data)


def test_write__file_is_gone__names_it_and_keeps_the_former(
    contents: Contents, tmp_path: Path
) -> None:
    output = tmp_path / "e.tar.gz"
    output.write_bytes(b"former")
    (tmp_path / "prefix" / "blob").unlink()
    with pytest.raises(PackError, match="prefix/blob"):
        targz.write(contents, output, SILENT)
    assert output.read_bytes() == b"former"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.tar.gz", "prefix"]


def test_write__folder_that_cannot_be_written__is_a_pack_error(contents: Contents) -> None:
    with pytest.raises(PackError, match="No such file"):
        targz.write(contents, Path("/proc/self/nothing/e.tar.gz"), SILENT)
