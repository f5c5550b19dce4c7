from __future__ import annotations

import io
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from pypackage.archive import tar_stream
from pypackage.archive.contents import Entry

REGULAR, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE


@pytest.mark.parametrize(
    ("name", "type_", "size", "link"),
    [
        ("lib/file", REGULAR, 123, ""),
        ("empty", REGULAR, 0, ""),
        ("folder", FOLDER, 0, ""),
        ("to", LINK, 0, "../there"),
        ("naïve/\udcff", REGULAR, 1, ""),
        ("x" * 100, REGULAR, 8**11 - 1, ""),
        ("x" * 101, REGULAR, 8**11, ""),
        ("d" * 100, FOLDER, 0, ""),
        ("to", LINK, 0, "l" * 101),
    ],
)
def test_header__of_any_entry__is_as_the_library_has_it(
    name: str, type_: bytes, size: int, link: str
) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = type_, size, link
    info.mode, info.mtime = 0o755, tar_stream.EPOCH
    found = tarfile.TarInfo.frombuf(tar_stream.header(info)[-512:], "utf-8", "surrogateescape")
    assert (found.type, found.size, found.mtime) == (type_, size, tar_stream.EPOCH)
    assert tar_stream.header(info) == info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def test_stream__of_files_longer_than_a_piece__is_the_tar(tmp_path: Path) -> None:
    contents = {f"file{n}": bytes([n]) * n * 700_001 for n in range(5)}
    entries = [Entry("data", None, b"some"), Entry("link", None, link="data")]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        entries.append(Entry(name, tmp_path / name))
    read: list[tuple[str, str]] = []

    def done(info: tarfile.TarInfo, digest: str) -> None:
        read.append((info.name, digest))

    pieces = [bytes(piece) for piece in tar_stream.stream(entries, done)]
    wanted = {"data": b"some", "link": b"", **contents}
    assert read == [(name, sha256(wanted[name]).hexdigest()) for name in wanted]
    assert {len(piece) for piece in pieces[:-1]} == {tar_stream.BLOCK}
    assert b"".join(pieces) == b"".join(
        b for entry in entries for b in tar_stream.tar_blocks(entry)
    )
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces) + tar_stream.END)) as tar:
        assert tar.getnames() == ["data", "link", *contents]
        assert tar.extractfile("file4").read() == contents["file4"]  # type: ignore[union-attr]


def test_stream__of_a_file_that_becomes_shorter__fails(tmp_path: Path) -> None:
    long = tmp_path / "long"
    long.write_bytes(bytes(3 * tar_stream.BLOCK))
    pieces = tar_stream.stream([Entry("long", long)])
    next(pieces)
    long.write_bytes(b"")
    with pytest.raises(OSError, match="shorter"):
        list(pieces)
