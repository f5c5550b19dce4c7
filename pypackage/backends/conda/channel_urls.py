"""The URLs that the names of channels stand for, by conda's settings.

Source: conda's documentation, "Using the .condarc conda configuration file", on channels.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pypackage.backends.conda.condarc import Condarc
from pypackage.core.urls import Credentials, credentials, redact

ALIAS = "https://conda.anaconda.org"
REPOSITORY = "https://repo.anaconda.com"  # where conda looks for pkgs/main and its like
DEFAULTS = ("pkgs/main", "pkgs/r")


@dataclass(frozen=True)
class Tier:
    """Channels of the same rank: one, or all that a name such as `defaults` stands for.

    Attributes:
        name: As the user calls it, without secrets.
        urls: Without secrets too.
    """

    name: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Channels:
    """Where packages may come from.

    Attributes:
        tiers: The most preferred first.
        credentials: What lets one in there; not shown.
    """

    tiers: tuple[Tier, ...]
    credentials: tuple[Credentials, ...] = field(default=(), repr=False)

    @property
    def urls(self) -> tuple[str, ...]:
        """All URLs, without secrets."""
        return tuple(url for tier in self.tiers for url in tier.urls)


def resolve(names: Sequence[str], settings: Condarc) -> Channels:
    """The URLs of channels.

    Args:
        names: Names, URLs or absolute folders, the most preferred first.
    """
    groups = {"defaults": settings.default_channels or DEFAULTS, **settings.custom_multichannels}
    tiers = []
    secrets = []
    for name in dict.fromkeys(names):
        urls = [_url(one, settings) for one in groups.get(name, (name,))]
        tiers.append(Tier(redact(name), tuple(redact(url).rstrip("/") for url in urls)))
        secrets += [found for url in urls if (found := credentials(url))]
    return Channels(tuple(tiers), tuple(secrets))


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
