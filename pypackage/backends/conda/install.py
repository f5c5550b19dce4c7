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
from pypackage.backends.conda.runtime import LONGER, message, run
from pypackage.backends.conda.settings import Settings
from pypackage.core.errors import InstallError
from pypackage.core.progress import Reporter, Task
from pypackage.core.urls import redact

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_LEAST = 4096  # bytes that all downloads together have to receive within the timeout
_AGAIN = "check the network and the channel, and try again"


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
        with connected(settings) as client, _Listener(refusal, records, reporter) as listener:

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
        raise _failure(message(error), records) from None


def _failure(said: str, records: Sequence[RepoDataRecord]) -> InstallError:
    """Return the error for what the engine said; it names only the file that it fetched."""
    first, *causes = said.splitlines() or [""]
    for record in records:
        if first == f"failed to fetch {record.file_name}":
            return InstallError(f"cannot fetch {redact(record.url)}", "\n".join([*causes, _AGAIN]))
    return InstallError("the packages cannot be installed", said)


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
    """Wait for the installer, but fail if next to nothing is received for `timeout` seconds."""
    import asyncio

    task = asyncio.ensure_future(work())
    while not task.done():
        await asyncio.wait({task}, timeout=1)
        if stuck := listener.stuck(timeout):
            task.cancel()
            raise InstallError(
                f"cannot fetch {stuck}: less than {_LEAST} bytes came in {timeout} seconds",
                f"{_AGAIN}; {LONGER}",
            )
    await task


class _Listener:
    """Pass on the events of py-rattler's installer (its `InstallerReporter` protocol).

    The step "downloading packages", in bytes, is shown only if something has to be downloaded; with
    a warm cache there is only linking.
    """

    def __init__(
        self, refusal: Refusal, records: Sequence[RepoDataRecord], reporter: Reporter
    ) -> None:
        self._refusal = refusal
        self._urls = {record.name.normalized: redact(record.url) for record in records}
        self._reporter = reporter
        self._steps = ExitStack()
        self._download: Task | None = None
        self._fetched: list[str] = []
        self._done: dict[int, int] = {}
        self._open: dict[int, str] = {}
        self._received = 0  # bytes since `_heard`
        self._heard = time.monotonic()

    def __enter__(self) -> _Listener:
        title = "installing packages"
        self._link = self._steps.enter_context(self._reporter.task(title, len(self._urls)))
        return self

    def __exit__(self, *raised: object) -> None:
        self._steps.close()

    def stuck(self, timeout: float) -> str:
        """The URL of a download if all have received next to nothing for `timeout` seconds."""
        late = time.monotonic() - self._heard > timeout
        return next(iter(self._open.values()), "") if late else ""

    def on_populate_cache_start(self, _operation: int, package_name: str) -> int:
        self._reporter.debug(f"fetching {package_name}")
        self._fetched.append(self._urls[package_name])
        return len(self._fetched) - 1

    def on_download_start(self, cache_entry: int) -> int:
        if self._download is None:
            self._download = self._steps.enter_context(
                self._reporter.task("downloading packages", 0)
            )
        number = len(self._done)
        self._done[number] = 0
        self._open[number] = self._fetched[cache_entry]
        self._hear()
        return number

    def on_download_progress(self, download: int, progress: int, total: int | None) -> None:
        assert self._download is not None
        self._received += progress - self._done[download]
        if self._received >= _LEAST:
            self._hear()
        if self._done[download] == 0:
            self._download.grow(total or 0)
        self._download.advance(progress - self._done[download])
        self._done[download] = progress

    def on_download_completed(self, download: int) -> None:
        self._open.pop(download, None)
        self._hear()

    def _hear(self) -> None:
        self._heard, self._received = time.monotonic(), 0

    def on_link_start(self, _operation: int, package_name: str) -> int:
        self._refusal.check(package_name)
        return 0

    def on_link_complete(self, _index: int) -> None:
        self._link.advance()
