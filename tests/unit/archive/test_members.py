from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.archive import members
from pypackage.archive.compression import LEVELS, Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.archive.writers import targz
from pypackage.core.progress import SILENT
from pypackage.core.store import Store

NUMBERS = {"one": 3, "two": 18}  # of files


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """The files of two packages, of a wheel and of nobody."""
    folder = tmp_path / "prefix"
    folder.mkdir()
    for name, number in NUMBERS.items():
        for index in range(number):
            (folder / f"{name}{index:02}").write_bytes(bytes([index]) * 100)
    (folder / "module.py").write_text("x = 1\n")
    (folder / "notes").write_text("nothing\n")
    return folder


@pytest.fixture
def large(prefix: Path) -> Path:
    """The same with files of a mebibyte, so that one of the packages has two members."""
    for path in prefix.glob("???[0-9]*"):
        os.truncate(path, 1 << 20)  # a hole, which takes no room
    return prefix


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def contents(prefix: Path, two: str = "b" * 64) -> Contents:
    packages = [
        Package(name, "1", "0", "noarch", digest, "", ())
        for name, digest in (("one", "a" * 64), ("two", two))
    ]
    owned = [
        Entry(f"lib/{name}{index:02}", prefix / f"{name}{index:02}", package=name, pristine=True)
        for name, number in NUMBERS.items()
        for index in range(number)
    ]
    module = Entry("lib/python3.11/site-packages/wheel/__init__.py", prefix / "module.py")
    return Contents((*owned, module, Entry("notes", prefix / "notes")), (), tuple(packages))


def written(given: Contents, store: Store | None, folder: Path, level: int = 1) -> bytes:
    path = folder / "e.tar.gz"
    targz.write(given, path, SILENT, Compression(level, 2, store))
    return path.read_bytes()


def kept(store: Store) -> set[str]:
    return {path.name for path in store.root.iterdir()}


@pytest.mark.parametrize("site", ["lib/python3.11/site-packages", "lib/python3/dist-packages"])
def test_owner__module_of_the_user_s_own__is_that_module(site: str) -> None:
    inside = [f"{site}/mine.py", f"{site}/mine/part.py", f"{site}/mine-1.0.dist-info/RECORD"]
    assert {members.owner(Entry(one, None, b"")) for one in inside} == {("", f"{site}/mine")}


def test_write__with_a_store__gives_the_bytes_that_it_gives_without(
    large: Path, store: Store, tmp_path: Path
) -> None:
    wanted = written(contents(large), None, tmp_path)
    assert written(contents(large), store, tmp_path) == wanted  # an empty one
    assert len(kept(store)) == 6  # two packages, the wheel, notes, what is in bin and etc
    for path in large.glob("???[0-9]*"):
        path.unlink()
    assert written(contents(large), store, tmp_path) == wanted  # the packages are not read


def test_write__one_package_is_another__compresses_that_one_alone(
    prefix: Path, store: Store, tmp_path: Path
) -> None:
    written(contents(prefix), store, tmp_path)
    before = kept(store)
    (prefix / "two00").write_bytes(b"changed")
    changed = contents(prefix, two="c" * 64)
    assert written(changed, store, tmp_path) == written(changed, None, tmp_path)
    assert len(kept(store) - before) == 1


@pytest.mark.parametrize("name", ["module.py", "notes"])
def test_write__file_of_no_package_is_changed__is_written_as_it_is(
    prefix: Path, store: Store, tmp_path: Path, name: str
) -> None:
    written(contents(prefix), store, tmp_path)
    (prefix / name).write_text("other\n")
    assert written(contents(prefix), store, tmp_path) == written(contents(prefix), None, tmp_path)


def test_write__package_whose_digest_is_unknown__is_known_by_its_content(
    prefix: Path, store: Store, tmp_path: Path
) -> None:
    written(contents(prefix, two=""), store, tmp_path)
    (prefix / "two17").write_bytes(b"changed")
    changed = contents(prefix, two="")
    assert written(changed, store, tmp_path) == written(changed, None, tmp_path)


def test_write__file_of_a_package_was_altered__is_written_as_it_is(
    prefix: Path, store: Store, tmp_path: Path
) -> None:
    written(contents(prefix), store, tmp_path)
    given = contents(prefix)
    altered = tuple(
        replace(entry, data=b"altered", pristine=False) if entry.target == "lib/two17" else entry
        for entry in given.entries
    )
    given = replace(given, entries=altered)
    assert written(given, store, tmp_path) == written(given, None, tmp_path)


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "bit in a member": flipped,
    "bit in the description": lambda content: (
        content[:80] + flipped(content[80:100]) + content[100:]
    ),
    "truncated": lambda content: content[:-1],
    "empty": lambda content: b"",
    "not ours": lambda content: b"something else\n" * 9,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_write__store_is_damaged__makes_the_members_anew(
    prefix: Path, store: Store, tmp_path: Path, damage: str
) -> None:
    check_repair(prefix, store, tmp_path, DAMAGES[damage])


def test_write__second_member_of_a_part_is_damaged__makes_it_anew(
    large: Path, store: Store, tmp_path: Path
) -> None:
    check_repair(large, store, tmp_path, flipped)


def check_repair(
    prefix: Path, store: Store, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    wanted = written(contents(prefix), store, tmp_path)
    whole = {path: path.read_bytes() for path in store.root.iterdir()}
    for path, content in whole.items():
        path.write_bytes(damage(content))
    assert written(contents(prefix), store, tmp_path) == wanted
    assert {path: path.read_bytes() for path in store.root.iterdir()} == whole


def test_write__store_that_cannot_be_written__is_no_error(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = written(contents(prefix), None, tmp_path)
    assert written(contents(prefix), Store(tmp_path / "file"), tmp_path) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS["tar.gz"])
def test_write__each_level__is_read_by_tar(
    large: Path, store: Store, tmp_path: Path, level: int
) -> None:
    data = written(contents(large), store, tmp_path, level)
    assert len(gzip.decompress(data)) > 21 << 20
    listed = subprocess.check_output(["tar", "tzf", tmp_path / "e.tar.gz"], text=True)
    assert "lib/two17\n" in listed


def test_write__another_level__does_not_take_the_members_of_the_former(
    prefix: Path, store: Store, tmp_path: Path
) -> None:
    fast = written(contents(prefix), store, tmp_path, 1)
    small = written(contents(prefix), store, tmp_path, 6)
    assert small == written(contents(prefix), None, tmp_path, 6) != fast


def test_groups__large_part__has_several_members(large: Path) -> None:
    groups = members.groups(contents(large).entries)
    assert [len(group) for group in groups] == [1, 1, 3, 18]
    assert [members.Part(group).number for group in groups] == [1, 1, 1, 2]
