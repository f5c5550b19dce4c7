"""Run git without credentials on its command line, which every user can see."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

_WITH_LOGIN = re.compile(r"(?P<scheme>https?://)(?P<login>[^/\s@]+)@(?P<place>[^\s@#?]+)")


def hide_logins(
    text: str, environment: Mapping[str, str] = os.environ
) -> tuple[str, dict[str, str]]:
    """Remove the logins from the URLs in a text, and pass them to git by variables instead.

    Args:
        text: A URL, or several with other words between them.
        environment: The current variables, which may configure git too.

    Returns:
        The text, and the variables to set.
    """
    settings = [one for found in _WITH_LOGIN.finditer(text) for one in _settings(found)]
    if not settings:
        return text, {}
    first = environment.get("GIT_CONFIG_COUNT", "")
    begin = int(first) if re.fullmatch(r"\d{1,9}", first) else 0
    variables = {"GIT_CONFIG_COUNT": str(begin + len(settings))}
    for number, (key, value) in enumerate(settings, begin):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return _WITH_LOGIN.sub(r"\g<scheme>\g<place>", text), variables


def restore_login(url: str, text: str) -> str:
    """Add to a URL the login that the same URL has in a text, if it has one there."""
    for found in _WITH_LOGIN.finditer(text):
        if f"{found['scheme']}{found['place']}" in url:
            return url.replace(found["scheme"], f"{found['scheme']}{found['login']}@", 1)
    return url


def _settings(found: re.Match[str]) -> Iterator[tuple[str, str]]:
    """Yield git's settings for the login of a URL; for a mere user git looks up the password."""
    url = f"{found['scheme']}{found['place']}"
    user, colon, password = found["login"].partition(":")
    if colon:
        login = f"{unquote(user)}:{unquote(password)}".encode()
        yield f"http.{url}.extraHeader", f"Authorization: Basic {b64encode(login).decode()}"
    else:
        yield f"credential.{url}.username", unquote(user)
