"""Write the archive: a plain `.tar.gz` whose gzip stream has many members.

The first member holds the manifest alone; each further one holds whole files of one
package, so that members can be compressed, and unpacked, side by side, and be kept for the
next archive. `tar xzf` reads them as one stream. The first member's header tells the
environment's id in its comment field (RFC 1952), where sh finds it without unpacking anything.
"""

from __future__ import annotations

import struct
import tarfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from pypackage.archive import compression, manifest, members, sha256sums, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made, Part
from pypackage.core import files
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter, Task

Item = TypeVar("Item")
Result = TypeVar("Result")

ROOM = 48  # characters by which a member's description may grow once it is known
RAW = -15  # zlib's window bits for bare deflate


def write(
    contents: Contents, output: Path, reporter: Reporter, how: Compression = compression.DEFAULT
) -> None:
    """Write an environment's archive; what was there before is replaced at the end.

    The same contents give the same bytes: members are in a fixed order, owners are zero,
    and times are those of the packages.

    Raises:
        PackError: A file cannot be read, or the archive not written (a full disk, say).
    """
    try:
        with ThreadPoolExecutor(how.workers) as pool, files.new_file(output) as file:
            _Writer(file, contents, how, pool).write(reporter)
    except OSError as error:
        raise PackError.of(error, f"cannot write {output}") from error


class _Writer:
    """Writes one archive."""

    def __init__(
        self, file: BinaryIO, contents: Contents, how: Compression, pool: Executor
    ) -> None:
        self._file = file
        self._contents = contents
        self._level = members.LEVEL if how.level is None else how.level
        self._workers = how.workers
        self._store = how.store
        self._pool = pool

    def write(self, reporter: Reporter) -> None:
        parts = self._parts()
        entries = [entry for part in parts for entry in part.entries]
        sums = sha256sums.entry(
            (line for part in parts for line in part.sums), (entry.target for entry in entries)
        )
        total = sum(part.size for part in parts) + (tar_stream.size(sums) if sums else 0)
        last = [members.compress([sums], self._level)] if sums else []
        last.append(members.end(self._level))
        number = sum(part.number for part in parts) + len(last)
        describe = partial(
            manifest.render,
            self._contents.packages,
            self._contents.relocations,
            files=len(entries),
            size=total,
            sha256sums=sha256sums.digest(sums),
            omitted=self._contents.omitted,
            glibc=self._contents.glibc,
        )
        room = len(describe([Member(0, 0, "0" * 64)] * number)[1]) + ROOM * number
        start = len(_first_member("0" * 64, b"", room))
        with reporter.task("packing", total) as task:
            self._file.seek(start)
            written = self._write_members(parts, last, start, task)
        self._file.seek(0)
        self._file.write(_first_member(*describe(written), room))

    def _parts(self) -> list[Part]:
        groups = members.groups(tar_stream.with_tools(self._contents.entries))
        if self._store is None:
            return list(self._pool.map(members.part, groups))
        digests = {package.name: package.sha256 for package in self._contents.packages}
        find = partial(members.find, digests=digests, level=self._level, store=self._store)
        return list(self._pool.map(find, groups))

    def _write_members(
        self, parts: Sequence[Part], last: Sequence[Made], start: int, task: Task
    ) -> list[Member]:
        """Write all members from the place `start` on; those of new parts are kept.

        Args:
            parts: In their order.
            last: Members to stand behind those of the parts.
            start: Where the first begins.
            task: Hears of the progress.
        """
        written: list[Member] = []
        work = ((part, index) for part in parts for index in range(part.number))
        made = _in_order(self._pool, self._member, work, 2 * self._workers)
        for part in parts:
            fresh = False
            for _ in range(part.number):
                member = next(made)
                written.append(self._append(member, start))
                start += member.length
                fresh = fresh or member.file is None
            task.advance(part.size)
            if fresh and part.key:
                self._keep(part, written[len(written) - part.number :])
        for member in last:
            written.append(self._append(member, start))
            start += member.length
        return written

    def _member(self, which: tuple[Part, int]) -> Made:
        part, index = which
        kept = members.look_up(self._store, part, index) if self._store else None
        return kept or members.compress(part.chunk(index), self._level)

    def _append(self, member: Made, start: int) -> Member:
        self._file.writelines(member.blocks)
        if member.file:
            with member.file as kept:
                files.copy(kept, member.start, member.length, self._file)
        return Member(start, member.length, member.sha256)

    def _keep(self, part: Part, written: Sequence[Member]) -> None:
        assert self._store is not None
        self._file.flush()
        with open(self._file.name, "rb") as source:
            described = [(member.length, member.sha256) for member in written]
            members.keep(self._store, part, described, source, written[0].offset)


def _in_order(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """The results in the order of the items; few are under way or waiting at a time."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


def _first_member(environment_id: str, text: bytes, room: int) -> bytes:
    """The gzip member of the manifest; its length depends on `room` alone.

    It is stored and not compressed, and the text filled up with empty lines, because it is
    written last, when the other members are known, into the place left for it.
    """
    info = tarfile.TarInfo(manifest.PATH)
    info.mtime = tar_stream.EPOCH
    payload = text.ljust(room, b"\n")
    info.size = room
    tar = b"".join([tar_stream.header(info), payload, tar_stream.padding(room)])
    comment = f"\npypackage-archive {manifest.FORMAT} {environment_id}\n".encode()
    stored = zlib.compressobj(0, zlib.DEFLATED, RAW)
    return b"".join(
        [
            b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff" + comment + b"\0",
            stored.compress(tar) + stored.flush(),
            struct.pack("<LL", zlib.crc32(tar), len(tar) & 0xFFFFFFFF),
        ]
    )
