"""Scan thousands of sources in several processes, and cache the results."""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Iterator, Sequence

from pypackage.analysis import scan_cache
from pypackage.analysis.imports import Import, Remark, Scan, Target, Why, scan
from pypackage.core.errors import PackageError
from pypackage.core.progress import Task
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from pypackage.analysis.scan_cache import Fingerprint

_FORK = 400  # files from which on one more process is worth starting

_WHYS = tuple(Why)
_NUMBERS = {why: number for number, why in enumerate(_WHYS)}
if TYPE_CHECKING:
    Packed = tuple[Any, ...]
    # By path: the fingerprint (None if racily clean), and the packed scan (None if the file cannot
    # be read or parsed).
    _Cache = dict[str, tuple[Fingerprint | None, Packed | None]]


def scan_files(paths: Sequence[str], target: Target, task: Task) -> Iterator[tuple[str, Scan]]:
    """Scan files; those that cannot be read or parsed are skipped.

    Args:
        paths: Absolute paths.
        target: The Python to analyze them for.
        task: Advanced by one for each file.
    """
    place = scan_cache.place("scans", scan_cache.tree_of(paths), target)
    known: _Cache = scan_cache.load(place)
    begun = time.time_ns()
    used: _Cache = {}
    stale: dict[str, Fingerprint | None] = {}
    for path in paths:
        fingerprint = scan_cache.fingerprint(path)
        entry = known.get(path)
        if entry is not None and fingerprint is not None and entry[0] == fingerprint:
            used[path] = entry
        else:
            stale[path] = fingerprint
    task.advance(len(used))
    for path, found in _scanned(list(stale), target, task):
        used[path] = (scan_cache.lasting(stale[path], begun), found)
    if (stale or used.keys() != known.keys()) and used != known:
        scan_cache.save(place, used)
    del known
    for path, (_, found) in used.items():
        if found is not None:
            yield path, unpacked(found)


# --- processes ---------------------------------------------------------------------------


def _scanned(
    paths: Sequence[str], target: Target, task: Task
) -> Iterator[tuple[str, Packed | None]]:
    """The packed scans of some files, in any order."""
    count = _processes(len(paths))
    parts = [paths[at::count] for at in range(count)]
    for part, results in zip(parts, _all_results(parts, target), strict=True):
        yield from zip(part, results, strict=True)
        task.advance(len(part))


def _processes(count: int) -> int:
    threads = sys.modules.get("threading")
    alone = threads is None or threads.active_count() == 1
    if count < _FORK or not alone or not hasattr(os, "fork"):
        return 1
    return min(len(os.sched_getaffinity(0)), 8, count // (_FORK // 2))


def _all_results(parts: Sequence[Sequence[str]], target: Target) -> Iterator[list[Packed | None]]:
    """The results of each part: the first computed here, the others by child processes."""
    children = [_Child(part, target) for part in parts[1:]]
    try:
        yield _results(parts[0], target)
        for child, part in zip(children, parts[1:], strict=True):
            results = child.results()
            # A child may have been killed for lack of memory: do its work again.
            yield results if results is not None else _results(part, target)
    finally:
        for child in children:
            child.end()


class _Child:
    """A child process that scans some files."""

    def __init__(self, paths: Sequence[str], target: Target) -> None:
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._work(reading, writing, paths, target)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")

    @staticmethod
    def _work(reading: int, writing: int, paths: Sequence[str], target: Target) -> None:
        """Do the child's work; never returns."""
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(marshal.dumps(_results(paths, target)))
            status = 0
        finally:
            os._exit(status)

    def results(self) -> list[Packed | None] | None:
        """Read its results; None if it did not finish."""
        content = self._pipe.read()
        try:
            results: list[Packed | None] = marshal.loads(content)
        except (EOFError, ValueError, TypeError):
            return None
        return results

    def end(self) -> None:
        """Wait until it has exited."""
        self._pipe.close()
        os.waitpid(self._pid, 0)


def _results(paths: Sequence[str], target: Target) -> list[Packed | None]:
    return [_result(path, target) for path in paths]


def _result(path: str, target: Target) -> Packed | None:
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        return packed(scan(content, path, target, bulk=True))
    except (OSError, PackageError):
        return None


# --- scans for the cache and other processes ---------------------------------------------


def packed(found: Scan) -> Packed:
    """A scan as values that `marshal` supports."""
    imports = tuple((*one[:4], _NUMBERS[one.why], *one[5:]) for one in found.imports)
    remarks = tuple(map(tuple, found.remarks))
    return imports, remarks, found.paths, found.front, found.flags


def unpacked(values: Packed) -> Scan:
    """Restore a packed scan."""
    imports, remarks, paths, front, flags = values
    whys, make = _WHYS, tuple.__new__  # half the time of calling Import
    return Scan(
        tuple(
            [
                make(Import, (module, name, line, column, whys[why], said, late, cell, ways, flag))
                for module, name, line, column, why, said, late, cell, ways, flag in imports
            ]
        ),
        tuple(Remark(*one) for one in remarks),
        paths,
        front,
        flags,
    )
