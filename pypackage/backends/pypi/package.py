"""A locked PyPI package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class PyPIPackage:
    """A package from PyPI: a wheel, a source archive or a commit.

    Attributes:
        name: Its normalized name.
        version: Its version.
        url: Of the wheel, or of the source archive to build (`is_source`);
            `git+URL@COMMIT` for a commit of a repository. It may hold a password,
            which is needed to fetch it and must not be shown.
        sha256: Of the file; empty if the index does not tell, and for a commit.
        requires_dist: Its requirements; known once it is installed.
        requires_python: Likewise.
    """

    name: str
    version: str
    url: str = field(repr=False)
    sha256: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""

    @property
    def is_source(self) -> bool:
        """Whether it must be built."""
        return not urlsplit(self.url).path.endswith(".whl")


def is_commit(url: str) -> bool:
    """Whether it is the URL of a commit of a repository, which needs no digest."""
    return bool(re.fullmatch(r"\w+\+.+@[0-9a-f]{40}(#subdirectory=.+)?", url))


def of_lock(place: str) -> str:
    """Convert the URL of a package in pixi's lock file to the form of PEP 508.

    Args:
        place: Such as `git+https://…?rev=v1&subdirectory=a#<commit>` or `direct+https://….whl`.
    """
    found = re.fullmatch(r"(git\+[^?#]+)(\?[^#]*)?#([0-9a-f]{40})", place)
    if not found:
        return place.removeprefix("direct+")
    folder = parse_qs((found[2] or "")[1:]).get("subdirectory", [""])[0]
    return f"{found[1]}@{found[3]}{f'#subdirectory={folder}' if folder else ''}"
