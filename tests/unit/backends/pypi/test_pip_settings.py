from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi.pip_settings import as_arguments, as_uv_environment, to_build


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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PIP_PRE": "1"}, {"UV_PRERELEASE": "allow"}),
        ({"PIP_PRE": "false"}, {}),
        ({"PIP_TIMEOUT": "7.5"}, {"UV_HTTP_TIMEOUT": "7"}),
        ({"PIP_DEFAULT_TIMEOUT": "0.5"}, {"UV_HTTP_TIMEOUT": "1"}),
        ({"PIP_RETRIES": "0"}, {"UV_HTTP_RETRIES": "0"}),
        ({"PIP_RETRIES": "none"}, {}),
        ({"PIP_PYPI_URL": "https://a"}, {"UV_DEFAULT_INDEX": "https://a"}),
        ({"PIP_KEYRING_PROVIDER": "import"}, {"UV_KEYRING_PROVIDER": "subprocess"}),
        ({"PIP_KEYRING_PROVIDER": "auto"}, {}),
        ({"PIP_BUILD_CONSTRAINT": "a b"}, {"UV_BUILD_CONSTRAINT": "a b"}),
        ({"PIP_CLIENT_CERT": "/me.pem"}, {"SSL_CLIENT_CERT": "/me.pem"}),
        ({"PIP_CERT": "/ca.pem", "SSL_CERT_FILE": "/all.pem"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"PIP_TARGET": "/x", "PIP_USER": "1", "PIP_PREFIX": "/x", "PIP_REQUIRE_HASHES": "1"}, {}),
    ],
)
def test_as_uv_environment__each_option__in_uv_s_words(
    home: Path, given: dict[str, str], expected: dict[str, str]
) -> None:
    assert uv(home, **given) == expected


def test_as_uv_environment__options_of_a_file__go_before_and_beside_what_is_configured(
    home: Path,
) -> None:
    environment = {
        "HOME": str(home),
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_DEFAULT_INDEX": "https://uv",
        "PIP_EXTRA_INDEX_URL": "https://a",
    }
    given = ["--index-url=https://me:pw@file", "--extra-index-url=https://b", "--pre"]
    given.append(f"--find-links={home}/a b")
    assert as_uv_environment(home, environment, given) == {
        "UV_DEFAULT_INDEX": "https://me:pw@file",
        "UV_INDEX": "https://a https://b",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": f"{home.as_uri()}/a%20b",
        "UV_PRERELEASE": "allow",
    }


@pytest.mark.parametrize(
    ("given", "sdists", "expected"),
    [
        ({}, False, ["--only-binary=:all:"]),
        ({}, True, []),
        ({"PIP_NO_BINARY": "a,b"}, True, ["--no-binary=a", "--no-binary=b"]),
        ({"PIP_ONLY_BINARY": "a"}, True, ["--only-binary=a"]),
        ({"PIP_ONLY_BINARY": "a"}, False, ["--only-binary=:all:"]),
        ({"PIP_NO_BINARY": "a"}, False, ["--only-binary=:all:"]),
    ],
)
def test_as_arguments__builds__as_pip_is_configured_and_sdists_are_allowed(
    home: Path, given: dict[str, str], sdists: bool, expected: list[str]
) -> None:
    environment = {"HOME": str(home), "PIP_CONFIG_FILE": "/dev/null", **given}
    assert as_arguments(home, environment, sdists=sdists) == expected


@pytest.mark.parametrize(
    ("configured", "given", "expected"),
    [
        ("A_b, c", (), ("a-b", "c")),
        ("a", ("--no-binary=b,c", "--index-url=x"), ("a", "b", "c")),
        ("a", ("--no-binary=:none:", "--no-binary=b"), ("b",)),
        ("", ("--no-binary=:all:",), (":all:",)),
    ],
)
def test_to_build__configuration_and_requirements__are_joined(
    home: Path, configured: str, given: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    environment = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_BINARY": configured}
    assert to_build(home, environment, given) == expected
