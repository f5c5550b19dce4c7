"""The archive: a plain `.tar.gz` whose gzip stream has many members.

The first member holds the manifest alone; each further one holds whole files of one
package, so that members can be compressed, and unpacked, side by side. `tar xzf` reads them
as one stream. The first member's header tells the environment's id in its comment field
(RFC 1952), where sh finds it without unpacking anything.
"""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, TypeVar

from pypackage import files, manifest
from pypackage.errors import PackError
from pypackage.manifest import Member
from pypackage.packing import Contents, Entry
from pypackage.progress import Reporter, Step

Item = TypeVar("Item")
Result = TypeVar("Result")

# igzip's best level: larger than gzip's default by a twentieth, in a fifth of the time.
LEVEL = 3
CHUNK = 16 << 20  # bytes of files that make a member of their own
BLOCK = 1 << 20  # bytes read at a time
ROOM = 48  # characters by which a member's description may grow once it is known
EPOCH = 315_532_800  # 1980: zip has no earlier times, and GNU tar complains of 1970
GZIP, RAW = 31, -15  # zlib's window bits for a gzip stream and for bare deflate


def write(contents: Contents, output: Path, reporter: Reporter) -> None:
    """Write an environment's archive; what was there before is replaced at the end.

    The same contents give the same bytes: members are in a fixed order, owners are zero,
    and times are those of the packages, which their byte code relies on.

    Raises:
        PackError: A file cannot be read, or the archive not written (a full disk, say).
    """
    try:
        chunks = list(_chunks([*contents.entries, *_tools()]))
        with files.new_file(output) as file:
            _write(file, contents, chunks, reporter)
    except OSError as error:
        raise PackError.of(error, f"cannot write {output}") from error


def _write(
    file: BinaryIO, contents: Contents, chunks: Sequence[Sequence[Entry]], reporter: Reporter
) -> None:
    blank = [Member(0, 0, "0" * 64)] * len(chunks)
    room = len(_describe(contents, blank)[1]) + ROOM * len(chunks)
    start = len(_first_member("0" * 64, b"", room))
    total = sum(_size(entry) for chunk in chunks for entry in chunk)
    with reporter.step("packing", total) as step:
        file.seek(start)
        members = list(_write_members(file, chunks, start, step))
    file.seek(0)
    file.write(_first_member(*_describe(contents, members), room))


def _describe(contents: Contents, members: Sequence[Member]) -> tuple[str, bytes]:
    return manifest.render(contents.packages, contents.relocations, members)


def _tools() -> list[Entry]:
    """The worker script under its names, and what relocates the environment."""
    here = Path(__file__).parent
    return [
        Entry("bin/poncho_package_run", None, link="python_package_run"),
        Entry("bin/python_package_run", (here / "share" / "python_package_run").resolve()),
        Entry("bin/run_in_env", None, link="python_package_run"),
        Entry("etc/pypackage/relocate.py", here / "relocate.py"),
    ]


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Split entries into members: one package each, large packages into several."""
    for _, group in groupby(sorted(entries, key=lambda e: (e.package, e.target)), _package):
        chunk: list[Entry] = []
        size = 0
        for entry in group:
            if chunk and size + _size(entry) > CHUNK:
                yield chunk
                chunk, size = [], 0
            chunk.append(entry)
            size += _size(entry)
        yield chunk


def _package(entry: Entry) -> str:
    return entry.package


def _size(entry: Entry) -> int:
    if entry.data is not None:
        return len(entry.data)
    return os.lstat(entry.source).st_size if entry.source else 0


def _write_members(
    file: BinaryIO, chunks: Sequence[Sequence[Entry]], start: int, step: Step
) -> Iterator[Member]:
    def compressed(numbered: tuple[int, Sequence[Entry]]) -> list[bytes]:
        number, chunk = numbered
        return _compress(chunk, number == len(chunks) - 1, step)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for blocks in _in_order(pool, compressed, enumerate(chunks)):
            digest = sha256()
            for block in blocks:
                digest.update(block)
                file.write(block)
            length = sum(map(len, blocks))
            yield Member(start, length, digest.hexdigest())
            start += length


def _in_order(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """The results in the order of the items; few are under way or waiting at a time."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > 2 * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


def _compress(chunk: Iterable[Entry], last: bool, step: Step) -> list[bytes]:
    """One gzip member: the tar entries of a chunk, and the end of the tar after the last."""
    from isal import isal_zlib

    deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, GZIP)
    blocks = []
    for entry in chunk:
        for block in _tar_entry(entry):
            blocks.append(deflate.compress(block))
            step.advance(len(block))
    if last:
        blocks.append(deflate.compress(bytes(2 * tarfile.BLOCKSIZE)))
    return [block for block in [*blocks, deflate.flush()] if block]


def _first_member(environment_id: str, text: bytes, room: int) -> bytes:
    """The gzip member of the manifest; its length depends on `room` alone.

    It is stored and not compressed, and the text filled up with empty lines, because it is
    written last, when the other members are known, into the place left for it.
    """
    info = tarfile.TarInfo(manifest.PATH)
    info.mtime = EPOCH
    payload = text.ljust(room, b"\n")
    info.size = room
    tar = b"".join([_header(info), payload, _padding(room)])
    comment = f"\npypackage-archive {manifest.FORMAT} {environment_id}\n".encode()
    stored = zlib.compressobj(0, zlib.DEFLATED, RAW)
    return b"".join(
        [
            b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff" + comment + b"\0",
            stored.compress(tar) + stored.flush(),
            struct.pack("<LL", zlib.crc32(tar), len(tar) & 0xFFFFFFFF),
        ]
    )


def _tar_entry(entry: Entry) -> Iterator[bytes]:
    info = _info(entry)
    if not info.isreg():
        yield _header(info)
    elif entry.data is not None:
        yield _header(info) + entry.data + _padding(info.size)
    else:
        assert entry.source is not None
        yield _header(info)
        with entry.source.open("rb") as file:
            left = info.size
            while left:
                block = file.read(min(BLOCK, left))
                if not block:
                    raise OSError(0, "the file has become shorter", str(entry.source))
                left -= len(block)
                yield block
        yield _padding(info.size)


def _info(entry: Entry) -> tarfile.TarInfo:
    """The tar header's fields: only what the content of the environment determines."""
    info = tarfile.TarInfo(entry.target)
    status = os.lstat(entry.source) if entry.source else None
    mode = status.st_mode if status else stat.S_IFREG | 0o755
    if entry.link or stat.S_ISLNK(mode):
        info.type, info.mode = tarfile.SYMTYPE, 0o777
        info.linkname = entry.link or os.readlink(entry.source or "")
    elif stat.S_ISDIR(mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.mode = 0o755 if mode & 0o111 else 0o644
        info.size = _size(entry)
    info.mtime = EPOCH
    if status and entry.package and entry.data is None and info.isreg():
        # Byte code made by a package's builder is valid for the source's time only.
        info.mtime = max(EPOCH, int(status.st_mtime))
    return info


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
