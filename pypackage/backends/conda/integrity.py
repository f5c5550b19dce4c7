"""Checks that the engine does not do: digests of local files, and paths inside packages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pypackage.core import fingerprint
from pypackage.core.errors import InstallError
from pypackage.core.reading import parse_json

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_SUSPICIOUS = re.compile(
    rb'"_path"\s*:\s*"(?:/|[^"]*\.\.)|\\'
    rb'|"prefix_placeholder"\s*:\s*""|"file_mode"\s*:\s*"(?!(?:text|binary)")'
)
_MODES = ("text", "binary", None)


def check_local(records: Iterable[RepoDataRecord], caches: Sequence[Path]) -> None:
    """Compare packages of local channels with the digest in the channel's repodata.

    Packages in a package cache were checked when they were added to it.

    Raises:
        InstallError: A package does not match, or cannot be read.
    """
    for record in records:
        kind = "sha256" if record.sha256 else "md5"
        promised = record.sha256 or record.md5
        if not record.url.startswith("file:") or promised is None:
            continue
        if any((cache / _stem(record.file_name)).is_dir() for cache in caches):
            continue
        path = Path(unquote(urlsplit(record.url).path))
        with InstallError.wrapping("a package cannot be read", path):
            found = fingerprint.of_file(path, kind)
        if found != promised.hex():
            raise InstallError(
                f"{path} is not what its channel promises: its {kind} is {found}, "
                f"repodata.json says {promised.hex()}",
                "fetch the package anew, or index the channel again if the package is right",
            )


def fault(package: Path, name: str) -> str:
    """Return what is wrong with an unpacked package; empty if it is sound.

    Args:
        name: Its name in the channel's repodata: the engine would panic on another one.
    """
    try:
        told = parse_json((package / "info" / "index.json").read_bytes())["name"]
        if told.lower() != name:
            return f"is another package: {told}"
        listing = (package / "info" / "paths.json").read_bytes()
        if not _SUSPICIOUS.search(listing):  # 1 ms for numpy's 1,000 paths, JSON takes 4 ms
            return ""
        entries = parse_json(listing)["paths"]
        paths = [str(entry["_path"]) for entry in entries]
        for entry in entries:
            if entry.get("prefix_placeholder") == "" or entry.get("file_mode") not in _MODES:
                return f"does not say where {entry['_path']} has its prefix"
    except FileNotFoundError:
        paths = _older_listing(package)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""  # the engine refuses it with its own message
    outside = (path for path in paths if path.startswith("/") or ".." in path.split("/"))
    found = next(outside, "")
    return f"has a path that leads out of the environment: {found}" if found else ""


def _older_listing(package: Path) -> list[str]:
    """Return the paths of a package that has no paths.json."""
    try:
        return (package / "info" / "files").read_text(errors="replace").split("\n")
    except OSError:
        return []


class Refusal:
    """Refuse to link packages that are not sound; see `fault`.

    The engine has no hook between unpacking and linking, and an absolute path makes it abort the
    whole process. So a refused package is removed from the cache right before it would be linked,
    which makes linking fail.

    Attributes:
        reason: Which package was refused and why; empty if none was.
    """

    def __init__(self, records: Iterable[RepoDataRecord], caches: Sequence[Path]) -> None:
        self.reason = ""
        self._stems = {record.name.normalized: _stem(record.file_name) for record in records}
        self._caches = caches

    def check(self, name: str) -> None:
        """Check a package that is about to be linked."""
        stem = self._stems.get(name)
        for cache in self._caches if stem else ():
            if what := fault(cache / str(stem), name):
                self.reason = f"{stem} {what}"
                shutil.rmtree(cache / str(stem), ignore_errors=True)


def _stem(file_name: str) -> str:
    return re.sub(r"\.(conda|tar\.bz2)$", "", file_name)
