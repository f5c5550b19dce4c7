"""Write an environment in parts: compressed, or taken from the store, in a fixed order.

A part of the archive is a gzip member with whole files of one package, so that parts can be
compressed and unpacked in parallel, and cached for the next environment. A destination takes them:
an archive, or files of their own, unless they exist already.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import BinaryIO, Protocol, TypeVar

from pypackage.archive import head, manifest, members, sha256sums, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made, Part
from pypackage.core.progress import Reporter, Task

Item = TypeVar("Item")
Result = TypeVar("Result")

ROOM = 48  # characters by which a member's description may grow once it is known


class Destination(Protocol):
    """The destination of an environment's parts."""

    def start(self, length: int) -> None:
        """Leave space for the first member."""

    def has(self, length: int, digest: str) -> bool:
        """Whether a part need not be handed over."""

    def add(self, made: Made) -> None:
        """Take the next part; if it is there already, its bytes may be missing."""

    def copy(self, added: Sequence[Member], file: BinaryIO) -> None:
        """Write the bytes of added parts to a file's current position.

        Raises:
            OSError: They are not available.
        """

    def finish(self, environment_id: str, text: bytes) -> None:
        """Take the padded manifest, which completes the environment."""


def write(
    contents: Contents, destination: Destination, reporter: Reporter, how: Compression
) -> None:
    """Write an environment.

    The same contents give the same bytes: parts are in a fixed order, owners are zero, and times
    are those of the packages.

    Raises:
        PackError: Two parts have the same path, or a name contains a newline.
        OSError: A file cannot be read, or a part cannot be written.
    """
    with ThreadPoolExecutor(how.workers) as pool:
        _Writer(destination, contents, how, pool).write(reporter)


class _Writer:
    """Writes one environment."""

    def __init__(
        self, destination: Destination, contents: Contents, how: Compression, pool: Executor
    ) -> None:
        self._destination = destination
        self._contents = contents
        self._level = members.LEVEL if how.level is None else how.level
        self._workers = how.workers
        self._store = how.store
        self._pool = pool

    def write(self, reporter: Reporter) -> None:
        parts = self._parts()
        total = sum(part.size for part in parts)
        number = sum(part.number for part in parts) + 1
        describe = partial(
            manifest.render,
            self._contents.packages,
            self._contents.relocations,
            files=sum(len(part.entries) for part in parts),
            omitted=self._contents.omitted,
            glibc=self._contents.glibc,
        )
        unknown = [Member(0, 0, manifest.UNKNOWN)] * number
        room = len(describe(unknown, size=total, sha256sums=manifest.UNKNOWN)[1]) + ROOM * number
        start = len(head.whole(manifest.UNKNOWN, head.filled(b"", room)))
        with reporter.task("packing", total) as task:
            self._destination.start(start)
            written, lists = self._write_members(parts, start, task)
        total += sum(map(len, map(os.fsencode, lists.values())))
        digest = sha256sums.digest(lists)
        environment_id, text = describe(written, size=total, sha256sums=digest)
        self._destination.finish(environment_id, head.filled(text, room))

    def _parts(self) -> list[Part]:
        groups = members.groups(tar_stream.with_tools(self._contents.entries))
        if self._store is None:
            return list(map(Part, groups))
        digests = {package.name: package.sha256 for package in self._contents.packages}
        find = partial(members.find, digests=digests, level=self._level, store=self._store)
        return list(self._pool.map(find, groups))

    def _write_members(
        self, parts: Sequence[Part], start: int, task: Task
    ) -> tuple[list[Member], dict[str, str]]:
        """Hand over all members, and the end of the tar stream; cache the members of new parts.

        Args:
            parts: The parts, in order.
            start: The offset of the first one in an archive.
            task: Receives the progress.

        Returns:
            The members, and their digest lists by path.
        """
        written: list[Member] = []
        lists: dict[str, str] = {}
        work = ((part, index) for part in parts for index in range(part.number))
        made = _in_order(self._pool, self._member, work, 2 * self._workers)
        for part in parts:
            fresh = False
            described = []
            for index in range(part.number):
                member = next(made)
                written.append(self._add(member, start))
                lists[part.list_path(index)] = member.sums
                described.append((member.length, member.sha256, member.sums))
                start += member.length
                fresh = fresh or bool(member.blocks)
            task.advance(part.size)
            if fresh and part.key and self._store:
                copy = partial(self._destination.copy, written[-part.number :])
                members.keep(self._store, part, described, copy)
        written.append(self._add(members.end(self._level), start))
        return written, lists

    def _member(self, which: tuple[Part, int]) -> Made:
        part, index = which
        if part.kept and self._destination.has(*part.kept.members[index][:2]):
            return Made(*part.kept.members[index])
        kept = members.look_up(self._store, part, index) if self._store else None
        return kept or members.compress(part.listed(index), self._level)

    def _add(self, member: Made, start: int) -> Member:
        self._destination.add(member)
        return Member(start, member.length, member.sha256)


def _in_order(
    pool: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """The results in the order of the items; only a few are computed ahead."""
    waiting: deque[Future[Result]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()
