"""The engine's caches of packages and repodata."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.backends.conda.settings import Settings
from pypackage.core import user_dirs

if TYPE_CHECKING:
    from rattler import PackageCache


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache of all programs on py-rattler: `RATTLER_CACHE_DIR`, if it is set."""
    named = environ.get("RATTLER_CACHE_DIR")
    if named:
        return Path(named).absolute()
    return Path(user_dirs.cache_home(environ)) / "rattler" / "cache"


def repodata(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the repodata cache."""
    return folder(environ) / "repodata"


def package_cache(settings: Settings, environ: Mapping[str, str] = os.environ) -> PackageCache:
    """Return the package caches of `package_folders`, as py-rattler takes them."""
    from rattler import PackageCache

    return PackageCache.new_layered(list(package_folders(settings, environ)))


def package_folders(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the package caches: the settings', after `RATTLER_CACHE_DIR` if that is set."""
    folders = list(settings.package_caches)
    if environ.get("RATTLER_CACHE_DIR") or not folders:
        folders.insert(0, folder(environ) / "pkgs")
    return folders
