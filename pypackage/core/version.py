"""The installed version of this package."""

from __future__ import annotations

import os

_DISTRIBUTION = "python-package-tools"


def installed() -> str:
    """Return the installed version; empty for a source tree that is not installed."""
    site = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    before = f"{_DISTRIBUTION.replace('-', '_')}-"
    # From the name of its .dist-info folder; importlib.metadata would take as long as all the
    # rest of `--version`.
    for name in os.listdir(site):
        if name.startswith(before) and name.endswith(".dist-info"):
            return name.removeprefix(before).removesuffix(".dist-info")
    from importlib import metadata

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return ""
