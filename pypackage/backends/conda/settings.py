"""Settings of the engine, independent of the library behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from pypackage.core.urls import Credentials

TIMEOUT = 180
RETRIES = 3


@dataclass(frozen=True)
class Settings:
    """What holds for solving and installing alike.

    Attributes:
        platform: For which, such as `linux-aarch64`; empty for this machine's.
        channel_priority: With `strict` a package comes from the first channel that has any
            of its name (what is asked for itself: any that is as asked for), with `flexible`
            from another one where that cannot be, with `disabled` the newest is taken.
        exclude_newer: Packages published after this moment are not taken.
        offline: Use what is in the package cache, and channels that are folders, alone.
        verify: Whether certificates are checked, or a file of authorities' certificates.
        proxies: The proxy for `http` and for `https`.
        credentials: What lets one in at the channels.
        package_caches: Folders; packages go into the first that can be written to. By
            default the engine's own.
        timeout: Seconds that what is known of a channel may take, and that a package's
            download may stand still.
        retries: How often a request that failed is made again.
        system: Versions of virtual packages that count as the machine's.
    """

    platform: str = ""
    channel_priority: Literal["strict", "flexible", "disabled"] = "strict"
    exclude_newer: datetime | None = None
    offline: bool = False
    verify: bool | Path = True
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: tuple[Credentials, ...] = field(default=(), repr=False)
    package_caches: tuple[Path, ...] = ()
    timeout: int = TIMEOUT
    retries: int = RETRIES
    system: Mapping[str, str] = field(default_factory=dict)
