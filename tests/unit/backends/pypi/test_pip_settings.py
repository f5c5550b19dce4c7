from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi.pip_settings import as_uv_environment


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "venv").mkdir()
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    return tmp_path


def uv(home: Path, **environment: str) -> dict[str, str]:
    """What uv is told, without what this machine's own /etc/pip.conf adds."""
    given = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "none"), **environment}
    base = as_uv_environment(home / "none", {"HOME": str(home / "none"), "XDG_CONFIG_DIRS": ""})
    found = as_uv_environment(home / "venv", given)
    return {k: v for k, v in found.items() if base.get(k) != v}


def test_as_uv_environment__users_file__indexes_links_and_hosts(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://mirror/simple\nextra-index-url =\n  https://a/simple\n"
        "  https://b/simple\nfind-links = /wheels\ntrusted_host = mirror\ntimeout = 99\n"
    )
    assert uv(home) == {
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_INDEX": "https://a/simple https://b/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels",
        "UV_INSECURE_HOST": "mirror",
        "UV_HTTP_TIMEOUT": "99",
    }


def test_as_uv_environment__several_places__nearer_ones_win(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text("[install]\nindex-url = https://user\n")
    assert uv(home)["UV_DEFAULT_INDEX"] == "https://user"
    (home / "venv" / "pip.conf").write_text("[install]\nindex-url = https://venv\n")
    assert uv(home)["UV_DEFAULT_INDEX"] == "https://venv"
    (home / "named").write_text("[install]\nindex-url = https://named\n")
    assert uv(home, PIP_CONFIG_FILE=str(home / "named"))["UV_DEFAULT_INDEX"] == "https://named"
    assert uv(home, PIP_INDEX_URL="https://env")["UV_DEFAULT_INDEX"] == "https://env"


def test_as_uv_environment__uv_told_already__is_left_alone(home: Path) -> None:
    told = {"UV_INDEX_URL": "https://uv", "PIP_INDEX_URL": "https://pip"}
    assert "UV_DEFAULT_INDEX" not in uv(home, **told)


def test_as_uv_environment__switched_off_or_broken__nothing(home: Path) -> None:
    (home / ".config" / "pip" / "pip.conf").write_text("index-url = no section\n")
    assert uv(home, PIP_NO_INDEX="0") == {}
    assert as_uv_environment(home, {"HOME": str(home), "PIP_CONFIG_FILE": "/dev/null"}) == {}
