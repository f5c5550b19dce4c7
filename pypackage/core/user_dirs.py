"""The user's folders, by the XDG base directory specification.

A relative path in one of its variables is invalid and ignored. Paths are strings, since `analyze`
does without pathlib, whose import takes 5 ms of its 60.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the user's home, absolute: HOME, else from the user database, else `/`."""
    named = environ.get("HOME")
    if not named:
        import pwd

        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # an arbitrary user ID in a container
            named = "/"
    return os.path.abspath(named)


def cache(environ: Mapping[str, str] = os.environ) -> str:
    """Return pypackage's cache folder: `$XDG_CACHE_HOME/pypackage`."""
    return os.path.join(cache_home(environ), "pypackage")


def cache_home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the parent of all programs' caches: XDG_CACHE_HOME, else `~/.cache`."""
    return _absolute(environ, "XDG_CACHE_HOME") or os.path.join(home(environ), ".cache")


def data_home(environ: Mapping[str, str] = os.environ) -> str:
    """Return the parent of all programs' data: XDG_DATA_HOME, else `~/.local/share`."""
    return _absolute(environ, "XDG_DATA_HOME") or os.path.join(home(environ), ".local", "share")


def _absolute(environ: Mapping[str, str], name: str) -> str:
    path = environ.get(name, "")
    return path if os.path.isabs(path) else ""
