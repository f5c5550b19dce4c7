"""Archives that are broken, and machines on which they cannot be unpacked."""

from __future__ import annotations

import copy
import gzip
import os
import random
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest

from tests.shell import formats
from tests.shell.conftest import PLAIN, Runner, once
from tests.shell.environments import (
    END,
    MANIFEST,
    SCRIPT,
    SHOW,
    Environment,
    Files,
    gzip_member,
    pack_foreign,
    tar_entry,
)
from tests.support.needs import need


def check_refused(runner: Runner, archive: Path, status: int, *said: str) -> None:
    done = runner.run("-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert done.stderr.startswith("python_package_run: ")
    assert done.stderr.count("\n") == 1
    assert all(word in done.stderr for word in said), done.stderr
    assert not runner.cache.exists() or runner.environments() == []


@once
def test_archive__cut_short_anywhere__exits_3_and_leaves_nothing(
    runner: Runner, archive: Path
) -> None:
    whole = archive.read_bytes()
    members = list(accumulate(map(len, PLAIN.members())))
    inside = [members[1] - 3, members[1] + 5, members[2] + 100, len(whole) - 1]
    for length in [*members[:-1], *inside]:
        archive.write_bytes(whole[:length])
        check_refused(runner, archive, 3, "cannot be extracted")
    archive.write_bytes(whole)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")


@once
def test_archive__padded_at_its_end__is_extracted(runner: Runner, archive: Path) -> None:
    # More than a pipe holds, and nothing that tar has to read.
    padding = gzip.compress(bytes(1 << 20))
    archive.write_bytes(archive.read_bytes() + padding)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")


def test_archive__one_byte_altered__exits_3_and_leaves_nothing(
    runner: Runner, archive: Path
) -> None:
    whole = bytearray(archive.read_bytes())
    whole[len(PLAIN.members()[0]) + 40] ^= 1
    archive.write_bytes(whole)
    check_refused(runner, archive, 3, "cannot be extracted")


@once
def test_foreign_archive__holds_no_environment__exits_3_and_leaves_nothing(
    runner: Runner,
) -> None:
    with tarfile.open(runner.folder / "E", "w:gz") as tar:
        tar.add(__file__, "text")
    check_refused(runner, runner.folder / "E", 3, "holds no environment")


@once
def test_foreign_archive__cut_short__exits_3_and_leaves_nothing(runner: Runner) -> None:
    archive = pack_foreign(runner.folder / "E")
    archive.write_bytes(archive.read_bytes()[:-90])
    check_refused(runner, archive, 3, "cannot be extracted")


@once
@pytest.mark.parametrize("content", [b"", b"just a text\nof two lines\n", bytes(1000)])
def test_archive__is_none__exits_3(runner: Runner, content: bytes) -> None:
    archive = runner.folder / "E"
    archive.write_bytes(content)
    check_refused(runner, archive, 3, "not an archive")


@once
def test_archive__pipe_or_device__exits_3_at_once(runner: Runner, archive: Path) -> None:
    os.mkfifo(runner.folder / "pipe")
    for name in ("pipe", "/dev/zero"):
        done = runner.run("-e", name, "true")
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == f"python_package_run: {name} is neither a file nor a folder\n"


@once
def test_archive__newer_format__exits_3_and_says_so(runner: Runner) -> None:
    archive = Environment(format=2).pack(runner.folder / "E")
    check_refused(runner, archive, 3, "format 2", "newer")


@once
@pytest.mark.parametrize("identity", [b"../../etc", b"0" * 63, b"g" * 64, b""])
def test_archive__id_that_is_none__exits_3(runner: Runner, archive: Path, identity: bytes) -> None:
    archive.write_bytes(archive.read_bytes().replace(PLAIN.id.encode(), identity, 1))
    check_refused(runner, archive, 3, "damaged")


@once
def test_archive__for_another_platform__exits_4_and_names_both(runner: Runner) -> None:
    archive = Environment(platform="osx-arm64").pack(runner.folder / "E")
    check_refused(runner, archive, 4, "osx-arm64", PLAIN.platform)


@once
def test_archive__needs_a_newer_glibc__exits_4_and_names_both(runner: Runner) -> None:
    # Where there is no getconf, the C library itself is asked.
    for glibc in ("2.999", "3.1"):
        archive = Environment(glibc=glibc).pack(runner.folder / "E")
        check_refused(runner, archive, 4, f"needs glibc {glibc}")
    for glibc in ("2.4", "1.99", ""):
        Environment({"share/x": glibc.encode()}, glibc=glibc).pack(runner.folder / "E")
        assert runner.output("-e", "E", "show", "x").endswith("x\n")


def test_cache__cannot_be_made__exits_3(runner: Runner, archive: Path) -> None:
    runner.cache.write_text("a file")
    done = runner.run("-e", archive, "show")
    assert (done.returncode, done.stdout) == (3, "")
    said = f"python_package_run: cannot make the folder {re.escape(str(runner.cache))}"
    assert re.fullmatch(f"{said}: (File exists|Not a directory)\n", done.stderr)


def test_cache__read_only__exits_3_unless_the_environment_is_there(
    runner: Runner, archive: Path
) -> None:
    runner.cache.mkdir()
    guarded = runner.read_only(runner.cache)
    done = guarded.run("-e", archive, "show")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot make the folder" in done.stderr
    assert done.stderr.endswith(": Read-only file system\n")
    runner.output("-e", archive)
    assert guarded.output("-e", archive, "show", "x").endswith("x\n")


def test_temporary_folder__cannot_be_written_to__does_not_matter(
    runner: Runner, archive: Path
) -> None:
    strange = runner.with_env(TMPDIR="/proc")
    assert strange.output("-e", archive, "show", "x").endswith("\nx\n")


def test_current_folder__read_only__does_not_matter(runner: Runner, archive: Path) -> None:
    guarded = runner.read_only(runner.folder)
    assert guarded.output("-e", archive.name, "show", "x").endswith("x\n")


def test_disk__full__exits_3_and_leaves_nothing(runner: Runner) -> None:
    environment = Environment({"share/large": bytes(4 << 20)})
    archive = environment.pack(runner.folder / "E")
    guarded = runner.read_only(runner.folder)
    runner.cache.mkdir()
    fill = ("sh", "-c", 'echo >"$PYTHON_PACKAGE_CACHE/full"; exec "$@"', "sh")
    for size, options in ((40 << 10, ()), (1 << 20, ()), (4 << 10, ()), (4 << 10, ("--no-cache",))):
        small = ("--size", str(size), "--tmpfs", str(runner.cache))
        done = replace(runner, before=(*guarded.before[:-1], *small, "--", *fill)).run(
            *options, "--error-status", "50", "-e", archive, "sh", "-c", "exit 0"
        )
        assert (done.returncode, done.stdout) == (53, "")
        assert len(done.stderr.splitlines()) == 1
        assert f"there is no room in {runner.cache}" in done.stderr


@pytest.mark.root
def test_disk__full_for_folders_but_not_for_empty_files__exits_3_soon(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    image, disk = tmp_path / "image", tmp_path / "disk"
    image.write_bytes(bytes(4 << 20))
    disk.mkdir()
    subprocess.run([need("mkfs.ext4"), "-q", "-m", "0", "-O", "^has_journal", image], check=True)
    mounted = subprocess.run([need("mount"), "-o", "loop", image, disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this machine mounts no images")
    try:
        cache = disk / "cache"
        cache.mkdir()
        filler = [need("dd"), "if=/dev/zero", f"of={disk}/full", "bs=1024"]
        subprocess.run(filler, capture_output=True)
        began = time.monotonic()
        said = "cannot make the folder", "No space left on device"
        check_refused(runner.with_env(PYTHON_PACKAGE_CACHE=str(cache)), archive, 3, *said)
        assert time.monotonic() - began < 15, "it has taken the disk for one in use"
    finally:
        subprocess.run([need("umount"), disk], check=True)


@once
def test_disk__few_free_inodes__exits_3_and_says_so(runner: Runner, tmp_path: Path) -> None:
    layers, disk = PLAIN.pack_layers(runner.folder / "layers"), tmp_path / "disk"
    disk.mkdir()
    for number in range(2, 14):
        mount = [need("mount"), "-t", "tmpfs", "-o", f"nr_inodes={number}", "none", str(disk)]
        if subprocess.run(mount, capture_output=True).returncode != 0:
            pytest.skip("this machine mounts no tmpfs")
        try:
            cache = disk / "cache"
            cache.mkdir()
            done = runner.with_env(PYTHON_PACKAGE_CACHE=str(cache)).run("-e", layers, "show")
            assert done.returncode == 3
            assert re.search("no room|No space left|needs [0-9]+ inodes", done.stderr), done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert list(cache.iterdir()) == []
        finally:
            subprocess.run([need("umount"), disk], check=True)


def test_files__not_as_large_as_needed__exits_3_and_leaves_nothing(
    runner: Runner, archive: Path
) -> None:
    for most in "0", "20":  # blocks; the shell itself would be ended by SIGXFSZ
        limited = replace(runner, before=("sh", "-c", f'ulimit -f {most}; exec "$@"', "sh"))
        check_refused(limited, archive, 3, "there is no room", "ulimit -f", "--cache-dir")


def counts_far(runner: Runner) -> bool:
    """Whether the shell has numbers of 64 bits."""
    return "mksh" not in runner.shell[0]


MANY = Environment({f"share/file{n}": os.urandom(60_000) for n in range(120)})


def test_archive__large__is_extracted_in_parts_side_by_side(runner: Runner) -> None:
    MANY.pack(runner.folder / "E")
    done = runner.run("-d", "-e", "E", "show", "x")
    assert done.stdout.endswith("x\n")
    parts = re.search(r"(\d+) parts by (\d+) jobs", done.stderr)
    assert parts
    assert int(parts[1]) > 3
    content = {path.name: path.read_bytes() for path in runner.cache.glob("*/share/*")}
    assert content == {path[6:]: data for path, data in MANY.files.items()}


@once
@pytest.mark.parametrize("member", range(0, len(MANY.members()), 5))
def test_archive__one_bit_of_a_member_altered__exits_3_and_leaves_nothing(
    runner: Runner, member: int
) -> None:
    whole = bytearray(b"".join(MANY.members()))
    end = sum(map(len, MANY.members()[: member + 1]))
    whole[end - 2000] ^= 4
    (runner.folder / "E").write_bytes(whole)
    check_refused(runner, runner.folder / "E", 3, "damaged" if member else "")


@once
@pytest.mark.parametrize("name", ["pigz", "zstd"])
def test_archive__faster_decompressor_there__is_used_where_it_can(
    runner: Runner, name: str
) -> None:
    tools = runner.folder.parent / "more tools"
    shutil.copytree(runner.tools, tools, symlinks=True)
    told = runner.folder.parent / "told"
    more = Runner(runner.shell, tools, runner.folder, runner.env)
    MANY.pack(runner.folder / "E")
    for ability in ("exec gzip -dc", "cat >/dev/null; exit 1"):
        (tools / name).write_text(f"#!/bin/sh\necho x >>'{told}'\n{ability}\n")
        (tools / name).chmod(0o755)
        told.write_text("")
        assert more.output("-e", "E", "show", "x").endswith("x\n")
        # Once to see whether it can, and for each part.
        expected = 1 if "exit" in ability else len(MANY.members())
        assert told.read_text().count("x") == expected
        shutil.rmtree(runner.cache)


@once
def test_archive__altered_and_no_sha256sum__is_noticed_by_gzip(runner: Runner) -> None:
    (runner.folder / "few").mkdir()
    for tool in runner.tools.iterdir():
        if tool.name != "sha256sum":
            (runner.folder / "few" / tool.name).symlink_to(tool)
    few = Runner(runner.shell, runner.folder / "few", runner.folder, runner.env)
    archive = MANY.pack(runner.folder / "E")
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 1
    archive.write_bytes(whole)
    check_refused(few, archive, 3, "cannot be extracted")


def test_archive__id_of_another__exits_3_and_is_not_taken_for_that(runner: Runner) -> None:
    archive = MANY.pack(runner.folder / "E")
    archive.write_bytes(archive.read_bytes().replace(MANY.id.encode(), PLAIN.id.encode(), 1))
    check_refused(runner, archive, 3, "damaged")


@once
def test_archive__entry_behind_the_manifest__exits_3_and_leaves_nothing(runner: Runner) -> None:
    # The manifest's member is stored: compressed, it leaves room for more.
    first, *others = PLAIN.members()
    text = gzip.decompress(first)[512:].partition(b"\n}\n")[0] + b"\n}\n"
    more = tar_entry(MANIFEST, text) + tar_entry("lib/evil.py", b"")
    altered = gzip_member(more, comment=first[10 : first.index(b"\0", 10)], level=9)
    # Filled up with empty members, of 21 bytes and a comment, it is as long as before.
    number, rest = divmod(len(first) - len(altered), 21)
    altered += gzip_member(b"", b"x" * rest) + gzip_member(b"", b"") * (number - 1)
    assert len(altered) == len(first)
    archive = runner.folder / "E"
    archive.write_bytes(b"".join([altered, *others]))
    check_refused(runner, archive, 3, "is damaged")


@once
@pytest.mark.parametrize("field", [slice(135, 136), slice(156, 157)])
def test_tar__size_or_kind_of_the_manifest_altered__drops_nothing(
    runner: Runner, field: slice
) -> None:
    archive, _ = formats.pack(PLAIN, runner.folder / "E.tar")
    whole = archive.read_bytes()
    header = bytearray(whole[:512])
    header[field] = b"5"  # eight times as much, so some entries more; or a folder
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    archive.write_bytes(bytes(header) + whole[512:])
    prefix = Path(runner.output("-e", archive, "show").strip())
    assert (prefix / MANIFEST).read_bytes().endswith(b"}\n")
    assert (prefix / "bin/python").exists()


@once
def test_foreign_archive__made_of_one_of_ours__is_what_its_manifest_says(runner: Runner) -> None:
    archive = PLAIN.pack(runner.folder / "E")
    folder = runner.folder / "folder"
    folder.mkdir()
    subprocess.run(["tar", "xf", archive, "-C", folder], check=True)
    (folder / "bin/mine").touch()  # the user's own
    again = ["tar", "czf", str(archive), "-C", str(folder), "."]
    subprocess.run(again, check=True)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    shutil.rmtree(runner.cache)
    (folder / "bin/show").write_text("#!/bin/sh\necho evil\n")
    subprocess.run(again, check=True)
    check_refused(runner, archive, 3, "damaged: bin/show")


@once
def test_foreign_archive__its_bin_leads_out__exits_3_and_leaves_nothing(runner: Runner) -> None:
    archive = runner.folder / "E"
    entries = [tar_entry("usr/bin/show", SHOW), tar_entry("bin", Path("/usr/bin"))]
    archive.write_bytes(gzip_member(b"".join(entries) + END))
    check_refused(runner, archive, 3, "in place of bin")
    inside = tar_entry("bin", Path("usr/bin"))  # as in an image of a whole system
    archive.write_bytes(gzip_member(entries[0] + inside + END))
    assert runner.run("-e", archive).returncode == 0


def test_manifest__empty_line_in_its_middle__is_refused(runner: Runner) -> None:
    manifest = PLAIN.pack_layers(runner.folder / "layers")
    text = manifest.read_bytes()
    manifest.write_bytes(text.replace(b"\n", b"\n\n", 1))
    check_refused(runner, manifest, 3, "its id does not match its content")
    manifest.write_bytes(text + b"\n\n")  # as archives are filled up
    assert runner.output("-e", manifest, "show", "x").endswith("x\n")


@once
def test_archive__its_manifest_taken_away__is_not_taken_for_a_foreign_one(runner: Runner) -> None:
    archive = runner.folder / "E"
    archive.write_bytes(b"".join(PLAIN.members()[1:]))
    check_refused(runner, archive, 3, "damaged: etc/pypackage/manifest.json is missing")
    folder = runner.folder / "folder"
    folder.mkdir()
    subprocess.run(["tar", "xf", archive, "-C", folder], check=True)
    check_refused(runner, folder, 4, "damaged: etc/pypackage/manifest.json is missing")


def test_archive__links_that_need_what_comes_first__is_extracted_as_one_stream(
    runner: Runner,
) -> None:
    # A file below a folder that another member makes a link.
    folders = {f"share/a{n:03}": os.urandom(60_000) for n in range(100)}
    tree: Files = {"lib/link": Path("real"), "lib/real/x": b"1", **folders, "zzz/file": b"2"}
    Environment(tree).pack(runner.folder / "E")
    assert runner.output("-e", "E", "show", "x").endswith("x\n")
    (place,) = map(runner.cache.joinpath, runner.environments())
    assert (place / "lib/link/x").read_bytes() == b"1"


def test_archive__altered_and_without_digests_of_files__exits_3(runner: Runner) -> None:
    # Not with a newline in a name; a shell that cannot count far takes all as one stream.
    data = os.urandom(60_000)
    members = Environment({"lib/a\nb": data}).members()
    altered = [gzip.decompress(one).replace(data[:9], data[1:10]) for one in members[1:]]
    whole = members[0] + b"".join(map(gzip_member, altered))
    (runner.folder / "E").write_bytes(whole)
    for where in ((), ("-u", "place")):
        done = runner.run(*where, "-e", "E", "show", "x")
        assert (done.returncode, done.stdout) == (3, "")


def test_archive__link_in_one_part_and_a_file_through_it_in_another__exits_3(
    runner: Runner,
) -> None:
    outside = runner.folder.parent / "outside"
    outside.mkdir()
    between = {f"out-{n:03}": os.urandom(60_000) for n in range(120)}
    Environment({"out": outside, **between, "out/evil": b"x"}).pack(runner.folder / "E")
    check_refused(runner, runner.folder / "E", 3, "cannot be extracted")
    assert list(outside.iterdir()) == []


def test_archive__link_in_place_of_the_manifest__nothing_is_written_there(runner: Runner) -> None:
    outside = runner.folder.parent / "outside"
    outside.mkdir()
    Environment({MANIFEST: outside}).pack(runner.folder / "E")
    check_refused(runner, runner.folder / "E", 3, "has a link in place of " + MANIFEST)
    assert list(outside.iterdir()) == []


def test_archive__large_with_odd_names_and_links__is_extracted_as_by_tar(runner: Runner) -> None:
    odd = ["a b", "-n", "*", "new\nline", "\\t", "[", ".hidden", "..two", "\u00e9", "$x`y'"]
    files: Files = {
        f"{folder}/{name}/{number}": os.urandom(60_000)
        for number in range(3)
        for folder in ("lib", "share")
        for name in odd
    }
    links: Files = {f"lib/{name}/link": Path("0") for name in odd}
    environment = Environment({**files, **links, "share/outer": Path("/etc"), ".top": b""})
    archive = environment.pack(runner.folder / "E")
    runner.output("-e", archive)
    whole = runner.folder / "whole"
    whole.mkdir()
    subprocess.run(["tar", "xf", archive, "-C", whole], check=True)
    (place,) = map(runner.cache.joinpath, runner.environments())
    marks = {"etc/pypackage/prepared", "etc/pypackage/unpacked"}
    wanted = {**described(whole), **dict.fromkeys(marks, "file")}
    found = described(place)
    # The manifest without the empty lines that it was filled up with.
    assert wanted.pop(MANIFEST).rstrip() == found.pop(MANIFEST).rstrip()
    assert found == wanted


def described(folder: Path) -> dict[str, bytes | str]:
    """What there is below the folder, by path; of the marks, that they are there."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = "file" if name[-8:] in ("prepared", "unpacked") else path.read_bytes()
    return found


def special(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = "", pax: Mapping[str, str] | None = None
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, 0o755
    info.pax_headers = dict(pax or {})
    return info


UNSAFE = {
    "above": [special("../evil")],
    "above, from within": [special("bin/../../evil")],
    "absolute": [special("/ROOT/evil")],
    "through a link": [special("out", tarfile.SYMTYPE, "/ROOT"), special("out/evil")],
    "through a link above": [special("out", tarfile.SYMTYPE, ".."), special("out/evil")],
    "by pax": [special("x", pax={"path": "/ROOT/evil"})],
    "through a link by pax": [
        special("out", tarfile.SYMTYPE, "x", {"linkpath": "/ROOT"}),
        special("out/evil"),
    ],
    "folder that becomes a link": [
        *(special("out", tarfile.DIRTYPE), special("out", tarfile.SYMTYPE, "/ROOT")),
        special("out/evil"),
    ],
    "hard link": [special("evil", tarfile.LNKTYPE, "/ROOT/theirs")],
    "hard link above": [special("evil", tarfile.LNKTYPE, "../../../outside/theirs")],
    "link in place of the marks": [special("etc/pypackage", tarfile.SYMTYPE, "/ROOT")],
    "link in place of a mark": [special("etc/pypackage/unpacked", tarfile.SYMTYPE, "/ROOT")],
    "folder in place of a mark": [special("etc/pypackage/unpacked", tarfile.DIRTYPE)],
    "device": [special("null", tarfile.CHRTYPE)],
    "hidden device": [special("bin/.null", tarfile.CHRTYPE)],
    "hidden hard link": [special(".evil", tarfile.LNKTYPE, "/ROOT/theirs")],
    "pipe": [special("pipe", tarfile.FIFOTYPE)],
}


# Of busybox, rm cannot remove such a path either.
@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
def test_archive__path_too_long_to_be_listed__exits_3_and_leaves_nothing(runner: Runner) -> None:
    pack_foreign(runner.folder / "E", {"/".join(["x" * 201] * 20): b"perhaps with set-user-id"})
    check_refused(runner, runner.folder / "E", 3, "its paths are too long")


@pytest.mark.parametrize("kind", UNSAFE)
def test_archive__members_that_leave_it__exits_3_and_leaves_nothing(
    runner: Runner, kind: str
) -> None:
    outside = runner.folder.parent / "outside"
    outside.mkdir()
    (outside / "theirs").touch()
    (outside / "theirs").chmod(0o666)
    pack_foreign(runner.folder / "E")
    with tarfile.open(runner.folder / "extra", "w") as extra:
        for member in UNSAFE[kind]:
            placed = copy.copy(member)
            placed.name, placed.linkname = (
                text.replace("/ROOT", str(outside)) for text in (member.name, member.linkname)
            )
            placed.pax_headers = {
                key: text.replace("/ROOT", str(outside)) for key, text in member.pax_headers.items()
            }
            extra.addfile(placed)
    tar = gzip.decompress((runner.folder / "E").read_bytes())[: -len(END)]
    unsafe = gzip.compress(tar + (runner.folder / "extra").read_bytes())
    (runner.folder / "unsafe").write_bytes(unsafe)
    check_refused(runner, runner.folder / "unsafe", 3)
    assert not list(runner.folder.parent.rglob("evil"))
    assert [path.name for path in outside.iterdir()] == ["theirs"]
    assert (outside / "theirs").stat().st_mode & 0o777 == 0o666


def test_descriptors__too_few_for_the_shell__exits_3_with_one_line(
    runner: Runner, archive: Path
) -> None:
    if Path(runner.shell[0]).name.endswith("ksh93"):
        pytest.skip("this shell itself gets into a fault")
    # Some shells cannot read a file with fewer.
    least = 5 if "bash" in runner.shell[0] else 12

    def limited(number: int) -> Runner:
        return replace(runner, before=("sh", "-c", f'ulimit -n {number}; exec "$@"', "sh"))

    for number, says in ((least, "too few files may be open"), (16, ""), (19, "no more than 19")):
        check_refused(limited(number), archive, 3, says, "ulimit -n 20")
    hook = Environment({"etc/conda/activate.d/a.sh": b"export A=1\n"}).pack(runner.folder / "hook")
    runner.output("-e", hook)
    for number in range(12, 20):
        done = limited(number).run("-e", hook, "show")
        if done.returncode != 0:
            assert (done.returncode, len(done.stderr.splitlines())) == (3, 1), done.stderr
            assert "too few files may be open" in done.stderr


# busybox's shell runs its own.
@pytest.mark.parametrize("machine", ["dash-gnu", "mksh-gnu"], indirect=True)
@pytest.mark.parametrize(
    "leaving",
    [
        "exit 0",
        *(
            f'exec "$REAL" --exclude="{one}" "$@"'
            for one in ("*/sha256sums", "bin/show", "*_in_env")
        ),
    ],
)
def test_tar__leaves_out_files_in_silence__exits_3_and_leaves_nothing(
    runner: Runner, archive: Path, tmp_path: Path, leaving: str
) -> None:
    tools = tmp_path / "leaving"
    shutil.copytree(runner.tools, tools, symlinks=True)
    (tools / "tar").unlink()
    (tools / "tar").write_text(f"#!/bin/sh\n{leaving}\n")
    (tools / "tar").chmod(0o755)
    other = replace(runner, tools=tools).with_env(REAL=need("tar"))
    plain = tmp_path / "plain.tar"
    entries = PLAIN.plain()[1].items()
    plain.write_bytes(b"".join(tar_entry(path, one) for path, one in entries) + END)
    for packed in (archive, plain):
        check_refused(other, packed, 3, "leaves out files")
        assert list(runner.cache.iterdir()) == []
        assert runner.output("-e", packed, "show", "x").endswith("x\n")
        runner.output("--cache", "clean")


def test_null_device__cannot_be_written_to__exits_3_with_one_line(
    runner: Runner, archive: Path
) -> None:
    limited = runner.read_only(Path("/dev"))
    check_refused(limited, archive, 3, "/dev/null cannot be written to")
    if Path(runner.shell[0]).name.endswith("ksh93"):
        return  # it does not notice that it could not write
    # One that can be opened, and is full.
    before = [word if word != "--ro-bind" else "--dev-bind" for word in limited.before]
    before[-3:] = ["/dev/full", "/dev/null", "--"]
    full = replace(limited, before=tuple(before))
    check_refused(full, archive, 3, "/dev/null cannot be written to")


@once
def test_tools__of_an_older_posix_or_without_rm__are_no_sign_of_damage(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    assert runner.with_env(_POSIX2_VERSION="199209").output("-e", archive, "show", "x")
    shutil.rmtree(runner.cache)
    tools = tmp_path / "without"
    shutil.copytree(runner.tools, tools, symlinks=True)
    for name in "dd", "rm":
        (tools / name).unlink()
        if "busybox" not in runner.shell[0]:  # this one has them built in
            check_refused(replace(runner, tools=tools), archive, 3, f"no {name}")
    for name in "tr", "printf":
        (tools / name).unlink(missing_ok=True)
    said = replace(runner, tools=tools).run("-e", "./no\nsuch", "true").stderr
    assert said == "python_package_run: no such environment: ./no?such\n"


@pytest.mark.parametrize("machine", ["dash-gnu", "bash-gnu", "mksh-gnu"], indirect=True)
def test_tools__that_do_not_work__are_no_sign_of_damage(
    runner: Runner, archive: Path, tmp_path: Path
) -> None:
    names = ("cat", "dd", "gzip", "sed", "sha256sum", "tail", "tr")
    for name, instead in *((name, "false") for name in names), ("grep", "true"):
        tools = tmp_path / f"without-{name}"
        shutil.copytree(runner.tools, tools, symlinks=True)
        (tools / name).unlink()
        (tools / name).symlink_to(need(instead))
        check_refused(replace(runner, tools=tools), archive, 3, "does not work here")


@pytest.mark.parametrize("machine", ["dash-gnu", "bash-gnu", "mksh-gnu"], indirect=True)
@pytest.mark.parametrize(
    ("tar", "said"),
    [
        (b"#!/bin/sh\nkill -9 $$\n", "tar: ended by the signal 9)"),
        (b"\x7fELF\0", "tar: "),  # and what the shell calls this
    ],
)
def test_tar__killed_or_no_program__what_the_shell_says_names_no_line_of_it(
    runner: Runner, archive: Path, tmp_path: Path, tar: bytes, said: str
) -> None:
    tools = tmp_path / "tarless"
    shutil.copytree(runner.tools, tools, symlinks=True)
    (tools / "tar").unlink()
    (tools / "tar").write_bytes(tar)
    (tools / "tar").chmod(0o755)
    other = replace(runner, tools=tools)
    check_refused(other, archive, 3, said, "cannot be extracted")
    errors = other.run("-e", archive).stderr
    assert str(SCRIPT) not in errors
    assert "Killed" not in errors


@pytest.mark.parametrize("machine", ["dash-gnu", "bash-gnu", "mksh-gnu"], indirect=True)
def test_path__of_relative_folders__programs_are_found_and_the_command_gets_it_as_it_was(
    runner: Runner, archive: Path
) -> None:
    (runner.folder / "bin").symlink_to(runner.tools)
    relative = replace(runner, tools=Path("bin"))
    words = ("-e", archive, "sh", "-c", 'echo "${PATH#*/bin:}"')
    assert relative.output(*words) == "bin\n"


@once
def test_cache__whose_path_leaves_no_room_for_a_lock__says_so_at_once(
    runner: Runner, archive: Path
) -> None:
    long = runner.folder
    while len(str(long)) < 3900:
        long /= "d" * 100
    long /= "d" * (4050 - len(str(long)))  # enough for the name of a shorter folder
    started = time.monotonic()
    check_refused(
        runner.with_env(PYTHON_PACKAGE_CACHE=str(long)), archive, 3, "cannot make the folder"
    )
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("options", [("--cache-dir", "cache"), ("-u", "place")])
def test_current_folder__removed__nothing_relative_is_put_elsewhere(
    runner: Runner, archive: Path, options: tuple[str, ...]
) -> None:
    gone = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    content, before = archive.read_bytes(), os.listdir("/")
    done = replace(runner, before=("sh", "-c", gone, "sh")).run(*options, "-e", archive, "true")
    # dash and bash themselves have something to say of this before they read any script.
    *_, said = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert said.startswith("python_package_run: the current folder was removed")
    assert archive.read_bytes() == content, "the archive is not where to put the environment"
    assert os.listdir("/") == before


@once
def test_archive__cannot_be_read__exits_3_with_one_line(runner: Runner) -> None:
    if not os.access("/proc/self/mem", os.R_OK):
        pytest.skip("no file here that can be opened, and not read")
    check_refused(runner, Path("/proc/self/mem"), 3, "/proc/self/mem is not an archive")


# bash waits until there may be more of them; ksh93 and mksh have more to say.
@pytest.mark.root
@pytest.mark.parametrize("machine", ["dash-gnu", "busybox-busybox"], indirect=True)
def test_processes__too_few_to_unpack__exits_3_with_one_line(runner: Runner, archive: Path) -> None:
    # For root there is no such limit; other users cannot reach this folder without the capability.
    capable = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--clear-groups")
    number = random.randrange(10**6, 10**9)  # who has no other processes
    user = (need("setpriv"), f"--reuid={number}", f"--regid={number}", *capable)
    dash = "dash" in runner.shell[0]
    for most in (0, 6, 14) if dash else (6, 14):
        limited = replace(runner, before=(*user, need("prlimit"), f"--nproc={most}"))
        check_refused(limited, archive, 3, "no more processes", "ulimit -u")
    if dash:  # when the environment is ready, it needs no other process
        runner.output("-e", archive)
        limited = replace(runner, before=(*user, need("prlimit"), "--nproc=0"))
        assert limited.output("-e", archive, "show", "x").endswith("x\n")


@once
def test_archive__larger_than_the_disk__exits_3_before_it_is_extracted(runner: Runner) -> None:
    if not counts_far(runner):
        pytest.skip("this shell cannot compare such numbers")
    Environment(size=10**15).pack(runner.folder / "E")
    check_refused(runner, runner.folder / "E", 3, "needs 1000000000 MB", "--cache-dir")
    Environment({"x": b""}, number=10**12).pack(runner.folder / "F")
    check_refused(runner, runner.folder / "F", 3, "1000000000000 inodes")
