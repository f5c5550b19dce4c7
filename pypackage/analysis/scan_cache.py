"""Cache what was found in files, for as long as they are unchanged.

It works as git's index does: a file whose stat fingerprint (size, inode, mtime, ctime) matches
its entry is not read again, unless the fingerprint is racily clean: so recent when the file was
read that a later change might not show in it. There is one cache file per source tree, target and
version of this program, below `$XDG_CACHE_HOME/pypackage`.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _blake2 import blake2b  # hashlib would load OpenSSL as well
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from pypackage.analysis.imports import Target
from pypackage.core import user_dirs
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

Fingerprint = tuple[int, int, int, int]

RACY_NS = 2_000_000_000  # FAT, for example, keeps times to 2 s
_DIGEST, _CHECKSUM = 16, 4  # bytes
# The code that the results depend on: its digest is part of the cache key.
_HERE = os.path.dirname(__file__)
_PROGRAM = (
    *(os.path.join(_HERE, name) for name in ("exports.py", "implied.py", "needs.py")),
    os.path.join(os.path.dirname(_HERE), "core", "data", "needs.txt"),
)


class Facts:
    """Cached facts about files, each found on first use.

    Args:
        tree: The folder that contains the files, or most of them.
        target: The Python to analyze them for.
    """

    def __init__(self, tree: str, target: Target) -> None:
        self._place = place("facts", tree, target)
        self._known: dict[tuple[str, str], tuple[Fingerprint | None, object, Any]]
        self._known = load(self._place)
        self._used = dict(self._known)
        self._begun = time.time_ns()

    def get(self, kind: str, path: str, question: object, find: Callable[[], Any]) -> Any:
        """Return a fact about a file: the cached one, or else what `find` returns.

        Args:
            kind: The kind of fact.
            path: The file.
            question: What the answer depends on besides the file's content; a value that `marshal`
                supports, as is the answer.
            find: Computes the fact; if it raises, nothing is cached.
        """
        now, key = fingerprint(path), (kind, path)
        known = self._known.get(key)
        if known is not None and now is not None and known[:2] == (now, question):
            return known[2]
        answer = find()
        self._used[key] = (lasting(now, self._begun), question, answer)
        return answer

    def save(self) -> None:
        """Write the cache, without facts about files that no longer exist."""
        if self._used != self._known:
            there = {key: one for key, one in self._used.items() if os.path.exists(key[1])}
            save(self._place, there)


def tree_of(paths: Sequence[str]) -> str:
    """The common folder of files, which is that of the first and last in sorted order."""
    return os.path.commonpath((min(paths), max(paths)))


def fingerprint(path: str) -> Fingerprint | None:
    """A file's stat fingerprint: size, inode, mtime, ctime; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def lasting(found: Fingerprint | None, begun: int) -> Fingerprint | None:
    """The fingerprint, or None if it is racily clean at a time (ns) before it was taken."""
    return found if found and max(found[2:]) < begun - RACY_NS else None


def place(kind: str, tree: str, target: Target, environ: Mapping[str, str] = os.environ) -> str:
    """The path of the cache file for a tree of sources."""
    what = repr((kind, tree, target, sys.version)).encode(errors="surrogateescape")
    name = blake2b(what, digest_size=_DIGEST).hexdigest()
    return os.path.join(user_dirs.cache(environ), "imports", name)


@cache
def _program() -> bytes:
    digest = blake2b(digest_size=_DIGEST)
    files = list(_PROGRAM)
    for here, subfolders, names in os.walk(os.path.join(_HERE, "imports")):
        subfolders.sort()
        files += [os.path.join(here, name) for name in sorted(names) if name.endswith(".py")]
    for path in files:
        digest.update(repr((path, fingerprint(path))).encode(errors="surrogateescape"))
    return digest.digest()


def _head(content: bytes) -> bytes:
    """What precedes the content: what another analyzer found, or what is damaged, does not count.

    The checksum takes a seventh of the time of a digest.
    """
    from zlib import crc32

    return _program() + crc32(content).to_bytes(_CHECKSUM, "big")


def load(place: str) -> dict[Any, Any]:
    """Read a cache file; empty if it cannot be read or is damaged."""
    try:
        with open(place, "rb") as file:
            head, content = file.read(_DIGEST + _CHECKSUM), file.read()
        if _head(content) != head:
            return {}
        known: dict[Any, Any] = marshal.loads(content)
    except (OSError, EOFError, ValueError, TypeError):
        return {}
    return known


def save(place: str, content: dict[Any, Any]) -> None:
    """Write a cache file; failing to write it is not an error."""
    from pathlib import Path

    from pypackage.core import files

    packed = marshal.dumps(content)
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with files.new_file(Path(place)) as file:
            file.write(_head(packed) + packed)
    except OSError:
        return
