"""Resolve channel names to URLs by conda's settings.

Source: conda's documentation, "Using the .condarc conda configuration file", on channels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from pypackage.backends.conda.condarc import Condarc
from pypackage.backends.conda.platforms import PLATFORMS
from pypackage.core.urls import Credentials, credentials, redact
from pypackage.requirements.match_specs import parse_match_spec

ALIAS = "https://conda.anaconda.org"
REPOSITORY = "https://repo.anaconda.com"  # where conda looks for pkgs/main and the like
DEFAULTS = ("pkgs/main", "pkgs/r")


@dataclass(frozen=True)
class Tier:
    """Channels of the same priority: one, or all that a name such as `defaults` stands for.

    Attributes:
        name: As the user wrote it, without secrets.
        urls: Without secrets too.
    """

    name: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Channels:
    """The channels that packages may come from.

    Attributes:
        tiers: By priority.
        credentials: Logins and tokens of the channels; not in the repr.
    """

    tiers: tuple[Tier, ...]
    credentials: tuple[Credentials, ...] = field(default=(), repr=False)

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of all tiers, without secrets."""
        return tuple(url for tier in self.tiers for url in tier.urls)


def resolve(names: Sequence[str], settings: Condarc) -> Channels:
    """Resolve channels to their URLs.

    Args:
        names: Names, URLs or absolute folders, by priority.
    """
    groups = {"defaults": settings.default_channels or DEFAULTS, **settings.custom_multichannels}
    tiers = []
    secrets = []
    for name in dict.fromkeys(names):
        urls = [_url(one, settings) for one in groups.get(name, (name,))]
        tiers.append(Tier(redact(name), tuple(redact(url).rstrip("/") for url in urls)))
        secrets += [found for url in urls if (found := credentials(url))]
    return Channels(tuple(tiers), tuple(secrets))


def qualified(
    specs: Sequence[str],
    channels: Channels,
    settings: Condarc,
    has: Callable[[str, str], bool],
) -> tuple[tuple[str, ...], Channels]:
    """Replace the channel of `CHANNEL::PACKAGE` match specs by its URL.

    A channel is matched by its name, whatever its URL is (which may be that of a mirror). One that
    is not among the channels is appended with the lowest priority, as conda does.

    Args:
        specs: Match specs.
        channels: The channels that packages may come from.
        settings: Resolve names to URLs.
        has: Whether the channel of a URL has a package; called if a name stands for several.

    Returns:
        The match specs, and all channels.
    """
    found = []
    for spec in specs:
        name, colons, package = spec.strip().rpartition("::")
        if not colons:
            found.append(spec)
            continue
        base, _, subdir = name.rpartition("/")
        base, below = (base, f"/{subdir}") if subdir in (*PLATFORMS, "noarch") else (name, "")
        urls = _among(base, channels, settings)
        if not urls:
            added = resolve([base], settings)
            urls = added.urls
            tiers = (*channels.tiers, *added.tiers)
            channels = Channels(tiers, (*channels.credentials, *added.credentials))
        key = parse_match_spec(package)[0]
        url = next((one for one in urls[:-1] if has(key, one)), urls[-1])
        found.append(f"{url}{below}::{package}")
    return tuple(found), channels


def _among(name: str, channels: Channels, settings: Condarc) -> Sequence[str]:
    """Return the URLs of a channel among others: by its name, its URL, or the end of a mirror's."""
    named = [url for tier in channels.tiers if tier.name == name for url in tier.urls]
    place = [url for url in resolve([name], settings).urls if url in channels.urls]
    return named or place or [url for url in channels.urls if unquote(url).endswith(f"/{name}")]


def _url(name: str, settings: Condarc) -> str:
    if "://" in name:
        return name
    if os.path.isabs(name):
        return Path(name).as_uri()
    custom = {"pkgs": REPOSITORY, **settings.custom_channels}
    parts = name.split("/")
    beginnings = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    base = next((custom[one] for one in beginnings if one in custom), settings.channel_alias)
    if os.path.isabs(base):
        base = Path(base).as_uri()
    return f"{(base or ALIAS).rstrip('/')}/{name}"
