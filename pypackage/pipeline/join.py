"""Assemble an environment from parts on this machine, without its packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypackage.archive import join as archive_join
from pypackage.core import output
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import target
from pypackage.pipeline.target import Archive


def join(sources: Sequence[Path], name: str, format_: str, since: str, reporter: Reporter) -> Path:
    """Write an environment in another format; return its path.

    Args:
        sources: Its layers folder or archive, and whatever else has parts of it.
        name: The path of the archive or layers folder.
        format_: The format; if empty, it is recognized by the ending.
        since: An environment whose parts can be left out; empty for none.

    Raises:
        UsageError: The name is not a path, or there is no such format.
        InputPathError: A source is invalid or lacks parts, or the folder does not exist.
        PackError: It cannot be written.
    """
    made = target.parse(name, format_)
    if not isinstance(made, Archive):
        raise UsageError(f"{name} is not an archive", f"name a path, such as ./{name}.tar.gz")
    if since:
        made = target.thin(made, Path(since)).output
    output.check_apart([made.path], sources)
    made.check()
    archive_join.join(sources, made.path, made.format, reporter, made.since)
    return made.path
