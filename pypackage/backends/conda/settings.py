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
    """The settings of both solving and installing.

    Attributes:
        platform: The target, such as `linux-aarch64`; empty for this machine's.
        channel_priority: With `strict` a package comes from the first channel that has its name
            (a requested one: that has a match for it), with `flexible` from another one if
            that is impossible, with `disabled` the newest is taken.
        exclude_newer: Packages published after this moment are ignored.
        offline: Use only the package cache and channels that are folders.
        verify: Whether certificates are verified, or a file of CA certificates.
        proxies: The proxy for `http` and for `https`.
        credentials: Logins and tokens of the channels.
        package_caches: Folders; packages are written to the first writable one. By
            default the engine's own.
        timeout: Seconds that fetching the channels' repodata may take, retries included, and
            in which the downloads of packages may receive next to nothing.
        retries: How often a failed request is repeated.
        system: Versions of virtual packages that replace the machine's.
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
