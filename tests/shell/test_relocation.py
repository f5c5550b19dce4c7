"""Environments used as folders, moved, linked, shared, and on read-only disks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shell.conftest import NAMING_ITSELF, PLAIN, Runner, once
from tests.shell.environments import NAMING, PLACEHOLDER, Environment, pack_foreign, relocations

NAMES = [
    "with space",
    "quo'te\"s",
    "$HOME `x` \\n",
    "ünï-☃",
    "new\nline",
    "-d",
    "a" * 120,
]


@pytest.fixture
def unpack(runner: Runner) -> Path:
    """An environment that a user has unpacked with tar."""
    return untar(NAMING_ITSELF.pack(runner.folder / "E"), runner.folder / "unpacked")


def untar(archive: Path, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_folder__any_characters__is_named_right_everywhere(
    runner: Runner, naming_archive: Path, name: str
) -> None:
    work = runner.folder / name
    work.mkdir()
    naming_archive.rename(work / name)
    here = runner.at(work).with_env(PYTHON_PACKAGE_CACHE=str(work / "cache"))
    prefix = work / "cache" / NAMING_ITSELF.id
    call = ["-e", f"./{name}", "sh", "-c", 'report; show "$@"', "sh", name]
    expected = f"text: {prefix}/share\n{prefix}\n{name}\n"
    if "'" in name:
        # The text that is rewritten is a shell script, which cannot hold every name.
        call, expected = ["-e", f"./{name}", "show", name], f"{prefix}\n{name}\n"
    assert here.output(*call) == expected
    assert here.output(*call) == expected
    content = (prefix / "lib" / "report.bin").read_bytes()
    assert f"{prefix}/lib:{prefix}/share\0".encode() in content


@once
@pytest.mark.parametrize("end", ["\n", " ", " \n\n"])
def test_folder__ends_with_white_space__is_prepared_once(
    runner: Runner, naming_archive: Path, end: str
) -> None:
    place = runner.folder / f"E{end}"
    assert runner.output("-u", place, "-e", naming_archive, "report") == f"text: {place}/share\n"
    for call in (["-u", str(place), "-e", str(naming_archive)], ["-e", place.name]):
        done = runner.run("-d", *call, "report")
        assert done.stdout == f"text: {place}/share\n"
        assert "made to name" not in done.stderr


def test_folder__too_long_for_the_reserved_space__exits_4_and_names_the_file(
    runner: Runner,
) -> None:
    short = Environment(
        {name: data.replace(PLACEHOLDER.encode(), b"/short/one") for name, data in BYTES.items()},
        relocations(placeholder="/short/one"),
    )
    short.pack(runner.folder / "E")
    done = runner.run("-e", "E", "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert "lib/report.bin has room for a prefix of 10 bytes" in done.stderr
    assert not list(runner.cache.glob("*.lock*"))


BYTES = {name: data for name, data in NAMING.items() if isinstance(data, bytes)}


def test_folder__unpacked_by_hand__is_prepared_at_its_real_path(
    runner: Runner, unpack: Path
) -> None:
    (runner.folder / "link").symlink_to(unpack)
    for form in ("link", "./link/", unpack, "unpacked"):
        assert runner.output("-e", form, "report") == f"text: {unpack}/share\n"
    assert not runner.cache.exists()
    assert (unpack / "etc/pypackage/prepared").read_text() == f"{unpack}\n"


def test_folder__moved_to_longer_and_shorter_paths__is_prepared_again(
    runner: Runner, unpack: Path
) -> None:
    place = unpack
    for name in ("much longer than the one before", "s", "unpacked and more"):
        runner.output("-e", place, "report")
        place = place.rename(runner.folder / name)
        assert runner.output("-e", place, "report") == f"text: {place}/share\n"
        content = (place / "lib" / "report.bin").read_bytes()
        assert content.rstrip(b"\0").startswith(f"\x7fELF\0{place}/lib:{place}/share\0".encode())
        assert len(content) == len(BYTES["lib/report.bin"])
        assert content.endswith(b"\0after\0")


def test_folder__moved_and_preparation_killed__is_right_at_the_third_place(
    runner: Runner, unpack: Path
) -> None:
    runner.output("-e", unpack)
    second = unpack.rename(runner.folder / "second")
    report = (second / "bin" / "report").read_bytes()
    runner.output("-e", second)
    (second / "bin" / "report").write_bytes(report)  # as if it had not come to this one
    (second / "etc/pypackage/prepared").write_text(f"{unpack}\n")
    third = second.rename(runner.folder / "second and more")
    assert runner.output("-e", third, "report") == f"text: {third}/share\n"


def test_folder__read_only_and_nothing_to_rewrite__is_used(runner: Runner) -> None:
    folder = untar(PLAIN.pack(runner.folder / "E"), runner.folder / "unpacked")
    guarded = runner.read_only(folder)
    assert guarded.output("-e", folder, "show", "x") == f"{folder}\nx\n"
    assert guarded.output("show", "x", script=folder / "bin" / "run_in_env") == f"{folder}\nx\n"


def test_folder__read_only_and_prepared_there__is_used(runner: Runner, unpack: Path) -> None:
    runner.output("-e", unpack)
    assert runner.read_only(unpack).output("-e", unpack, "report") == f"text: {unpack}/share\n"


def test_folder__read_only_and_not_prepared__exits_4_and_says_what_to_do(
    runner: Runner, unpack: Path
) -> None:
    done = runner.read_only(unpack).run("-e", unpack, "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert "cannot be written to" in done.stderr


def test_folder__read_only_and_only_compilers_files_name_it__is_used(runner: Runner) -> None:
    folder = runner.folder / "unpacked"
    paths = ["lib/python3.11/_sysconfigdata_x.py", "lib/python3.11/config-3.11-x/Makefile"]
    paths += ["bin/python3.11-config", "lib/pkgconfig/python3.pc"]
    files = dict.fromkeys(paths, PLACEHOLDER.encode())
    relocate = [{"mode": "text", "path": p, "placeholder": PLACEHOLDER} for p in paths]
    untar(Environment(files, relocate).pack(runner.folder / "E"), folder)
    guarded = runner.read_only(folder)
    assert guarded.output("-e", folder, "show", "x") == f"{folder}\nx\n"
    assert guarded.output("show", "x", script=folder / "bin" / "run_in_env") == f"{folder}\nx\n"


@pytest.mark.parametrize("change", ["content", "mode", "link", "missing"])
def test_folder__altered_before_its_first_use__exits_4_and_names_what(
    runner: Runner, unpack: Path, change: str
) -> None:
    path = unpack / "bin" / ("run_in_env" if change == "link" else "show")
    if change == "content":
        path.write_bytes(path.read_bytes() + b" ")
    elif change == "mode":
        path.chmod(0o644)
    else:
        path.unlink()
    if change == "link":
        path.symlink_to("show")
    done = runner.run("-e", unpack, "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"is damaged: bin/{path.name}" in done.stderr
    assert not (unpack / "etc" / "pypackage" / "prepared").exists()


def test_folder__files_made_to_name_it_by_conda_unpack__is_used(
    runner: Runner, unpack: Path
) -> None:
    report = unpack / "bin" / "report"
    for place, status in ((unpack, 0), (Path("/else/where"), 4)):
        report.write_text(f"#!/bin/sh\nprintf '%s\\n' 'text: {place}/share'\n")
        assert runner.run("-e", unpack, "report").returncode == status
        (unpack / "etc/pypackage/prepared").unlink(missing_ok=True)


def test_folder__with_other_things_in_it_or_changed_after_its_first_use__is_used(
    runner: Runner, unpack: Path
) -> None:
    (unpack / "lib" / "more").mkdir()
    (unpack / "lib" / "more" / "own.py").touch()
    (unpack / "data").touch()
    runner.output("-e", unpack, "report")
    (unpack / "bin" / "show").unlink()
    second = unpack.rename(runner.folder / "second")
    assert runner.output("-e", second, "report") == f"text: {second}/share\n"


def test_folder__is_no_environment__exits_4(runner: Runner) -> None:
    done = runner.run("-e", ".", "true")
    assert (done.returncode, done.stdout) == (4, "")
    assert "not a Python environment" in done.stderr


def test_folder__unpacked_conda_pack_that_was_moved__is_refused(runner: Runner) -> None:
    folder = untar(pack_foreign(runner.folder / "E"), runner.folder / "unpacked")
    assert runner.output("-e", folder, "report") == f"text: {folder}/share\n"
    moved = folder.rename(runner.folder / "moved")
    done = runner.run("-e", moved, "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert "was moved" in done.stderr


def test_cache__whole_folder_moved__is_prepared_again(runner: Runner, naming_archive: Path) -> None:
    runner.output("-e", naming_archive)
    moved = runner.cache.rename(runner.folder / "moved")
    output = runner.output("--cache-dir", moved, "-e", naming_archive, "report")
    assert output == f"text: {moved / NAMING_ITSELF.id}/share\n"


def test_cache__reached_through_a_link__is_the_same(runner: Runner, naming_archive: Path) -> None:
    runner.output("-e", naming_archive)
    (runner.folder / "link").symlink_to(runner.cache)
    done = runner.run("-d", "--cache-dir", "link", "-e", naming_archive, "report")
    assert done.stdout == f"text: {runner.cache / NAMING_ITSELF.id}/share\n"
    assert "made to name" not in done.stderr


def test_relocation__its_interpreter_does_not_run__exits_4_with_what_it_said(
    runner: Runner,
) -> None:
    broken = b"#!/bin/sh\necho libpython: not found >&2\nexit 127\n"
    Environment({**NAMING, "bin/python": broken}, relocations()).pack(runner.folder / "E")
    done = runner.run("-e", "E", "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith(" cannot be made to work there (libpython: not found)\n")


def test_environment__colon_in_its_path__exits_4(runner: Runner, archive: Path) -> None:
    shutil.rmtree(runner.cache, ignore_errors=True)
    done = runner.run("-u", runner.folder / "a:b", "-e", archive, "show")
    assert (done.returncode, done.stdout) == (4, "")
    assert "colon" in done.stderr
