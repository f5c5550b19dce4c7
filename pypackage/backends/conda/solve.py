"""Solve for the packages of an environment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pypackage.backends.conda import caches, offline
from pypackage.backends.conda.channel_urls import Tier
from pypackage.backends.conda.network import connected
from pypackage.backends.conda.platforms import virtual_packages
from pypackage.backends.conda.runtime import message, run, source
from pypackage.backends.conda.settings import Settings
from pypackage.core import platforms
from pypackage.core.errors import ChannelError, RequirementsError, SolveError

if TYPE_CHECKING:
    from rattler import Gateway, RepoDataRecord


def solve(
    specs: Sequence[str],
    tiers: Sequence[Tier],
    settings: Settings,
    constraints: Sequence[str] = (),
) -> list[RepoDataRecord]:
    """Solve for the packages of an environment.

    Args:
        specs: Match specs, such as `numpy>=2,<3`.
        tiers: The channels, by priority.
        constraints: Match specs that restrict what is chosen, and request nothing.

    Returns:
        The records of all packages, dependencies included, sorted by name.

    Raises:
        RequirementsError: A match spec is not valid.
        SolveError: The specs conflict or no channel has what they request, with the
            solver's explanation; or a channel cannot be read.
    """
    asked = _Asked(
        [_match_spec(spec) for spec in specs], [_match_spec(spec) for spec in constraints]
    )
    records = (_offline if settings.offline else _online)(asked, tiers, settings)
    return sorted(records, key=lambda record: record.name.normalized)


class _Asked(NamedTuple):
    """Parsed match specs: what is requested, and what only constrains."""

    specs: Sequence[Any]
    constraints: Sequence[Any]


def _online(asked: _Asked, tiers: Sequence[Tier], settings: Settings) -> list[RepoDataRecord]:
    """Solve with the channels' current repodata."""
    from rattler import Gateway
    from rattler.exceptions import (
        GatewayError,
        InvalidChannelError,
        InvalidUrlError,
        SolverError,
    )

    try:
        with connected(settings, settings.timeout) as client:
            gateway = Gateway(cache_dir=caches.repodata(), client=client)
            sources = [source(tier.name, tier.urls) for tier in tiers]
            _read_indexes(sources, gateway, settings)
            return _solve(asked, sources, gateway, settings)
    except SolverError as error:
        raise SolveError("the requirements cannot be satisfied together", message(error)) from None
    except (GatewayError, InvalidChannelError, InvalidUrlError, OSError) as error:
        said = message(error).splitlines()
        told = "\n".join(dict.fromkeys([*said[:1], *said[-1:]]))
        raise ChannelError(
            f"cannot read the channels {', '.join(tier.name for tier in tiers)}",
            f"{told}\n{_meant(tiers)}check the channel's name and the network; "
            "without one, '-c host' takes what is installed here",
        ) from None


def _read_indexes(sources: Sequence[Any], gateway: Gateway, settings: Settings) -> None:
    """Let the gateway read the channels' indexes within the time that is set for them.

    The client's own limit is for each of up to eight requests, since it retries.
    """
    nothing = ["pypackage-of-no-channel"]  # without any name, it reads nothing
    subdirs = _subdirs(settings)
    run(lambda: gateway.query(sources, subdirs, nothing, recursive=False), settings.timeout)


_KNOWN = ("conda-forge", "bioconda", "defaults", "nvidia", "pytorch", "host")


def _meant(tiers: Sequence[Tier]) -> str:
    """Return a line that suggests the known channel that a misspelled name may mean."""
    from difflib import get_close_matches

    unknown = (tier.name for tier in tiers if tier.name not in _KNOWN)
    near = [one for name in unknown for one in get_close_matches(name.lower(), _KNOWN, 1, 0.7)]
    return f"did you mean {near[0]}?\n" if near else ""


def _offline(asked: _Asked, tiers: Sequence[Tier], settings: Settings) -> list[RepoDataRecord]:
    """Solve with the packages in the cache; on failure, name those that are missing there."""
    from rattler.exceptions import GatewayError, SolverError

    present = offline.presence(settings)
    memory = offline.Memory(lambda record: True)
    try:
        return _solve(asked, offline.Memory(present).sources(tiers), None, settings)
    except (SolverError, GatewayError):
        pass  # all cached repodata may tell more clearly what is missing
    try:
        records = _solve(asked, memory.sources(tiers), None, settings)
    except (SolverError, GatewayError) as error:
        raise offline.unsolved(message(error), memory) from None
    raise offline.missing([record for record in records if not present(record)])


def _solve(
    asked: _Asked, sources: Sequence[Any], gateway: Gateway | None, settings: Settings
) -> list[RepoDataRecord]:
    import rattler

    return run(
        lambda: rattler.solve(
            sources,
            asked.specs,
            constraints=asked.constraints,
            gateway=gateway,
            platforms=_subdirs(settings),
            virtual_packages=virtual_packages(settings.platform, settings.system),
            channel_priority=rattler.ChannelPriority[settings.channel_priority.capitalize()],
            exclude_newer=settings.exclude_newer,
            # Packages without a timestamp are older than timestamps.
            timestamp_policy="allow-missing",
        )
    )


def _subdirs(settings: Settings) -> list[Any]:
    from rattler import Subdir

    return [Subdir(settings.platform or platforms.here()), Subdir("noarch")]


def _match_spec(spec: str) -> Any:
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError

    if re.search(r"build_number\W*\d{20}", spec):  # the engine would panic
        raise RequirementsError(f"{spec!r} is not a match spec", "such a number has no build")
    try:
        return MatchSpec(spec)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise RequirementsError(
            f"{spec!r} is not a match spec", f"{error}; write it like 'numpy>=2,<3'"
        ) from error
