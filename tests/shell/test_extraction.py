"""Archives that are broken, and machines on which they cannot be unpacked."""

from __future__ import annotations

import gzip
import tarfile
from itertools import accumulate
from pathlib import Path

import pytest

from tests.shell.conftest import PLAIN, Runner
from tests.shell.environments import Environment, pack_foreign


def check_refused(runner: Runner, archive: Path, status: int, *said: str) -> None:
    done = runner.run("-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert all(line.startswith("python_package_run: ") for line in done.stderr.splitlines())
    assert all(word in done.stderr for word in said), done.stderr
    assert not runner.cache.exists() or list(runner.cache.iterdir()) == []


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


def test_foreign_archive__holds_no_environment__exits_3_and_leaves_nothing(
    runner: Runner,
) -> None:
    with tarfile.open(runner.folder / "E", "w:gz") as tar:
        tar.add(__file__, "text")
    check_refused(runner, runner.folder / "E", 3, "holds no environment")


def test_foreign_archive__cut_short__exits_3_and_leaves_nothing(runner: Runner) -> None:
    archive = pack_foreign(runner.folder / "E")
    archive.write_bytes(archive.read_bytes()[:-90])
    check_refused(runner, archive, 3, "cannot be extracted")


@pytest.mark.parametrize("content", [b"", b"just a text\nof two lines\n", bytes(1000)])
def test_archive__is_none__exits_3(runner: Runner, content: bytes) -> None:
    archive = runner.folder / "E"
    archive.write_bytes(content)
    check_refused(runner, archive, 3, "not an archive")


def test_archive__newer_format__exits_3_and_says_so(runner: Runner) -> None:
    archive = Environment(format=2).pack(runner.folder / "E")
    check_refused(runner, archive, 3, "format 2", "newer")


@pytest.mark.parametrize("identity", [b"../../etc", b"0" * 63, b"g" * 64, b""])
def test_archive__id_that_is_none__exits_3(runner: Runner, archive: Path, identity: bytes) -> None:
    archive.write_bytes(archive.read_bytes().replace(PLAIN.id.encode(), identity, 1))
    check_refused(runner, archive, 3, "damaged")


def test_archive__for_another_platform__exits_4_and_names_both(runner: Runner) -> None:
    archive = Environment(platform="osx-arm64").pack(runner.folder / "E")
    check_refused(runner, archive, 4, "osx-arm64", PLAIN.platform)


def test_archive__needs_a_newer_glibc__exits_4_and_names_both(runner: Runner) -> None:
    if not (runner.tools / "getconf").exists():
        pytest.skip("without getconf the machine's glibc is not known")
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
    assert done.stderr == f"python_package_run: cannot make the folder {runner.cache}\n"


def test_cache__read_only__exits_3_unless_the_environment_is_there(
    runner: Runner, archive: Path
) -> None:
    runner.cache.mkdir()
    guarded = runner.read_only(runner.cache)
    done = guarded.run("-e", archive, "show")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot make the folder" in done.stderr
    runner.output("-e", archive)
    assert guarded.output("-e", archive, "show", "x").endswith("x\n")


def test_current_folder__read_only__does_not_matter(runner: Runner, archive: Path) -> None:
    guarded = runner.read_only(runner.folder)
    assert guarded.output("-e", archive.name, "show", "x").endswith("x\n")


def test_disk__full__exits_3_and_leaves_nothing(runner: Runner) -> None:
    environment = Environment({"share/large": bytes(4 << 20)})
    archive = environment.pack(runner.folder / "E")
    guarded = runner.read_only(runner.folder)
    small = ("--size", str(1 << 20), "--tmpfs", str(runner.cache))
    runner.cache.mkdir()
    done = Runner(
        runner.shell,
        runner.tools,
        runner.folder,
        runner.env,
        (*guarded.before[:-1], *small, "--"),
    ).run("--error-status", "50", "-e", archive, "sh", "-c", "exit 0")
    assert (done.returncode, done.stdout) == (53, "")
    assert "cannot be extracted" in done.stderr
