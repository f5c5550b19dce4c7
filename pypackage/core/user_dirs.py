"""The user's folders, by the XDG base directory specification.

A relative path in one of its variables is invalid and ignored. Strings, since `analyze` does
without pathlib, whose import takes 5 ms of its 60.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def home(environ: Mapping[str, str] = os.environ) -> str:
    """The user's home, absolute: HOME, else what the system says, else `/`."""
    named = environ.get("HOME")
    if not named:
        import pwd

        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # a container's arbitrary user
            named = "/"
    return os.path.abspath(named)


def cache(environ: Mapping[str, str] = os.environ) -> str:
    """The folder for what can be made again: `$XDG_CACHE_HOME/pypackage`."""
    return os.path.join(cache_home(environ), "pypackage")


def cache_home(environ: Mapping[str, str] = os.environ) -> str:
    """The folder of all programs' caches: XDG_CACHE_HOME, else `~/.cache`."""
    return _absolute(environ, "XDG_CACHE_HOME") or os.path.join(home(environ), ".cache")


def data_home(environ: Mapping[str, str] = os.environ) -> str:
    """The folder of all programs' data: XDG_DATA_HOME, else `~/.local/share`."""
    return _absolute(environ, "XDG_DATA_HOME") or os.path.join(home(environ), ".local", "share")


def _absolute(environ: Mapping[str, str], name: str) -> str:
    path = environ.get(name, "")
    return path if os.path.isabs(path) else ""
