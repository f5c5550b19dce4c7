from __future__ import annotations

import functools
import json
import os
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from pypackage.archive import manifest, read_manifest, tar_stream, writers
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.core.errors import InputPathError, PackError
from pypackage.core.progress import SILENT
from tests.support.needs import need

PACKAGES = (Package("python", "3.11.7", "h0_0", "linux-64", "ab" * 32, "u", ()),)
TIME = 1_000_000_001  # odd, which the times of a zip file are not by themselves

# How a user unpacks each, with the real tool.
UNPACK = {
    "tar.gz": "tar xzf {} -C {}",
    "tar": "tar xf {} -C {}",
    "tar.zst": "tar --zstd -xf {} -C {}",
    "zip": "unzip -q {} -d {}",
    "squashfs": "unsquashfs -quiet -no-progress -dest {1} {0}",
}
FORMATS = sorted([*UNPACK, "folder"])
NEEDED = {"tar.zst": ("zstd",), "zip": ("unzip",), "squashfs": ("mksquashfs", "unsquashfs")}


@pytest.fixture(autouse=True)
def _writer(request: pytest.FixtureRequest) -> None:
    """Skip the tests of a format that cannot be written here."""
    given = getattr(request.node, "callspec", None)
    if given and "squashfs" in given.params.values():
        need("mksquashfs")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """A folder with all kinds of files, which no test may change."""
    folder = tmp_path_factory.mktemp("contents")
    (folder / "empty").mkdir(parents=True)
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o700)
    (folder / "module.py").write_text("x = 1\n")
    os.utime(folder / "module.py", (TIME, TIME))
    (folder / "link").symlink_to("module.py")
    (folder / "blob").write_bytes(os.urandom(300_000))
    long = "lib/" + "very-long-name/" * 12 + "ünïcode.txt"
    return Contents(
        entries=(
            Entry("bin/tool", folder / "tool", package="python"),
            Entry("lib/module.py", folder / "module.py", package="numpy", pristine=True),
            Entry("lib/rewritten.py", folder / "module.py", data=b"y = 2\n", package="numpy"),
            Entry("lib/link.py", folder / "link", package="numpy"),
            Entry("lib/blob", folder / "blob", package="numpy"),
            Entry("lib/made", None, data=b"made", mode=0o644),
            Entry("lib/a b.txt", None, b"", mode=0o644),
            Entry("lib/old", None, link="a b.txt"),
            Entry("var/empty", folder / "empty"),
            Entry(long, folder / "module.py"),
        ),
        relocations=(),
        packages=PACKAGES,
    )


