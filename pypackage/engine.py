"""The conda engine: solving, installing and indexing by py-rattler.

The only module that knows py-rattler. It is asynchronous inside; each function here runs
one operation to its end and turns what went wrong into an error of this package.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pypackage.errors import InstallError, RequirementsError, SolveError
from pypackage.progress import Reporter, Step
from pypackage.urls import public

if TYPE_CHECKING:
    from rattler import RepoDataRecord

Result = TypeVar("Result")


def solve(specs: Sequence[str], channels: Sequence[str]) -> list[RepoDataRecord]:
    """Choose the packages of an environment.

    Args:
        specs: Match specs, such as `numpy>=2,<3`.
        channels: Names, URLs or absolute folders, the most preferred first; a package is
            taken from the first channel that has any of its name (strict priority).

    Returns:
        The records of all packages, dependencies included, in a fixed order.

    Raises:
        RequirementsError: A match spec is not valid.
        SolveError: The specs exclude each other or ask for what no channel has, with the
            solver's explanation; or a channel cannot be read.
    """
    import rattler
    from rattler.exceptions import (
        GatewayError,
        InvalidChannelError,
        InvalidUrlError,
        SolverError,
    )

    parsed = [_match_spec(spec) for spec in specs]
    named = ", ".join(public(channel) for channel in channels)
    try:
        records = _run(
            lambda: rattler.solve(
                channels, parsed, virtual_packages=rattler.VirtualPackage.detect()
            )
        )
    except SolverError as error:
        raise SolveError("the requirements cannot be satisfied together", _said(error)) from error
    except (GatewayError, InvalidChannelError, InvalidUrlError, OSError) as error:
        first, *_, cause = 2 * _said(error).splitlines()
        raise SolveError(
            f"cannot read the channels {named}",
            f"{first}\n{cause}\ncheck the channel's name and the network; without one, "
            "'-c host' takes what is installed here",
        ) from error
    return sorted(records, key=lambda record: record.name.normalized)


def install(
    records: Sequence[RepoDataRecord], prefix: Path, stands_for: Path, reporter: Reporter
) -> None:
    """Fetch packages into the package cache and link them into a new prefix.

    Their post-link scripts are not run.

    Args:
        records: What `solve` chose.
        prefix: The folder to fill; it is made.
        stands_for: The path that is written into the files instead of `prefix`, for a
            prefix that will be moved there.
        reporter: Hears of each package linked.

    Raises:
        InstallError: A package cannot be fetched, is not what the channel promised, or
            cannot be written.
    """
    import rattler
    from rattler.exceptions import CacheDirError, InstallerError, IoError, LinkError

    try:
        with _Listener(len(records), reporter) as listener:
            _run(
                lambda: rattler.install(
                    list(records),
                    prefix,
                    show_progress=False,
                    reporter=cast(Any, listener),
                    alternative_target_prefix=stands_for,
                )
            )
    except (InstallerError, LinkError, IoError, CacheDirError, OSError) as error:
        raise InstallError("the packages cannot be installed", _said(error)) from error


def index(channel: Path) -> None:
    """Write the repodata of the packages that lie in a channel's folder.

    Raises:
        SolveError: A package in it is broken, or the folder cannot be written.
    """
    from rattler.index import index_fs

    try:
        _run(lambda: index_fs(channel, write_zst=False, write_shards=False))
    except Exception as error:  # the library raises plain ones
        raise SolveError(f"cannot index the channel {channel}", _said(error)) from error


def _match_spec(spec: str) -> Any:
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError

    try:
        return MatchSpec(spec)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise RequirementsError(
            f"{spec!r} is not a match spec", f"{error}; write it like 'numpy>=2,<3'"
        ) from error


def _run(start: Callable[[], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        return await start()

    return asyncio.run(main())


def _said(error: BaseException) -> str:
    """The engine's own words, without empty lines and credentials."""
    return "\n".join(public(line.rstrip()) for line in str(error).splitlines() if line.strip())


class _Listener:
    """Passes on what py-rattler's installer reports (its `InstallerReporter` protocol).

    The step "downloading packages", in bytes, is announced only when something has to be
    downloaded; with a warm cache there is the linking alone.
    """

    def __init__(self, packages: int, reporter: Reporter) -> None:
        self._packages = packages
        self._reporter = reporter
        self._steps = ExitStack()
        self._download: Step | None = None
        self._done: dict[int, int] = {}

    def __enter__(self) -> _Listener:
        title = "installing packages"
        self._link = self._steps.enter_context(self._reporter.step(title, self._packages))
        return self

    def __exit__(self, *raised: object) -> None:
        self._steps.close()

    def on_populate_cache_start(self, _operation: int, package_name: str) -> int:
        self._reporter.note(f"fetching {package_name}")
        return 0

    def on_download_start(self, _cache_entry: int) -> int:
        if self._download is None:
            self._download = self._steps.enter_context(
                self._reporter.step("downloading packages", 0)
            )
        self._done[len(self._done)] = 0
        return len(self._done) - 1

    def on_download_progress(self, download: int, progress: int, total: int | None) -> None:
        assert self._download is not None
        if self._done[download] == 0:
            self._download.grow(total or 0)
        self._download.advance(progress - self._done[download])
        self._done[download] = progress

    def on_link_complete(self, _index: int) -> None:
        self._link.advance()
