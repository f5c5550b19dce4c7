from __future__ import annotations

import gzip
import json
import os
import tarfile
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from pypackage.archive import head, join, manifest, parts, read_manifest, writers
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.core.errors import InputPathError, PackError, UsageError
from pypackage.core.progress import SILENT
from pypackage.core.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def contents(module: bytes = b"x = 1\n", size: int = 1 << 10) -> Contents:
    """An environment of a package of two files, and of a module that no package owns."""
    big = tuple(
        Entry(f"lib/big{index}", None, os.fsencode(f"{index}") * size, package="big")
        for index in range(2)
    )
    own = Entry("lib/python3.11/site-packages/own.py", None, module)
    packages = tuple(Package(n, "1", "0", "linux-64", "", "", ()) for n in ("big", "python"))
    return Contents((*big, own), (), packages)


LARGE = contents(size=9 << 20)  # the package has two parts


def made(
    given: Contents, output: Path, store: Store | None = None, since: frozenset[str] | None = None
) -> Path:
    format_ = "layers" if output.suffix in (".layers", ".json") else "tar.gz"
    writers.write(given, format_, output, SILENT, Compression(3, 2, store), since=since)
    return output


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file's identity, which another one in its place has not."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def digests(path: Path) -> frozenset[str]:
    return frozenset(one.sha256 for one in parts.read(path).members)


