"""URLs as they may be shown and passed on, and the credentials in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

LOCAL = "file:///local"  # stands for the URL of a channel that is a folder of this machine

# A URL of a folder has no secrets, and a folder may well be called `t`.
_FOLDER = r"(file:\S+)"
_TOKEN = r"(?<=/)t/[^/\s]+(?:/|(?=\s|$))"
_LOGIN = r"(?<=://)[^/\s]+@"
_WORDS = "auth|credential|key|password|secret|sig|token"
_QUERY = rf"([?&][^=&#\s]*(?:{_WORDS})[^=&#\s]*=)[^&#\s]+"


def redact(text: str) -> str:
    """A text without the credentials of the URLs in it.

    These are users, passwords and conda's tokens, and what a query gives by the name of such.
    """
    return re.sub(rf"{_FOLDER}|{_QUERY}", _hidden, _bare(text), flags=re.I)


def _hidden(found: re.Match[str]) -> str:
    return found[1] or f"{found[2]}***"


def _bare(text: str) -> str:
    return re.sub(rf"{_FOLDER}|{_LOGIN}|{_TOKEN}", r"\1", text)


@dataclass(frozen=True, repr=False)
class Credentials:
    """What lets one in at the place of a URL; never shown.

    Attributes:
        url: The URL without its secrets.
        host: Its host, without the port.
        login: User and password; empty without.
        token_url: The URL with conda's token (`/t/TOKEN/`) in it; empty without one.
    """

    url: str
    host: str
    login: tuple[str, str] | None
    token_url: str


def credentials(url: str) -> Credentials | None:
    """The secrets in a URL; None when there are none."""
    shown = _bare(url).rstrip("/")
    if shown == url.rstrip("/"):
        return None
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    token_url = urlunsplit(bare) if re.search(_TOKEN, parts.path) else ""
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    return Credentials(
        url=shown,
        host=parts.hostname or "",
        login=login if "@" in parts.netloc else None,
        token_url=token_url.rstrip("/"),
    )
