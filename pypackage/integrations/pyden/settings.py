"""Read the settings of the app: pyden.conf, in which `local` overrides `default`."""

from __future__ import annotations

import configparser
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pypackage.core import files

_DEFAULTS = "default-pys"
_MIRROR = "https://www.python.org/ftp/python"


@dataclass(frozen=True)
class Settings:
    """The settings in pyden.conf.

    Attributes:
        location: The folder of the app that contains interpreters and environments.
        optimize: Whether interpreters are built with their own optimizations.
        url: Where Python's sources are, in a folder for each version.
        proxy: The proxy for downloads; empty for none.
        distribution: The default Python version of environments.
        environment: The default environment of commands.
    """

    location: Path
    optimize: bool = False
    url: str = _MIRROR
    proxy: str = ""
    distribution: str = ""
    environment: str = ""

    def variables(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Environment variables that apply these settings to this package's commands."""
        kept = {**environ, "PYPACKAGE_PYTHON_MIRROR": self.url.rstrip("/")}
        kept["XDG_CACHE_HOME"] = str(self.location / "bin/dist")
        kept["CONDA_ENVS_PATH"] = str(self.environments)
        kept.setdefault("HOME", str(self.location))
        if self.proxy:
            kept.update(https_proxy=self.proxy, http_proxy=self.proxy)
        return kept

    @property
    def environments(self) -> Path:
        """The folder of environments."""
        return self.location / "bin/envs"

    def set_default(self, key: str, name: str) -> None:
        """Write a default into pyden.conf of the app at `location`, as PyDen does.

        Args:
            key: `distribution` or `environment`.
            name: The default; empty for none.
        """
        path = _defaults(self.location)
        conf = _read(path)
        if not conf.has_section(_DEFAULTS):
            conf.add_section(_DEFAULTS)
        conf.set(_DEFAULTS, key, name)
        text = io.StringIO()
        conf.write(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, text.getvalue().encode())


def load(app: Path) -> Settings:
    """Read the settings of an app.

    Args:
        app: Its folder; without a `location`, interpreters and environments are in the app `pyden`
            beside it.
    """
    conf = _read(app / "default/pyden.conf", app / "local/pyden.conf")
    named = conf.get("app", "location", fallback="").strip()
    location = Path(os.path.expandvars(named)) if named else app.with_name("pyden")
    defaults = _read(_defaults(location))
    optimize = conf.get("app", "optimize", fallback="").strip().lower()
    return Settings(
        location=location,
        optimize=optimize in ("1", "true", "t", "yes", "y"),
        url=conf.get("download", "url", fallback="").strip() or _MIRROR,
        proxy=conf.get("download", "proxy", fallback="").strip(),
        distribution=defaults.get(_DEFAULTS, "distribution", fallback="").strip(),
        environment=defaults.get(_DEFAULTS, "environment", fallback="").strip(),
    )


def _defaults(location: Path) -> Path:
    return location / "local/pyden.conf"


def _read(*paths: Path) -> configparser.ConfigParser:
    conf = configparser.ConfigParser(interpolation=None, strict=False, default_section="")
    conf.read(paths, encoding="utf-8-sig")
    return conf
