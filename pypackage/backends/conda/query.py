"""Look up the versions of a package in a channel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pypackage.backends.conda import caches, offline
from pypackage.backends.conda.channel_urls import Tier
from pypackage.backends.conda.network import connected
from pypackage.backends.conda.runtime import message, run
from pypackage.backends.conda.settings import Settings
from pypackage.core import limits, platforms
from pypackage.core.errors import SolveError

if TYPE_CHECKING:
    from rattler import GatewayQueryResult


def versions(name: str, tier: Tier, settings: Settings) -> list[str]:
    """Return the versions of a package in channels of the same priority, oldest first.

    Raises:
        SolveError: They cannot be read.
        OSError, MemoryError: The limits of this process are too low.
    """
    from rattler.exceptions import GatewayError, InvalidChannelError, InvalidUrlError

    limits.check()
    try:
        found = _query(name, tier, settings)
    except (GatewayError, InvalidChannelError, InvalidUrlError, OSError) as error:
        raise SolveError(f"cannot read the channel {tier.name}", message(error)) from None
    limit = settings.exclude_newer
    records = [record for records in found for record in records]
    kept = {
        record.version
        for record in records
        if not (limit and record.timestamp and record.timestamp > limit)
    }
    return [str(version) for version in sorted(kept)]


def _query(name: str, tier: Tier, settings: Settings) -> GatewayQueryResult:
    from rattler import Gateway, Subdir

    subdirs = [Subdir(settings.platform or platforms.here()), Subdir("noarch")]
    if settings.offline:
        memory = offline.Memory(lambda record: True)
        sources = memory.sources([tier])
        gateway = Gateway(cache_dir=caches.repodata())
        return run(lambda: gateway.query(sources, subdirs, [name], recursive=False))
    with connected(settings, settings.timeout) as client:
        gateway = Gateway(cache_dir=caches.repodata(), client=client)
        query = partial(gateway.query, tier.urls, subdirs, [name], recursive=False)
        return run(query, settings.timeout)
