from __future__ import annotations

import pytest

from pypackage.backends.conda.channel_urls import Tier, qualified, resolve
from pypackage.backends.conda.condarc import Condarc

SITE = Condarc(
    channel_alias="https://mirror/conda/",
    default_channels=("https://mirror/main", "r"),
    custom_channels={"lab": "https://lab.example", "lab/deep": "/shared"},
    custom_multichannels={"all": ("lab", "bioconda")},
)


def urls(name: str, settings: Condarc) -> tuple[str, ...]:
    (tier,) = resolve([name], settings).tiers
    assert tier.name == name
    return tier.urls


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conda-forge", "https://conda.anaconda.org/conda-forge"),
        ("conda-forge/label/dev", "https://conda.anaconda.org/conda-forge/label/dev"),
        ("pkgs/main", "https://repo.anaconda.com/pkgs/main"),
        ("https://h/x", "https://h/x"),
        ("/a b/c", "file:///a%20b/c"),
    ],
)
def test_resolve__without_settings__is_conda_s_own_place(name: str, expected: str) -> None:
    assert urls(name, Condarc()) == (expected,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bioconda", ["https://mirror/conda/bioconda"]),
        ("lab", ["https://lab.example/lab"]),
        ("lab/dev", ["https://lab.example/lab/dev"]),
        ("lab/deep/x", ["file:///shared/lab/deep/x"]),
        ("labour", ["https://mirror/conda/labour"]),
        ("all", ["https://lab.example/lab", "https://mirror/conda/bioconda"]),
        ("defaults", ["https://mirror/main", "https://mirror/conda/r"]),
    ],
)
def test_resolve__by_the_site_s_settings__is_the_site_s_place(
    name: str, expected: list[str]
) -> None:
    assert urls(name, SITE) == tuple(expected)


def test_resolve__defaults_without_settings__are_conda_s_two() -> None:
    found = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
    assert urls("defaults", Condarc()) == found


def test_resolve__secrets__are_kept_apart_and_not_shown() -> None:
    settings = Condarc(channel_alias="https://me:ses%40me@h:8443/t/tok-1")
    found = resolve(["lab", "https://other/t/tok-2/x", "https://you@h2/y/", "plain"], settings)
    assert found.tiers == (
        Tier("lab", ("https://h:8443/lab",)),
        Tier("https://other/x", ("https://other/x",)),
        Tier("https://h2/y/", ("https://h2/y",)),
        Tier("plain", ("https://h:8443/plain",)),
    )
    first, second, third, fourth = found.credentials
    assert (first.host, first.login) == ("h", ("me", "ses@me"))
    assert (first.url, first.token_url) == ("https://h:8443/lab", "https://h:8443/t/tok-1/lab")
    assert (second.login, second.token_url) == (None, "https://other/t/tok-2/x")
    assert (third.login, third.token_url) == (("you", ""), "")
    assert fourth.url == "https://h:8443/plain"
    assert all(word not in repr(found) + repr(first) for word in ("ses", "tok"))


def test_resolve__folder_called_like_a_token_s_place__is_left_as_it_is() -> None:
    found = resolve(["file:///scratch/t/me/channel"], Condarc())
    assert found.tiers[0].urls == ("file:///scratch/t/me/channel",)
    assert not found.credentials


def specs(spec: str, *channels: str, settings: Condarc = SITE) -> tuple[str, list[str]]:
    """A match spec with its channel's URL, and the names of all channels."""
    found, where = qualified(
        [spec], resolve(channels, settings), settings, lambda package, url: url.endswith("main")
    )
    return found[0], [tier.name for tier in where.tiers]


@pytest.mark.parametrize(
    ("spec", "channels", "expected"),
    [
        ("numpy >=2", ["bioconda"], "numpy >=2"),
        ("bioconda::x=1", ["all"], "https://mirror/conda/bioconda::x=1"),
        ("bioconda/noarch::x", ["bioconda"], "https://mirror/conda/bioconda/noarch::x"),
        ("bioconda::x", ["https://other/bioconda"], "https://other/bioconda::x"),
        ("bioconda::x", ["/srv/a b/bioconda"], "file:///srv/a%20b/bioconda::x"),
        ("lab::x", ["lab"], "https://lab.example/lab::x"),
        ("defaults::x", ["defaults"], "https://mirror/main::x"),
        ("https://h/c::x", ["https://h/c"], "https://h/c::x"),
    ],
)
def test_qualified__channel_of_a_spec__is_known_by_its_name(
    spec: str, channels: list[str], expected: str
) -> None:
    assert specs(spec, *channels) == (expected, channels)


def test_qualified__channel_that_is_not_listed__is_added_behind() -> None:
    found = specs("lab::x", "bioconda")
    assert found == ("https://lab.example/lab::x", ["bioconda", "lab"])
