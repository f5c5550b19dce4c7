"""What is available without a network: cached repodata and the package cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pypackage.backends.conda import caches
from pypackage.backends.conda.channel_urls import Tier
from pypackage.backends.conda.runtime import run, source
from pypackage.backends.conda.settings import Settings
from pypackage.core.errors import PackageError, SolveError

if TYPE_CHECKING:
    from rattler import Gateway, PackageName, RepoDataRecord, Subdir

Predicate = Callable[["RepoDataRecord"], bool]


def presence(settings: Settings) -> Predicate:
    """Return a test of whether a package can be installed without a network."""
    held = run(caches.package_cache(settings).index).contains_record
    return lambda record: _is_local(record.url) or held(record)


@dataclass
class Memory:
    """Channels as they were when their repodata was last fetched.

    Attributes:
        wanted: Which of their packages are visible.
        asked: The names of the packages that were queried.
        known: Those of them for which a channel had cached repodata.
    """

    wanted: Predicate
    asked: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def sources(self, tiers: Sequence[Tier]) -> list[Any]:
        """Return the solver's sources; channels that are folders are read directly."""
        from rattler import Gateway, SourceConfig

        no_network = SourceConfig(cache_action="force-cache-only")
        gateway = Gateway(cache_dir=caches.repodata(), default_config=no_network)
        return [
            source(
                tier.name,
                [url if _is_local(url) else _Remembered(url, gateway, self) for url in tier.urls],
            )
            for tier in tiers
        ]


@dataclass(frozen=True)
class _Remembered:
    """One channel (the library's `RepoDataSource`)."""

    url: str
    gateway: Gateway
    memory: Memory

    async def fetch_package_records(
        self, platform: Subdir, name: PackageName
    ) -> list[RepoDataRecord]:
        """Return the visible records of a package."""
        from rattler.exceptions import GatewayError

        self.memory.asked.add(name.normalized)
        try:
            found = await self.gateway.query(
                [self.url], [platform], [name.normalized], recursive=False
            )
        except GatewayError:
            return []
        self.memory.known.add(name.normalized)
        return [record for records in found for record in records if self.memory.wanted(record)]

    def package_names(self, platform: Subdir) -> list[str]:
        """Return no names: the solver looks up by name what it needs."""
        return []


def unsolved(said: str, memory: Memory) -> SolveError:
    """Return the error for requirements without a solution in all of the cached repodata."""
    names = sorted(memory.asked - memory.known)
    known = f"nothing is remembered of: {', '.join(names)}\n" if names else ""
    return SolveError("the requirements cannot be satisfied offline", f"{said}\n{known}{_WAYS}")


def missing(
    records: Iterable[RepoDataRecord], kind: type[PackageError] = SolveError
) -> PackageError:
    """Return the error that names the packages that would have to be fetched."""
    files = ", ".join(sorted(record.file_name for record in records))
    return kind(f"not in the package cache, and this is offline: {files}", _WAYS)


_WAYS = (
    "create it once with the network, which fills the cache, or copy one here and set "
    "RATTLER_CACHE_DIR;\na channel that is a folder, and '-c host', need no network"
)


def _is_local(url: str) -> bool:
    return url.startswith("file:")
