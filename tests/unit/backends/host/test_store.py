from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pypackage.backends.host.conda_file import Description, Package, write
from pypackage.backends.host.files import PackageFile, hash_file
from pypackage.backends.host.store import Store
from tests.support import channels


def package(folder: Path, name: str = "pkg") -> Package:
    folder.mkdir(parents=True, exist_ok=True)
    description = Description(name, "1.0", ("python ==3.11.7",), "linux-64", "py311_", "MIT", "lib")
    return write(folder, description, [hash_file(PackageFile("x", content=name.encode()))])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", "linux-64")


def test_lookup__added__is_found_until_what_is_watched_changes(
    store: Store, tmp_path: Path
) -> None:
    watched = tmp_path / "lib.so"
    watched.write_text("1")
    made = package(tmp_path)
    kept = store.add("key", made, [watched])
    assert not made.path.exists()
    assert store.lookup("key") == kept
    assert store.lookup("other") is None
    times = watched.stat()
    watched.write_text("2")
    os.utime(watched, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert store.lookup("key") is None


def test_add__the_same_bytes_for_another_key__both_keys_are_known(
    store: Store, tmp_path: Path
) -> None:
    kept = [store.add(key, package(tmp_path / key), []) for key in ("one", "two")]
    assert kept == [store.lookup("one"), store.lookup("two")]


@pytest.mark.parametrize("damage", ["no package", "another package", "no note", "half a note"])
def test_lookup__store_damaged__is_not_found(store: Store, tmp_path: Path, damage: str) -> None:
    kept = store.add("key", package(tmp_path), [])
    note = store.root / "keys" / "key.json"
    if damage == "no package":
        kept.path.unlink()
    elif damage == "another package":
        kept.path.write_bytes(bytes(kept.path.stat().st_size))
    elif damage == "no note":
        note.unlink()
    else:
        note.write_text(note.read_text()[:9])
    assert store.lookup("key") is None


def test_channel__packages__indexed_and_named_by_them(store: Store, tmp_path: Path) -> None:
    packages = [store.add(n, package(tmp_path, n), []) for n in ("a", "b")]
    channel = store.channel(packages)
    repodata = json.loads((channel / "linux-64" / "repodata.json").read_text())
    assert sorted(repodata["packages.conda"]) == [package.path.name for package in packages]
    assert (channel / "noarch" / "repodata.json").is_file()
    assert store.channel(packages[::-1]) == channel
    assert store.channel(packages[:1]) != channel
    assert (channel / "linux-64" / packages[0].path.name).samefile(packages[0].path)


def test_channel__repodata__says_what_an_indexer_finds_in_the_packages(
    store: Store, tmp_path: Path
) -> None:
    channel = store.channel([store.add(n, package(tmp_path, n), []) for n in ("a", "b", "c")])
    said = json.loads((channel / "linux-64" / "repodata.json").read_bytes())["packages.conda"]
    channels.index(channel)
    found = json.loads((channel / "linux-64" / "repodata.json").read_bytes())["packages.conda"]
    for record in found.values():
        record.pop("indexed_timestamp", None)
    assert said == found
    assert len(said) == 3