@pytest.mark.parametrize("kept", [False, True])
def test_layers__joined__are_the_archive_bit_for_bit(
    tmp_path: Path, store: Store, kept: bool
) -> None:
    wanted = made(LARGE, tmp_path / "e.tar.gz", store if kept else None).read_bytes()
    folder = made(LARGE, tmp_path / "e.layers", store if kept else None)
    with tarfile.open(tmp_path / "e.tar.gz") as tar:
        assert (folder / "manifest.json").read_bytes() == (
            tar.extractfile(manifest.PATH) or BytesIO()
        ).read()
    for member in json.loads((folder / "manifest.json").read_text())["members"]:
        part = (folder / "parts" / f"{member['sha256']}.tar.gz").read_bytes()
        assert (len(part), sha256(part).hexdigest()) == (member["length"], member["sha256"])
    join.join([folder], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert (tmp_path / "joined.tar.gz").read_bytes() == wanted


def test_join__manifest_without_its_empty_lines__gives_the_same(tmp_path: Path) -> None:
    wanted = made(contents(), tmp_path / "e.tar.gz").read_bytes()
    path = made(contents(), tmp_path / "e.layers") / "manifest.json"
    path.write_text(path.read_text().strip())
    join.join([path], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert (tmp_path / "joined.tar.gz").read_bytes() == wanted


def test_layers__second_environment__writes_only_what_is_new(tmp_path: Path, store: Store) -> None:
    first = made(contents(), tmp_path / "shared" / "first.json", store)
    before = files(tmp_path / "shared")
    second = made(contents(b"x = 2\n"), tmp_path / "shared" / "second.json", store)
    new = files(tmp_path / "shared").items() - before.items()
    assert len(new) == 2  # the module's part, and the manifest
    assert before.items() <= files(tmp_path / "shared").items()
    for path, module in ((first, b"x = 1\n"), (second, b"x = 2\n")):
        join.join([path], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
        made(contents(module), tmp_path / "e.tar.gz")
        assert (tmp_path / "joined.tar.gz").read_bytes() == (tmp_path / "e.tar.gz").read_bytes()


def test_layers__part_that_was_cut_off__is_written_again(tmp_path: Path) -> None:
    folder = made(contents(), tmp_path / "e.layers")
    part = next((folder / "parts").iterdir())
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])
    made(contents(), folder)
    assert part.read_bytes() == whole


def test_layers__folder_of_the_user_s_own__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").touch()
    (tmp_path / "own.json").write_text('{"python": "3.11", "modules": []}')
    for name in ("thesis", "own.json"):
        with pytest.raises(PackError, match=r"exists and is not .*\n.*another name"):
            writers.check("layers", tmp_path / name)
    for name in ("new.layers", "new.json"):
        writers.check("layers", tmp_path / name)


def test_layers__new_parts__are_kept_for_the_next_archive(tmp_path: Path, store: Store) -> None:
    folder = made(LARGE, tmp_path / "e.layers", store)
    kept = files(store.root)
    archive = made(LARGE, tmp_path / "e.tar.gz", store)
    assert files(store.root).keys() == kept.keys()
    join.join([folder], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert archive.read_bytes() == (tmp_path / "joined.tar.gz").read_bytes()


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("old", ["tar.gz", "layers", "json", "thin"])
def test_thin__since_an_older_one__holds_only_what_that_lacks(
    tmp_path: Path, store: Store, old: str, kept: bool
) -> None:
    cache = store if kept else None
    names = {"layers": "old.layers", "json": "old/manifest.json"}
    former = made(contents(), tmp_path / names.get(old, "old.tar.gz"), cache)
    if old == "thin":
        former = made(contents(), tmp_path / "thin.tar.gz", cache, digests(former))
        made(contents(), tmp_path / "old.tar.gz")
    new = contents(b"x = 2\n")
    wanted = made(new, tmp_path / "new.tar.gz")
    thin = made(new, tmp_path / "diff.tar.gz", cache, digests(former))
    lacking = digests(wanted) - digests(former)
    assert lacking
    assert parts.read(thin).held.keys() == lacking
    size = len(parts.read(wanted).text) + sum(
        one.length for one in parts.read(wanted).members if one.sha256 in lacking
    )
    assert thin.stat().st_size < size + 3000
    whole = former if old != "thin" else tmp_path / "old.tar.gz"
    join.join([thin, whole], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert (tmp_path / "joined.tar.gz").read_bytes() == wanted.read_bytes()


def test_thin__read__is_a_manifest_and_a_list_with_offsets_in_it(tmp_path: Path) -> None:
    old = made(contents(), tmp_path / "old.tar.gz")
    new = contents(b"x = 2\n")
    thin = made(new, tmp_path / "thin.tar.gz", since=digests(old)).read_bytes()
    whole = made(new, tmp_path / "new.tar.gz")
    line = whole.read_bytes().split(b"\n", 2)[1].replace(b"archive", b"thin")
    assert thin.split(b"\n", 2)[1] == line
    found = head.read(BytesIO(thin))
    assert found.text == parts.read(whole).text
    assert found.held
    for one in found.held:
        part = thin[one.offset : one.offset + one.length]
        assert sha256(part).hexdigest() == one.sha256
        assert gzip.decompress(part)
    assert one.offset + one.length == len(thin)


def test_thin__of_what_is_there_already__has_no_parts_and_tells_the_environment(
    tmp_path: Path,
) -> None:
    whole = made(contents(), tmp_path / "e.tar.gz")
    thin = made(contents(), tmp_path / "thin.tar.gz", since=digests(whole))
    assert parts.read(thin).held == {}
    assert read_manifest.read(thin) == read_manifest.read(whole)


def test_thin__made_from_layers__is_that_made_at_once(tmp_path: Path) -> None:
    old = made(contents(), tmp_path / "old.tar.gz")
    new = contents(b"x = 2\n")
    wanted = made(new, tmp_path / "thin.tar.gz", since=digests(old)).read_bytes()
    layers = made(new, tmp_path / "new.layers")
    join.join([layers], tmp_path / "joined.tar.gz", "tar.gz", SILENT, digests(old))
    assert (tmp_path / "joined.tar.gz").read_bytes() == wanted


def test_join__to_a_layers_folder__cuts_an_archive_into_its_parts(tmp_path: Path) -> None:
    archive, layers = made(contents(), tmp_path / "e.tar.gz"), made(contents(), tmp_path / "e.json")
    join.join([archive], tmp_path / "cut.layers", "layers", SILENT)
    assert (tmp_path / "cut.layers/manifest.json").read_bytes() == layers.read_bytes()
    assert files(tmp_path / "cut.layers/parts").keys() == files(tmp_path / "parts").keys()


@pytest.mark.parametrize("kind", ["layers", "thin"])
def test_join__parts_are_missing__says_how_many_and_what_to_do(tmp_path: Path, kind: str) -> None:
    source = made(contents(), tmp_path / "e.layers")
    number = len(parts.read(source).members)
    if kind == "thin":
        source = made(contents(), tmp_path / "thin.tar.gz", since=digests(source))
        lost = number
    else:
        next((source / "parts").iterdir()).unlink()
        lost = 1
    with pytest.raises(InputPathError, match=rf"{lost} of {number} parts of .* are missing"):
        join.join([source], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert not (tmp_path / "joined.tar.gz").exists()


def test_join__part_is_altered__names_it_and_leaves_nothing(tmp_path: Path) -> None:
    layers = made(contents(), tmp_path / "e.layers")
    part = next((layers / "parts").iterdir())
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(InputPathError, match=rf"{part.name}.* is damaged"):
        join.join([layers], tmp_path / "joined.tar.gz", "tar.gz", SILENT)
    assert not (tmp_path / "joined.tar.gz").exists()


def test_join__manifest_is_altered__is_refused(tmp_path: Path) -> None:
    path = made(contents(), tmp_path / "e.layers") / "manifest.json"
    path.write_text(path.read_text().replace('"big"', '"bug"'))
    with pytest.raises(InputPathError, match="damaged"):
        join.join([path], tmp_path / "joined.tar.gz", "tar.gz", SILENT)


def test_join__to_another_format__is_refused(tmp_path: Path) -> None:
    layers = made(contents(), tmp_path / "e.layers")
    with pytest.raises(UsageError, match="format zip"):
        join.join([layers], tmp_path / "e.zip", "zip", SILENT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"members": []}',
        b'{"members": [{"offset": 1}]}',
        b"[]",
        b"PK",
        b"\x1f\x8b\x08",
    ],
)
def test_parts__of_something_else__is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(InputPathError, match="other has no parts"):
        parts.read(tmp_path / "other")
    with pytest.raises(InputPathError, match="no such archive"):
        parts.read(tmp_path / "absent")
    with pytest.raises(InputPathError, match="no such archive"):
        parts.read(tmp_path)


@pytest.mark.parametrize("form", ["e.layers", "e.json", "e.tar.gz"])
def test_read_manifest__of_each_form__tells_the_same(tmp_path: Path, form: str) -> None:
    found = read_manifest.read(made(contents(), tmp_path / form))
    assert found["packages"] == {"big": "1", "python": "1"}
    assert found == read_manifest.read(made(contents(), tmp_path / "whole.tar.gz"))
