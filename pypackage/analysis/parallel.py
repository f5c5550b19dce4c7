"""Scan thousands of sources: in several processes, and from a cache of earlier results.

The cache works as git's index does: a file whose stat fingerprint (size, inode, mtime, ctime) is
that of the cache entry is not read again, unless the fingerprint is racily clean: so young when
the file was read that a later change may not show in it. There is one cache file for each tree of
sources, target and version of this program, below `$XDG_CACHE_HOME/pypackage`.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _blake2 import blake2b  # hashlib would load OpenSSL as well
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pypackage.analysis.imports import Import, Remark, Scan, Target, Why, scan
from pypackage.core import user_dirs
from pypackage.core.errors import PackageError
from pypackage.core.progress import Task

_FORK = 400  # files from which on another process is worth its start
_DIGEST = 16  # bytes
_RACY_NS = 2_000_000_000  # file systems such as FAT keep times to 2 s

_WHYS = tuple(Why)
_NUMBERS = {why: number for number, why in enumerate(_WHYS)}
_Packed = tuple[Any, ...]
_Fingerprint = tuple[int, int, int, int]
# By path: the fingerprint, None where it is racily clean, and the packed scan, None of a file
# that cannot be read or parsed.
_Cache = dict[str, tuple["_Fingerprint | None", "_Packed | None"]]


def scan_files(paths: Sequence[str], target: Target, task: Task) -> Iterator[tuple[str, Scan]]:
    """Scan files; those that cannot be read or parsed are left out.

    Args:
        paths: The files, absolute.
        target: The Python that they are to run with.
        task: Is advanced by one for each file.
    """
    place = _cache_file(os.path.commonpath(paths), target)
    known = _loaded(place)
    racy = time.time_ns() - _RACY_NS
    used: _Cache = {}
    stale: dict[str, _Fingerprint | None] = {}
    for path in paths:
        fingerprint = _fingerprint(path)
        entry = known.get(path)
        if entry is not None and fingerprint is not None and entry[0] == fingerprint:
            used[path] = entry
        else:
            stale[path] = fingerprint
    task.advance(len(used))
    for path, packed in _scanned(list(stale), target, task):
        fingerprint = stale[path]
        is_racy = fingerprint is None or max(fingerprint[2:]) >= racy
        used[path] = (None if is_racy else fingerprint, packed)
    if stale or used.keys() != known.keys():
        _save(place, known, used)
    del known
    for path, (_, packed) in used.items():
        if packed is not None:
            yield path, _unpacked(packed)


def _fingerprint(path: str) -> _Fingerprint | None:
    """What shows that a file was changed, without reading it; None if it is not there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


# --- processes ---------------------------------------------------------------------------


def _scanned(
    paths: Sequence[str], target: Target, task: Task
) -> Iterator[tuple[str, _Packed | None]]:
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


def _all_results(parts: Sequence[Sequence[str]], target: Target) -> Iterator[list[_Packed | None]]:
    """The results of each part: the first one of this process, the others of children."""
    children = [_Child(part, target) for part in parts[1:]]
    try:
        yield _results(parts[0], target)
        for child, part in zip(children, parts[1:], strict=True):
            results = child.results()
            # A child may have been killed for want of memory: do its work again.
            yield results if results is not None else _results(part, target)
    finally:
        for child in children:
            child.end()


class _Child:
    """A process that scans some files."""

    def __init__(self, paths: Sequence[str], target: Target) -> None:
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._work(reading, writing, paths, target)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")

    @staticmethod
    def _work(reading: int, writing: int, paths: Sequence[str], target: Target) -> None:
        """Do the work of the child, which never returns from here."""
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(marshal.dumps(_results(paths, target)))
            status = 0
        finally:
            os._exit(status)

    def results(self) -> list[_Packed | None] | None:
        """What it found; None when it did not come to its end."""
        content = self._pipe.read()
        try:
            results: list[_Packed | None] = marshal.loads(content)
        except (EOFError, ValueError, TypeError):
            return None
        return results

    def end(self) -> None:
        """Wait until it is gone."""
        self._pipe.close()
        os.waitpid(self._pid, 0)


def _results(paths: Sequence[str], target: Target) -> list[_Packed | None]:
    return [_result(path, target) for path in paths]


def _result(path: str, target: Target) -> _Packed | None:
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        return _packed(scan(content, path, target, bulk=True))
    except (OSError, PackageError):
        return None


# --- the cache ---------------------------------------------------------------------------


def _packed(found: Scan) -> _Packed:
    """A scan as values that `marshal` knows."""
    imports = tuple((*one[:4], _NUMBERS[one.why], *one[5:]) for one in found.imports)
    remarks = tuple(map(tuple, found.remarks))
    return imports, remarks, found.paths, found.front, found.flags


def _unpacked(packed: _Packed) -> Scan:
    imports, remarks, paths, front, flags = packed
    whys, make = _WHYS, tuple.__new__  # which takes half the time of Import itself
    return Scan(
        tuple(
            [
                make(Import, (module, name, line, column, whys[why], *rest))
                for module, name, line, column, why, *rest in imports
            ]
        ),
        tuple(Remark(*one) for one in remarks),
        paths,
        front,
        flags,
    )


def _cache_file(tree: str, target: Target, environ: Mapping[str, str] = os.environ) -> str:
    what = repr((tree, target, sys.version, _program())).encode(errors="surrogateescape")
    name = blake2b(what, digest_size=_DIGEST).hexdigest()
    return os.path.join(user_dirs.cache(environ), "imports", name)


def _program() -> str:
    """A digest of the modules that find imports: another version may find others."""
    folder = os.path.join(os.path.dirname(__file__), "imports")
    digest = blake2b(digest_size=_DIGEST)
    for here, subfolders, names in os.walk(folder):
        subfolders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(here, name), "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()


def _loaded(place: str) -> _Cache:
    """What the cache holds; nothing if it cannot be read, or is not whole."""
    try:
        with open(place, "rb") as file:
            digest, content = file.read(_DIGEST), file.read()
        if blake2b(content, digest_size=_DIGEST).digest() != digest:
            return {}
        known: _Cache = marshal.loads(content)
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return known


def _save(place: str, known: _Cache, used: _Cache) -> None:
    """Keep what was used just now; a cache that cannot be written is no error."""
    if used == known:
        return
    from pathlib import Path

    from pypackage.core import files

    content = marshal.dumps(used)
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with files.new_file(Path(place)) as file:
            file.write(blake2b(content, digest_size=_DIGEST).digest() + content)
    except OSError:
        return
