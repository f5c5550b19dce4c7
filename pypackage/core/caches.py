"""The caches of `create`: one folder with one size limit."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pypackage.core import store, user_dirs
from pypackage.core.errors import UsageError
from pypackage.core.store import Entry

LIMIT = 10 << 30
"""The limit in bytes if none is set."""

_KINDS = {
    "archives": ("archives",),
    "byte code": ("bytecode",),
    "compressed packages": ("members",),
    "functions' archives": ("functions",),
    "clean roots": ("roots",),
    "images below": ("bases/sha256",),
    "host channel": (
        "host/packages/*",
        "host/channels",
        "host/keys",
        "host/wheels",
    ),
}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of all caches: `$XDG_CACHE_HOME/pypackage`."""
    return Path(user_dirs.cache(environ))


@dataclass(frozen=True)
class Kind:
    """The cached entries of one kind."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Their size in bytes."""
        return sum(entry.size for entry in self.entries)


def usage(root: Path) -> list[Kind]:
    """Return all cached entries by kind."""
    return [Kind(name, tuple(_entries(root, places))) for name, places in _KINDS.items()]


def evict(root: Path, limit: int) -> None:
    """Remove the least recently used entries until the rest is within a limit in bytes."""
    store.evict([entry for kind in usage(root) for entry in kind.entries], limit)


def clear(root: Path) -> int:
    """Remove all entries and return how many bytes they had.

    Raises:
        OSError: Something cannot be removed.
    """
    size = sum(kind.size for kind in usage(root))
    for kind in usage(root):
        for entry in kind.entries:
            store.remove(entry)
    return size


def limit(text: str = "", environ: Mapping[str, str] = os.environ) -> int:
    """Return the size limit of the caches, in bytes.

    Args:
        text: Such as `500M` or `20G`; if empty, PYPACKAGE_CACHE_LIMIT, else `LIMIT`.

    Raises:
        UsageError: It is not a size.
    """
    text = text or environ.get("PYPACKAGE_CACHE_LIMIT", "")
    if not text:
        return LIMIT
    size = text.strip().upper().replace("IB", "")
    found = re.fullmatch(r"(\d{1,18})\s*([KMGT]?)B?", size, re.A)
    if not found:
        raise UsageError(f"{text!r} is not a size", "write it like 500M or 20G")
    return int(found[1]) * _UNITS[found[2]]


def _entries(root: Path, places: tuple[str, ...]) -> list[Entry]:
    return [
        entry
        for place in places
        for folder in sorted(root.glob(place))
        for entry in store.entries(folder)
    ]
