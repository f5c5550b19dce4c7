"""Settings for compressing an archive: level, threads, and store."""

from __future__ import annotations

from dataclasses import dataclass, field

from pypackage.core import platforms
from pypackage.core.errors import UsageError
from pypackage.core.store import Store

# The levels of the compressed formats.
LEVELS = {
    "tar.gz": range(10),
    "sh": range(10),
    "layers": range(10),
    "zip": range(10),
    "squashfs": range(1, 10),
    "tar.zst": range(1, 20),
    "deb": range(10),
    "rpm": range(10),
    "oci": range(10),
    "splunk-app": range(10),
}


@dataclass(frozen=True)
class Compression:
    """How an archive is compressed.

    Attributes:
        level: One of the format's `LEVELS`; None for its default.
        workers: The number of threads.
        store: The cache of compressed parts; None for no cache.
    """

    level: int | None = None
    workers: int = field(default_factory=platforms.cores)
    store: Store | None = None


DEFAULT = Compression()


def check(format_: str, level: int | None) -> None:
    """Check that a format supports a level.

    Raises:
        UsageError: It does not.
    """
    if level is None or level in LEVELS.get(format_, ()):
        return
    levels = LEVELS.get(format_)
    if levels is None:
        raise UsageError(
            f"the format {format_} has no compression level", "leave out --compress-level"
        )
    raise UsageError(
        f"the format {format_} has no level {level}", f"it has {levels[0]} to {levels[-1]}"
    )
