"""git's logins: by its environment, and for no other place."""

from __future__ import annotations

import base64

from pypackage.core.git import hide_logins, restore_login


def test_hide_logins__password__is_a_header_for_that_place_alone() -> None:
    text, env = hide_logins("a @ git+https://me:a%40b@host/x/y.git@main#subdirectory=z\n", {})
    assert text == "a @ git+https://host/x/y.git@main#subdirectory=z\n"
    header = f"Authorization: Basic {base64.b64encode(b'me:a@b').decode()}"
    assert env == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.https://host/x/y.git.extraHeader",
        "GIT_CONFIG_VALUE_0": header,
    }


def test_hide_logins__beside_the_user_s_settings__are_counted_on() -> None:
    _, env = hide_logins("https://me@a/x https://you@b/y", {"GIT_CONFIG_COUNT": "2"})
    assert env == {
        "GIT_CONFIG_COUNT": "4",
        "GIT_CONFIG_KEY_2": "credential.https://a/x.username",
        "GIT_CONFIG_VALUE_2": "me",
        "GIT_CONFIG_KEY_3": "credential.https://b/y.username",
        "GIT_CONFIG_VALUE_3": "you",
    }


def test_hide_logins__none__changes_nothing() -> None:
    for text in ("https://host/x.git", "ssh://git@host/x.git", "git@host:x.git"):
        assert hide_logins(text, {}) == (text, {})


def test_restore_login__same_place__has_it_again() -> None:
    asked = "a @ git+https://me:pw@host/x.git@main"
    commit = "git+https://host/x.git@0123"
    assert restore_login(commit, asked) == "git+https://me:pw@host/x.git@0123"
    assert restore_login("git+https://host/y.git@0123", asked) == "git+https://host/y.git@0123"
