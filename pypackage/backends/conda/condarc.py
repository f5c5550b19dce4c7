"""Conda's own settings: channels, folders, network and caches.

Lists and tables of several files are merged, those of higher priority first; of a single value,
the one of the highest priority is taken, as conda does it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from pypackage.backends.conda.condarc_files import ENVIRONMENT, Source, home, sources
from pypackage.core.errors import RequirementsError

__all__ = ["Condarc", "envs_folder", "forget", "home", "known_environments", "load"]
__all__ += ["register"]

PRIORITIES = ("strict", "flexible", "disabled")


@dataclass(frozen=True)
class Condarc:
    """The settings that matter here; channels and proxies (with passwords) are not in the repr.

    Attributes:
        channels: Names, URLs or folders; empty if none are set.
        channel_alias: The URL that a channel's name is appended to; empty for conda's own.
        default_channels: What the name `defaults` stands for; empty for conda's own.
        custom_channels: The base URLs of some channels, by name or first parts of the name.
        custom_multichannels: Names that stand for several channels.
        envs_dirs: Folders that hold environments by name.
        pkgs_dirs: Package caches; packages are written to the first writable one.
        channel_priority: One of `PRIORITIES`, or empty.
        ssl_verify: Whether certificates are verified, or a file of CA certificates.
        proxies: The proxy for `http` and for `https`.
        offline: Whether the network is not to be used.
        read_timeout: Seconds to wait for an answer (`remote_read_timeout_secs`).
        retries: How often a failed request is repeated (`remote_max_retries`).
    """

    channels: tuple[str, ...] = field(default=(), repr=False)
    channel_alias: str = field(default="", repr=False)
    default_channels: tuple[str, ...] = field(default=(), repr=False)
    custom_channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    custom_multichannels: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    envs_dirs: tuple[Path, ...] = ()
    pkgs_dirs: tuple[Path, ...] = ()
    channel_priority: Literal["strict", "flexible", "disabled", ""] = ""
    ssl_verify: bool | Path = True
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    offline: bool = False
    read_timeout: int | None = None
    retries: int | None = None


def load(environ: Mapping[str, str] = os.environ) -> Condarc:
    """Read all settings that conda would read: files and CONDA_ variables.

    Raises:
        RequirementsError: A file is not valid YAML, or a setting is of the wrong type; the
            message names file and key.
    """
    settings = _Settings(sources(environ), environ)
    proxies = settings.table("proxy_servers")
    lists = {key: settings.strings(key) for key in ("channels", "default_channels")}
    return Condarc(
        channels=lists["channels"],
        channel_alias=settings.text("channel_alias"),
        default_channels=lists["default_channels"],
        custom_channels=settings.table("custom_channels"),
        custom_multichannels=settings.lists("custom_multichannels"),
        envs_dirs=settings.folders("envs_dirs", "envs_path"),
        pkgs_dirs=settings.folders("pkgs_dirs"),
        channel_priority=cast(Any, settings.priority()),
        ssl_verify=settings.verification(),
        proxies={scheme: proxies[scheme] for scheme in ("http", "https") if scheme in proxies},
        offline=settings.flag("offline"),
        read_timeout=settings.number("remote_read_timeout_secs"),
        retries=settings.number("remote_max_retries"),
    )


def envs_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of named environments.

    CONDA_ENVS_PATH (or CONDA_ENVS_DIRS) comes first, then `envs_dirs`, then `~/.conda/envs`.
    """
    for variable in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        first = environ.get(variable, "").split(os.pathsep)[0]
        if first:
            return _folder(_expanded(first, environ), environ)
    return next(iter(load(environ).envs_dirs), home(environ) / ".conda" / "envs")


def known_environments(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the prefixes that conda knows, which `conda env list` shows.

    Source: conda keeps them, one a line, in `~/.conda/environments.txt`.
    """
    try:
        text = _known(environ).read_text("utf-8", "surrogateescape")
    except OSError:
        return []
    return [Path(line) for line in text.splitlines() if line.strip()]


def register(prefix: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Register an environment with conda."""
    known = _known(environ)
    known.parent.mkdir(parents=True, exist_ok=True)
    with known.open("a+", encoding="utf-8", errors="surrogateescape") as file:
        file.seek(0)
        text = file.read()
        if str(prefix) not in text.splitlines():
            file.write(("" if text.endswith("\n") or not text else "\n") + f"{prefix}\n")


def forget(prefix: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Undo a `register`, such as conda's own for an environment that was moved since."""
    known = known_environments(environ)
    if prefix in known:
        text = "".join(f"{one}\n" for one in known if one != prefix)
        _known(environ).write_text(text, "utf-8", "surrogateescape")


def _known(environ: Mapping[str, str]) -> Path:
    return home(environ) / ".conda" / "environments.txt"


def _folder(name: str, environ: Mapping[str, str]) -> Path:
    if name == "~" or name.startswith("~/"):
        name = str(home(environ)) + name[1:]
    return Path(os.path.abspath(name))


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    """Replace `$NAME` and `${NAME}` in a text; variables that are not set stay as they are."""
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+))", lambda found: environ.get(found[1] or found[2], found[0]), text
    )


