"""Remove credentials from URLs, and extract them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

LOCAL = "file:///local"  # stands for the URL of a channel that is a folder on this machine

# A file URL has no secrets, and a folder may well be called `t`.
_FOLDER = r"(file:\S+)"
_TOKEN = r"(?<=/)t/[^/\s]+(?:/|(?=\s|$))"
_LOGIN = r"(?<=://)[^/\s]+@"
_WORDS = "auth|credential|key|password|secret|sig|token"
_QUERY = rf"([?&][^=&#\s]*(?:{_WORDS})[^=&#\s]*=)[^&#\s]+"


def scheme(url: str) -> str:
    """Return the scheme of a URL, such as `https`; empty if it is not valid."""
    try:
        return urlsplit(url).scheme
    except ValueError:  # brackets around what is no IPv6 address
        return ""


def redact(text: str) -> str:
    """Remove the credentials of the URLs in a text.

    These are users, passwords, conda's tokens, and values of query keys named like secrets.
    """
    hidden = rf"{_FOLDER}|{_QUERY}"
    return re.sub(hidden, lambda found: found[1] or f"{found[2]}***", _bare(text), flags=re.I)


def _bare(text: str) -> str:
    return re.sub(rf"{_FOLDER}|{_LOGIN}|{_TOKEN}", r"\1", text)


@dataclass(frozen=True, repr=False)
class Credentials:
    """The credentials in a URL; not in the repr.

    Attributes:
        url: The URL without its secrets.
        host: Its host, without the port.
        login: User and password; None without.
        token_url: The URL with conda's token (`/t/TOKEN/`) in it; empty without one.
    """

    url: str
    host: str
    login: tuple[str, str] | None
    token_url: str


def credentials(url: str) -> Credentials | None:
    """Extract the secrets of a URL; None if there are none, or it is not valid."""
    shown = _bare(url).rstrip("/")
    if shown == url.rstrip("/"):
        return None
    if not scheme(url):
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
