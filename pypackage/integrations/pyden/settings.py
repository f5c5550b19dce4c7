"""The settings of the app: pyden.conf, in which `local` counts before `default`."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MIRROR = "https://www.python.org/ftp/python"


@dataclass(frozen=True)
class Settings:
    """What is said in pyden.conf.

    Attributes:
        location: The folder of the app that holds interpreters and environments.
        optimize: Whether interpreters are built with their own optimizations.
        url: Where Python's sources are, in a folder for each version.
        proxy: For downloads; empty for none.
    """

    location: Path
    optimize: bool = False
    url: str = _MIRROR
    proxy: str = ""

    def variables(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The variables by which the commands of this package have these settings."""
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


def load(app: Path) -> Settings:
    """Read the settings of an app.

    Args:
        app: Its folder; without a `location` interpreters and environments are in the app `pyden`
            beside it.
    """
    conf = configparser.ConfigParser(interpolation=None, strict=False, default_section="")
    conf.read([app / "default/pyden.conf", app / "local/pyden.conf"], encoding="utf-8-sig")
    location = conf.get("app", "location", fallback="").strip()
    optimize = conf.get("app", "optimize", fallback="").strip().lower()
    return Settings(
        location=Path(os.path.expandvars(location)) if location else app.with_name("pyden"),
        optimize=optimize in ("1", "true", "t", "yes", "y"),
        url=conf.get("download", "url", fallback="").strip() or _MIRROR,
        proxy=conf.get("download", "proxy", fallback="").strip(),
    )
