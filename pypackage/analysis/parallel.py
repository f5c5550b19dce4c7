"""Thousands of sources at once: by several processes, and from a cache of former results.

The cache is keyed by the content of the files, so that it is never wrong: a file that was
changed, moved or touched is told by what is in it. There is one cache file for each tree
of sources, target and version of this program, below `$XDG_CACHE_HOME/pypackage`.
"""

from __future__ import annotations

import marshal
import os
import sys
from _blake2 import blake2b  # hashlib would load OpenSSL as well
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pypackage.analysis.imports import Import, Remark, Scan, Target, Why, scan
from pypackage.core import user_dirs
from pypackage.core.errors import PackageError
from pypackage.core.progress import Task

_FORK = 400  # files from which on another process is worth its start

_WHYS = tuple(Why)
_NUMBERS = {why: number for number, why in enumerate(_WHYS)}
_Packed = tuple[Any, ...]
_Cache = dict[bytes, _Packed]
_DIGEST = 16  # bytes


def scan_files(paths: Sequence[str], target: Target, task: Task) -> Iterator[tuple[str, Scan]]:
    """Scan files; those that cannot be read or parsed are left out.

    Args:
        paths: The files, absolute.
        target: The Python that they are to run with.
        task: Is advanced by one for each file.
    """
    place = _cache_file(os.path.commonpath(paths), target)
    known = _loaded(place)
    parts = [paths[at :: _processes(len(paths))] for at in range(_processes(len(paths)))]
    used: _Cache = {}
    for part, results in zip(parts, _all_results(parts, target, known), strict=True):
        for path, result in zip(part, results, strict=True):
            if result is not None:
                key, packed = result
                used[key] = known[key] if packed is None else packed
                if len(key) > _DIGEST:
                    used[key[:_DIGEST]] = _OF_PLACE
                yield path, _unpacked(used[key])
        task.advance(len(part))
    _save(place, known, used)


# --- processes ---------------------------------------------------------------------------

# For each file its key and, where it was not in the cache, its packed scan.
_Result = tuple[bytes, "_Packed | None"] | None


def _processes(count: int) -> int:
    threads = sys.modules.get("threading")
    alone = threads is None or threads.active_count() == 1
    if count < _FORK or not alone or not hasattr(os, "fork"):
        return 1
    return min(len(os.sched_getaffinity(0)), 8, count // (_FORK // 2))


def _all_results(
    parts: Sequence[Sequence[str]], target: Target, known: _Cache
) -> Iterator[list[_Result]]:
    """The results of each part: the first one of this process, the others of children."""
    children = [_Child(part, target, known) for part in parts[1:]]
    try:
        yield _results(parts[0], target, known)
        for child, part in zip(children, parts[1:], strict=True):
            results = child.results()
            # A child may have been killed for want of memory: do its work again.
            yield results if results is not None else _results(part, target, known)
    finally:
        for child in children:
            child.end()


class _Child:
    """A process that scans some files."""

    def __init__(self, paths: Sequence[str], target: Target, known: _Cache) -> None:
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._work(reading, writing, paths, target, known)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")

    @staticmethod
    def _work(
        reading: int, writing: int, paths: Sequence[str], target: Target, known: _Cache
    ) -> None:
        """Do the work of the child, which never returns from here."""
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(marshal.dumps(_results(paths, target, known)))
            status = 0
        finally:
            os._exit(status)

    def results(self) -> list[_Result] | None:
        """What it found; None when it did not come to its end."""
        content = self._pipe.read()
        try:
            results: list[_Result] = marshal.loads(content)
        except (EOFError, ValueError, TypeError):
            return None
        return results

    def end(self) -> None:
        """Wait until it is gone."""
        self._pipe.close()
        os.waitpid(self._pid, 0)


# What a file that has one of these is found to import depends on where it is: it is in the cache
# by its digest and its path, and by the digest alone stands that it is so.
_TELLING = (b"__file__", b"sys.path", b"sys.argv", b"addsitedir", b"from sys", b"sys as")
_OF_PLACE: _Packed = ()


def _results(paths: Sequence[str], target: Target, known: _Cache) -> list[_Result]:
    return [_result(path, target, known) for path in paths]


def _result(path: str, target: Target, known: _Cache) -> _Result:
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        key = blake2b(content, digest_size=_DIGEST).digest()
        there = key + path.encode(errors="surrogateescape")
        if known.get(key) == _OF_PLACE or not path.endswith(".py"):
            key = there  # the name tells a notebook, say, from the same text as Python
        if key in known:
            return key, None
        packed = _packed(scan(content, path, target, bulk=True))
        is_of_place = any(word in content for word in _TELLING)
        return there if is_of_place else key, packed
    except (OSError, PackageError):
        return None


# --- the cache ---------------------------------------------------------------------------


def _packed(found: Scan) -> _Packed:
    """A scan as values that `marshal` knows."""
    imports = tuple((*one[:4], _NUMBERS[one.why], *one[5:]) for one in found.imports)
    return imports, tuple(map(tuple, found.remarks)), found.paths, found.front


def _unpacked(packed: _Packed) -> Scan:
    imports, remarks, paths, front = packed
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
    )


def _cache_file(tree: str, target: Target, environ: Mapping[str, str] = os.environ) -> str:
    what = repr((tree, target, sys.version, _program())).encode(errors="surrogateescape")
    name = blake2b(what, digest_size=_DIGEST).hexdigest()
    return os.path.join(user_dirs.cache(environ), "imports", name)


def _program() -> str:
    """A digest of the modules that find imports: another version may find others."""
    folder = os.path.join(os.path.dirname(__file__), "imports")
    digest = blake2b(digest_size=_DIGEST)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), "rb") as file:
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
    if used.keys() == known.keys():
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
