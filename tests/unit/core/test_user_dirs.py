from __future__ import annotations

import os
import pwd

import pytest

from pypackage.core import caches, user_dirs


@pytest.mark.parametrize("value", [None, "", "relative", "./here", "~/there"])
def test_folders__variable_not_absolute__is_ignored(value: str | None) -> None:
    environ = {"HOME": "/home/me"}
    if value is not None:
        environ |= {"XDG_CACHE_HOME": value, "XDG_DATA_HOME": value}
    assert user_dirs.cache(environ) == "/home/me/.cache/pypackage"
    assert str(caches.folder(environ)) == "/home/me/.cache/pypackage"
    assert user_dirs.data_home(environ) == "/home/me/.local/share"


def test_folders__absolute_variable__is_followed() -> None:
    environ = {"HOME": "/home/me", "XDG_CACHE_HOME": "/var/c", "XDG_DATA_HOME": "/var/d"}
    assert user_dirs.cache(environ) == "/var/c/pypackage"
    assert user_dirs.data_home(environ) == "/var/d"


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_home__not_set__is_the_system_s(environ: dict[str, str]) -> None:
    assert user_dirs.home(environ) == pwd.getpwuid(os.getuid()).pw_dir


def test_home__user_that_the_system_does_not_know__is_the_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)  # as containers have them
    assert user_dirs.home({}) == "/"