@pytest.fixture(scope="module")
def unpacked(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """What each format's own tool makes of them; no test may change it."""
    return functools.cache(lambda name: unpack(contents, name, tmp_path_factory.mktemp("made")))


def unpack(contents: Contents, format_: str, folder: Path) -> Path:
    need(*NEEDED.get(format_, ("sh",)))
    archive, out = folder / f"e.{format_}", folder / "out"
    if format_ == "folder":
        writers.write(contents, format_, out, SILENT)
        return out
    writers.write(contents, format_, archive, SILENT)
    if format_ != "squashfs":
        out.mkdir()
    subprocess.run(UNPACK[format_].format(archive, out).split(), check=True, env={**os.environ})
    return out


def listing(folder: Path) -> dict[str, tuple[str, object, int]]:
    """Each file's mode, content and time; each link's target; empty folders."""
    found: dict[str, tuple[str, object, int]] = {}
    for path in sorted(folder.rglob("*")):
        status, name = path.lstat(), path.relative_to(folder).as_posix()
        if name.startswith(manifest.PATH):
            continue
        if path.is_symlink():
            found[name] = ("link", os.readlink(path), 0)
        elif path.is_file():
            mode = stat.filemode(status.st_mode)
            found[name] = (mode, path.read_bytes(), int(status.st_mtime))
        elif not list(path.iterdir()):
            found[name] = ("folder", "", 0)
    return found


@pytest.mark.parametrize("format_", FORMATS)
def test_write__unpacked_by_the_real_tool__is_the_tree_of_the_tar_gz(
    unpacked: Callable[[str], Path], format_: str
) -> None:
    made = listing(unpacked(format_))
    assert made == listing(unpacked("tar.gz"))
    assert made["lib/link.py"] == ("link", "module.py", 0)
    assert made["bin/tool"][0] == "-rwxr-xr-x"
    assert made["lib/made"][0] == "-rw-r--r--"
    assert made["lib/module.py"][2] == TIME


@pytest.mark.parametrize("format_", FORMATS)
def test_manifest__in_each_format__tells_files_and_content(
    contents: Contents, unpacked: Callable[[str], Path], format_: str
) -> None:
    out = unpacked(format_)
    described = json.loads((out / manifest.PATH).read_text())
    assert described["files"] == len(contents.entries) + 4
    assert described["packages"][0]["name"] == "python"
    if format_ != "tar.gz":
        assert described["members"] == []
        assert len(described["tree"]) == 64


@pytest.mark.parametrize("format_", FORMATS)
def test_sha256sums__in_each_format__lists_all_that_was_unpacked(
    unpacked: Callable[[str], Path], format_: str
) -> None:
    out = unpacked(format_)
    lists = sorted((out / manifest.SHA256SUMS).iterdir())
    assert len(lists) == 6  # python, numpy, bin, etc, lib, var
    listed = b"".join(path.read_bytes() for path in lists)
    described = json.loads((out / manifest.PATH).read_text())
    assert described["sha256sums"] == sha256(listed).hexdigest()
    subprocess.run(["sha256sum", "--strict", "-c"], input=listed, cwd=out, check=True)
    lines = set(listed.decode().splitlines())
    kinds = {line[66:]: line[65] for line in lines if not line.startswith("# ")}
    found = {str(path.relative_to(out)): path for path in out.rglob("*")}
    files = {name: path for name, path in found.items() if path.is_file() and not path.is_symlink()}
    assert kinds == {
        name: "*" if path.stat().st_mode & 0o100 else " "
        for name, path in files.items()
        if name != manifest.PATH and path.parent != out / manifest.SHA256SUMS
    }
    others = {
        f"# {name} -> {os.readlink(path)}" if path.is_symlink() else f"# {name}/"
        for name, path in found.items()
        if name not in files
    }
    assert {line for line in lines if line.startswith("# ")} == others


@pytest.mark.parametrize("odd", [Entry("lib/a\nb", None, b""), Entry("lib/a", None, link="\n")])
@pytest.mark.parametrize("format_", FORMATS)
def test_write__name_with_a_newline__is_refused(
    contents: Contents, tmp_path: Path, format_: str, odd: Entry
) -> None:
    with pytest.raises(PackError, match="cannot be packed: a newline") as raised:
        writers.write(contents.plus(odd), format_, tmp_path / "made", SILENT)
    assert raised.value.exit_code == 6
    assert list(tmp_path.glob("made*")) == []


@pytest.mark.parametrize("format_", [*FORMATS, "sh"])
def test_packages__of_each_format__are_known_to_the_client(
    contents: Contents, format_: str, tmp_path: Path
) -> None:
    archive = tmp_path / "e"
    writers.write(contents, format_, archive, SILENT)
    assert read_manifest.read(archive)["packages"] == {"python": "3.11.7"}
    if format_ != "folder":
        archive.write_bytes(archive.read_bytes()[:150])
        with pytest.raises(InputPathError, match="does not say what is in it"):
            read_manifest.read(archive)


@pytest.mark.parametrize("format_", [*FORMATS, "sh"])
def test_write__other_content__has_another_id(
    contents: Contents, tmp_path: Path, format_: str
) -> None:
    changed = [e for e in contents.entries if e.target != "lib/made"]
    other = Contents((*changed, Entry("lib/made", None, b"mode")), (), PACKAGES)
    first = identity(contents, format_, tmp_path / "a")
    assert first != identity(other, format_, tmp_path / "b")
    assert first == identity(contents, format_, tmp_path / "c")


def identity(contents: Contents, format_: str, output: Path) -> str:
    """The id as sh finds it: in the first lines."""
    writers.write(contents, format_, output, SILENT)
    if format_ == "folder":
        lines = (output / manifest.PATH).read_bytes().split(b"\n")
    else:
        lines = output.read_bytes().split(b"\n")
    in_manifest = (line for line in lines[:8] if b"environment_id" in line)
    told = next(in_manifest, b"") if format_ in ("squashfs", "zip") else lines[1]
    found = told.decode().rstrip(' ",').replace('"', " ").split()[-1]
    assert len(found) == 64
    return found


@pytest.mark.parametrize("format_", ["tar", "tar.zst", "zip", "squashfs", "sh"])
def test_write__twice_in_two_places__gives_the_same_bytes(
    contents: Contents, tmp_path: Path, format_: str
) -> None:
    copy = tmp_path / "elsewhere"
    assert contents.entries[0].source
    shutil.copytree(Path(contents.entries[0].source).parent, copy, symlinks=True)
    moved = [
        Entry(
            e.target,
            e.source and copy / Path(e.source).name,
            e.data,
            e.link,
            e.package,
            e.mode,
            e.pristine,
        )
        for e in contents.entries
    ]
    for name, entries in (("a", contents.entries), ("b", moved[::-1])):
        old_umask = os.umask(0o077 if name == "a" else 0o022)
        writers.write(Contents(tuple(entries), (), PACKAGES), format_, tmp_path / name, SILENT)
        os.umask(old_umask)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    if format_ == "sh":
        assert os.access(tmp_path / "a", os.X_OK)


def test_zip__members__are_checked_by_unzip_and_first_is_the_manifest(
    contents: Contents, tmp_path: Path
) -> None:
    need("unzip")
    writers.write(contents, "zip", tmp_path / "e.zip", SILENT)
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        assert archive.testzip() is None
        first = archive.getinfo(manifest.PATH)
        assert (first.header_offset, archive.namelist()[-1]) == (0, manifest.PATH)
    subprocess.run(["unzip", "-tq", tmp_path / "e.zip"], check=True, stdout=subprocess.DEVNULL)


def test_zip__manifest__has_the_digest_of_all_else(contents: Contents, tmp_path: Path) -> None:
    writers.write(contents, "zip", tmp_path / "e.zip", SILENT)
    whole = (tmp_path / "e.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        text = archive.read(manifest.PATH)
    # Without the manifest and its two checksums, of which only the manifest is vouched for.
    others = whole[:14] + whole[18:66] + whole[66 + len(text) : -88] + whole[-84:]
    assert json.loads(text)["zip"] == sha256(others).hexdigest()
    assert manifest.is_intact(text)


def test_zip__so_many_members_that_its_end_is_another__leaves_it_to_the_lists(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In place of 65,536 files.
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    writers.write(contents, "zip", tmp_path / "e.zip", SILENT)
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        assert archive.testzip() is None
        text = archive.read(manifest.PATH)
    assert "zip" not in json.loads(text)
    assert manifest.is_intact(text)


@pytest.mark.parametrize(("level", "start"), [(None, 106), (9, 96)])
def test_squashfs__manifest__is_readable_and_has_the_digest_of_all_else(
    contents: Contents, tmp_path: Path, level: int | None, start: int
) -> None:
    image = tmp_path / "e.squashfs"
    need("mksquashfs")
    writers.write(contents, "squashfs", image, SILENT, Compression(level=level))
    whole = image.read_bytes()
    text = subprocess.check_output([need("unsquashfs"), "-cat", image, manifest.PATH])
    assert whole[start : start + len(text)] == text
    others = whole[:start] + whole[start + len(text) :]
    assert json.loads(text)["squashfs"] == sha256(others).hexdigest()
    assert manifest.is_intact(text)


def test_squashfs__mksquashfs_of_before_2021__leaves_it_to_the_lists(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In place of a real one, which Debian 11 and Red Hat 9 have.
    former = tmp_path / "mksquashfs"
    former.write_text(
        f"""#!/bin/sh
case "$*" in
    -version) echo "mksquashfs version 4.4 (2019/08/29)" ;;
    *-action*) exit 1 ;;
    *) exec {need("mksquashfs")} "$@" ;;
esac
"""
    )
    former.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    image = tmp_path / "e.squashfs"
    writers.write(contents, "squashfs", image, SILENT)
    text = subprocess.check_output([need("unsquashfs"), "-cat", image, manifest.PATH])
    assert "squashfs" not in json.loads(text)
    assert manifest.is_intact(text)
    assert image.read_bytes().endswith(f" {manifest.identity(text)}\n".encode())


@pytest.mark.parametrize("format_", ["tar", "tar.zst", "zip", "squashfs", "sh", "folder"])
def test_write__file_is_gone__names_it_and_leaves_the_former(
    contents: Contents, tmp_path: Path, format_: str
) -> None:
    output = tmp_path / "out" / "e"
    output.parent.mkdir()
    writers.write(contents, format_, output, SILENT)
    former = output.stat().st_ino
    gone = Entry("lib/gone", tmp_path / "gone")
    with pytest.raises(PackError, match="/gone"):
        writers.write(contents.plus(gone), format_, output, SILENT)
    assert output.stat().st_ino == former
    assert list(output.parent.iterdir()) == [output]


def test_folder__of_the_user_s_own__is_left_alone(contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").touch()
    with pytest.raises(PackError, match="is not an environment made by python_package_create"):
        writers.write(contents, "folder", tmp_path / "mine", SILENT)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_squashfs__without_the_program__says_what_to_install(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackError, match="squashfs-tools"):
        writers.check("squashfs", tmp_path)
    with pytest.raises(PackError, match="squashfs-tools"):
        writers.write(contents, "squashfs", tmp_path / "e.squashfs", SILENT)


def test_runner_and_manifest__of_an_environment_that_was_unpacked__are_there_once(
    contents: Contents, tmp_path: Path
) -> None:
    former = [Entry("bin/run_in_env", None, b"former"), Entry(manifest.PATH, None, b"{}")]
    former.append(Entry(f"{manifest.SHA256SUMS}/former", None, b""))
    again = Contents((*contents.entries, *former), (), PACKAGES)
    targets = [entry.target for entry in tar_stream.with_tools(again.entries)]
    assert targets.count("bin/run_in_env") == 1
    assert manifest.PATH not in targets
    assert not [target for target in targets if target.startswith(manifest.SHA256SUMS)]


def test_squashfs__superblock__has_no_time_of_its_own(contents: Contents, tmp_path: Path) -> None:
    need("mksquashfs")
    writers.write(contents, "squashfs", tmp_path / "e", SILENT)
    head = (tmp_path / "e").read_bytes()[:16]
    assert head[:4] == b"hsqs"
    assert int.from_bytes(head[8:12], "little") == tar_stream.EPOCH
