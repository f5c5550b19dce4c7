"""Data files that requirements name; `prefix.datasets` fetches them."""

from __future__ import annotations

from pypackage.core.typed import NamedTuple

COMPRESSIONS = ("", "gzip", "bzip2", "xz")


class Git(NamedTuple):
    """The files of a repository's commit.

    Attributes:
        name: The variable.
        remote: The repository, as `git clone` takes it.
        ref: A branch, tag or commit; by default the repository's own choice.
    """

    name: str
    remote: str
    ref: str = ""


class Http(NamedTuple):
    """A file of the web.

    Attributes:
        name: The variable.
        url: Where it is.
        kind: `file`, or `tar` for one to be unpacked.
        compression: One of `COMPRESSIONS`; that of a tar is seen by itself.
        sha256: Of what is downloaded; empty when any content will do.
    """

    name: str
    url: str
    kind: str = "file"
    compression: str = ""
    sha256: str = ""


Source = Git | Http
