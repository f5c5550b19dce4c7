"""Fetch packages and link them into a prefix."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pypackage.backends.conda import caches, offline
from pypackage.backends.conda.integrity import Refusal, check_local
from pypackage.backends.conda.network import connected
from pypackage.backends.conda.platforms import is_foreign
from pypackage.backends.conda.runtime import message, run
from pypackage.backends.conda.settings import Settings
from pypackage.core.errors import InstallError
from pypackage.core.progress import Reporter, Task

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def install(
    records: Sequence[RepoDataRecord],
    prefix: Path,
    target_prefix: Path,
    reporter: Reporter,
    settings: Settings,
) -> None:
    """Fetch packages into the package cache and link them into a new prefix.

    Post-link scripts are not run.

    Args:
        target_prefix: The path that is written into the files instead of `prefix`, for a
            prefix that will be moved there.

    Raises:
        InstallError: A package cannot be fetched or written, does not match its channel's digest,
            or has unsafe paths; or it is not cached, and this is offline.
    """
    import rattler
    from rattler.exceptions import CacheDirError, InstallerError, IoError, LinkError

    if settings.offline:
        present = offline.presence(settings)
        absent = [record for record in records if not present(record)]
        if absent:
            raise offline.missing(absent, InstallError)
    cached = caches.package_folders(settings)
    check_local(records, cached)
    refusal = Refusal(records, cached)
    try:
        with connected(settings) as client, _Listener(refusal, len(records), reporter) as listener:

            def work() -> Awaitable[None]:
                return rattler.install(
                    list(records),
                    prefix,
                    platform=_linked_as(settings.platform),
                    client=client,
                    package_cache=caches.package_cache(settings),
                    show_progress=False,
                    reporter=cast(Any, listener),
                    alternative_target_prefix=target_prefix,
                )

            run(lambda: _unless_stuck(work, listener, settings.timeout))
    except (InstallerError, LinkError, IoError, CacheDirError, OSError) as error:
        if refusal.reason:
            raise InstallError(refusal.reason, "report it to the channel's maintainers") from None
        raise InstallError("the packages cannot be installed", message(error)) from None


def _linked_as(platform: str) -> Any:
    """Return the platform to link for, None for this machine's.

    For macOS the library signs what it links, with a program that only macOS has. For Linux it
    links the same files without signing; the worker signs those that it relocates.
    """
    from rattler import Subdir

    if platform.startswith("osx") and is_foreign(platform):
        return Subdir("linux-64")
    return Subdir(platform) if platform else None


async def _unless_stuck(
    work: Callable[[], Awaitable[None]], listener: _Listener, timeout: int
) -> None:
    """Wait for the installer, but fail if a download receives nothing for `timeout` seconds."""
    import asyncio

    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.wait({task}, timeout=1)
        if listener.stands_still(timeout):
            task.cancel()
            raise InstallError(
                f"the packages cannot be fetched: nothing was received for {timeout} seconds",
                "try again; remote_read_timeout_secs of condarc sets how long to wait",
            )
    await task


class _Listener:
    """Pass on the events of py-rattler's installer (its `InstallerReporter` protocol).

    The step "downloading packages", in bytes, is shown only if something has to be downloaded; with
    a warm cache there is only linking.
    """

    def __init__(self, refusal: Refusal, packages: int, reporter: Reporter) -> None:
        self._refusal = refusal
        self._packages = packages
        self._reporter = reporter
        self._steps = ExitStack()
        self._download: Task | None = None
        self._done: dict[int, int] = {}
        self._open: set[int] = set()
        self._heard = time.monotonic()

    def __enter__(self) -> _Listener:
        title = "installing packages"
        self._link = self._steps.enter_context(self._reporter.task(title, self._packages))
        return self

    def __exit__(self, *raised: object) -> None:
        self._steps.close()

    def stands_still(self, timeout: float) -> bool:
        """Whether nothing was received by the downloads under way for `timeout` seconds."""
        return bool(self._open) and time.monotonic() - self._heard > timeout

    def on_populate_cache_start(self, _operation: int, package_name: str) -> int:
        self._reporter.debug(f"fetching {package_name}")
        return 0

    def on_download_start(self, _cache_entry: int) -> int:
        if self._download is None:
            self._download = self._steps.enter_context(
                self._reporter.task("downloading packages", 0)
            )
        number = len(self._done)
        self._done[number] = 0
        self._open.add(number)
        self._heard = time.monotonic()
        return number

    def on_download_progress(self, download: int, progress: int, total: int | None) -> None:
        assert self._download is not None
        self._heard = time.monotonic()
        if self._done[download] == 0:
            self._download.grow(total or 0)
        self._download.advance(progress - self._done[download])
        self._done[download] = progress

    def on_download_completed(self, download: int) -> None:
        self._open.discard(download)
        self._heard = time.monotonic()

    def on_link_start(self, _operation: int, package_name: str) -> int:
        self._refusal.check(package_name)
        return 0

    def on_link_complete(self, _index: int) -> None:
        self._link.advance()
