"""URLs as they may be shown and passed on."""

from __future__ import annotations

import re


def public(text: str) -> str:
    """A text without the credentials of the URLs in it: user, password and conda's token."""
    return re.sub(r"(?<=://)[^/@\s]+@|(?<=/)t/[^/\s]+/", "", text)
