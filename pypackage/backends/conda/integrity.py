"""Checks that the engine leaves out: digests of local files, and paths inside packages."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pypackage.core import fingerprint
from pypackage.core.errors import InstallError

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_SUSPICIOUS = re.compile(rb'"_path"\s*:\s*"(?:/|[^"]*\.\.)|\\')


def check_local(records: Iterable[RepoDataRecord], caches: Sequence[Path]) -> None:
    """Compare packages of folder channels with the digests that their channel promises.

    What is in a package cache was compared when it got there.

    Raises:
        InstallError: A package is not what its channel promises, or cannot be read.
    """
    for record in records:
        if not record.url.startswith("file:") or record.sha256 is None:
            continue
        if any((cache / _stem(record.file_name)).is_dir() for cache in caches):
            continue
        path = Path(unquote(urlsplit(record.url).path))
        try:
            found = fingerprint.of_file(path)
        except OSError as error:
            raise InstallError.of(error, "a package cannot be read", path) from error
        if found != record.sha256.hex():
            raise InstallError(
                f"{path} is not what its channel promises: its SHA-256 is {found}, "
                f"repodata.json says {record.sha256.hex()}",
                "fetch the package anew, or index the channel again if the package is right",
            )


def path_outside(package: Path) -> str:
    """The first path of an unpacked package that would lead out of the prefix; empty for none."""
    try:
        listing = (package / "info" / "paths.json").read_bytes()
        if not _SUSPICIOUS.search(listing):  # of numpy's 1,000 paths this takes 1 ms, JSON 4 ms
            return ""
        paths = [str(entry["_path"]) for entry in json.loads(listing)["paths"]]
    except FileNotFoundError:
        paths = _older_listing(package)
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # which the engine refuses in its own words
    return next((path for path in paths if path.startswith("/") or ".." in path.split("/")), "")


def _older_listing(package: Path) -> list[str]:
    """The paths of a package that has no paths.json."""
    try:
        return (package / "info" / "files").read_text(errors="replace").split("\n")
    except OSError:
        return []


class Refusal:
    """Keeps packages whose paths lead out of the prefix from being linked.

    The engine has no place for such a check: it asks nobody between unpacking and linking, and
    of an absolute path it aborts the whole process. So a package that is refused is removed
    from the cache right before it would be linked, which then fails.

    Attributes:
        reason: Which package was refused and why; empty while none was.
    """

    def __init__(self, records: Iterable[RepoDataRecord], caches: Sequence[Path]) -> None:
        self.reason = ""
        self._stems = {record.name.normalized: _stem(record.file_name) for record in records}
        self._caches = caches

    def check(self, name: str) -> None:
        """Look at a package that is about to be linked."""
        stem = self._stems.get(name)
        for cache in self._caches if stem else ():
            if path := path_outside(cache / str(stem)):
                self.reason = f"{stem} has a path that leads out of the environment: {path}"
                shutil.rmtree(cache / str(stem), ignore_errors=True)


def _stem(file_name: str) -> str:
    return re.sub(r"\.(conda|tar\.bz2)$", "", file_name)