class _Settings:
    """The values that several sources, by ascending priority, set for a key."""

    def __init__(self, places: Sequence[Source], environ: Mapping[str, str]) -> None:
        self._places = places
        self._environ = environ

    def strings(self, *keys: str, separator: str = ",") -> tuple[str, ...]:
        """Return the merged lists, highest priority first; a string is a list of one."""
        found: list[str] = []
        for key, source, value in self._said(*keys):
            if isinstance(value, str):
                value = value.split(separator) if source.name == ENVIRONMENT else [value]
            found = [*self._listed(key, source, value), *found]
        return tuple(dict.fromkeys(one.strip() for one in found if one.strip()))

    def folders(self, *keys: str) -> tuple[Path, ...]:
        """Return a list of folders, as absolute paths."""
        names = self.strings(*keys, separator=os.pathsep)
        return tuple(_folder(name, self._environ) for name in names)

    def text(self, key: str) -> str:
        """Return the string of the highest priority; empty if there is none."""
        found = ""
        for _, source, value in self._said(key):
            if not isinstance(value, str):
                raise _invalid(source, key, "a string")
            found = _expanded(value, self._environ)
        return found

    def flag(self, key: str) -> bool:
        """Return the boolean of the highest priority."""
        found = False
        for _, source, value in self._said(key):
            given = _as_flag(value)
            if given is None:
                raise _invalid(source, key, "true or false")
            found = given
        return found

    def number(self, key: str) -> int | None:
        """Return the number of the highest priority, rounded up."""
        found = None
        for _, source, value in self._said(key):
            try:
                found = math.ceil(float(value))
                found.to_bytes(4, "big")  # as the engine holds it
            except (TypeError, ValueError, OverflowError):
                raise _invalid(source, key, "a number that is not negative") from None
        return found

    def table(self, key: str) -> dict[str, str]:
        """Return the merged tables; of an entry, the value of the highest priority is taken."""
        found: dict[str, str] = {}
        for _, source, value in self._said(key):
            for name, one in _items(key, source, value):
                if not isinstance(one, str):
                    raise _invalid(source, f"{key}.{name}", "a string")
                found[name] = _expanded(one, self._environ)
        return found

    def lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return the merged tables of lists, likewise."""
        found: dict[str, tuple[str, ...]] = {}
        for _, source, value in self._said(key):
            for name, one in _items(key, source, value):
                listed = [one] if isinstance(one, str) else one
                found[name] = tuple(self._listed(f"{key}.{name}", source, listed))
        return found

    def priority(self) -> str:
        """Return `channel_priority`, which was a boolean in old versions."""
        found = ""
        for key, source, value in self._said("channel_priority"):
            flag = _as_flag(value)
            former = "flexible" if flag else "disabled"
            found = str(value).lower() if flag is None else former
            if found not in PRIORITIES:
                raise _invalid(source, key, f"one of {', '.join(PRIORITIES)}")
        return found

    def verification(self) -> bool | Path:
        """Return `ssl_verify`: a boolean or a file; `truststore` is the system's, our default."""
        found: bool | Path = True
        for key, source, value in self._said("ssl_verify", "verify_ssl"):
            given = True if value == "truststore" else _as_flag(value)
            if given is not None:
                found = given
            elif isinstance(value, str):
                found = _folder(_expanded(value, self._environ), self._environ)
                if not found.exists():
                    raise _invalid(source, key, "true, false or a file that exists")
            else:
                raise _invalid(source, key, "true, false or a file of certificates")
        return found

    def _said(self, *keys: str) -> list[tuple[str, Source, Any]]:
        """Return the sources that set a key or one of its aliases."""
        return [
            (key, source, source.values[key])
            for source in self._places
            for key in keys
            if source.values.get(key) not in (None, "")
        ]

    def _listed(self, key: str, source: Source, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _invalid(source, key, "a list of strings")
        return [_expanded(item, self._environ) for item in value]


def _as_flag(value: object) -> bool | None:
    words = {"true": True, "yes": True, "on": True, "1": True, "y": True}
    words |= {"false": False, "no": False, "off": False, "0": False, "n": False}
    return words.get(str(value).lower()) if isinstance(value, bool | int | str) else None


def _items(key: str, source: Source, value: object) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise _invalid(source, key, "a table of names and values")
    return list(value.items())


def _invalid(source: Source, key: str, expected: str) -> RequirementsError:
    """Say where the invalid value is, but not the value: it may hold a password."""
    if source.name == ENVIRONMENT:
        return RequirementsError(f"CONDA_{key.upper()}: expected {expected}")
    return RequirementsError(f"{source.name}: {key}: expected {expected}")
