"""Data files that requirements name; `prefix.datasets` fetches them."""

from __future__ import annotations

from pypackage.core.typed import NamedTuple

COMPRESSIONS = ("", "gzip", "bzip2", "xz")


class Git(NamedTuple):
    """The files of a repository's commit.

    Attributes:
        name: The variable for their path.
        remote: The repository, as `git clone` takes it.
        ref: A branch, tag or commit; by default the repository's default branch.
    """

    name: str
    remote: str
    ref: str = ""


class Http(NamedTuple):
    """A file on the web.

    Attributes:
        name: The variable for its path.
        url: Its URL.
        kind: `file`, or `tar` for one to be unpacked.
        compression: One of `COMPRESSIONS`; that of a tar is detected.
        sha256: Of the download; empty if any content is accepted.
    """

    name: str
    url: str
    kind: str = "file"
    compression: str = ""
    sha256: str = ""


Source = Git | Http
