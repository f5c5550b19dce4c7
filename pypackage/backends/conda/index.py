"""Write a channel's repodata."""

from __future__ import annotations

import json
from pathlib import Path

from pypackage.backends.conda.runtime import message, run
from pypackage.core.errors import SolveError


def index(channel: Path) -> None:
    """Write the repodata of the packages that lie in a channel's folder.

    It does not say when they were indexed, so that it is the same each time, and no package
    counts as new for being indexed now.

    Raises:
        SolveError: A package in it is broken, or the folder cannot be written.
    """
    from rattler.index import index_fs

    try:
        run(lambda: index_fs(channel, write_zst=False, write_shards=False))
        for path in channel.glob("*/repodata.json"):
            _undate(path)
    except Exception as error:  # the library raises plain ones
        raise SolveError(f"cannot index the channel {channel}", message(error)) from error


def _undate(path: Path) -> None:
    repodata = json.loads(path.read_bytes())
    for records in (repodata.get("packages", {}), repodata.get("packages.conda", {})):
        for record in records.values():
            record.pop("indexed_timestamp", None)
    path.write_text(json.dumps(repodata))
