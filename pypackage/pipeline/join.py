"""An environment is put together from parts that are here, without its packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypackage.archive import join as archive_join
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import target
from pypackage.pipeline.target import Archive


def join(sources: Sequence[Path], name: str, format_: str, since: str, reporter: Reporter) -> Path:
    """Write an environment in another form; returns where.

    Args:
        sources: Its layers folder or archive, and what else has parts of it.
        name: The archive's path, or the layers folder's.
        format_: What it is to be; when empty its ending tells.
        since: What has the parts that need not be in it; empty for all of them.

    Raises:
        UsageError: It is no path, or there is no such form.
        InputPathError: A source is no such thing or lacks parts, or there is no such folder.
        PackError: It cannot be written.
    """
    made = target.parse(name, format_)
    if not isinstance(made, Archive):
        raise UsageError(f"{name} is not an archive", f"name a path, such as ./{name}.tar.gz")
    if since:
        made = target.thin(made, Path(since)).output
    made.check()
    archive_join.join(sources, made.path, made.format, reporter, made.since)
    return made.path
