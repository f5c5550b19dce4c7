"""Locate `file://` packages of a lock on this machine, by file name and SHA-256."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pypackage.backends.lock import Lock
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core import fingerprint
from pypackage.core.errors import InstallError
from pypackage.core.urls import LOCAL

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def relocate_local(locked: Lock, channels: Sequence[Path], links: Sequence[Path]) -> Lock:
    """Return a lock whose local packages have their paths on this machine.

    Conda packages that are in none of the folders are left as they are: the engine may have
    them in its cache.

    Args:
        locked: A lock.
        channels: Channel folders on this machine, with a folder for each platform.
        links: Folders of wheels.

    Raises:
        InstallError: A package in them is not the locked one, or a wheel is in none of them.
    """
    return replace(
        locked,
        records=tuple(_of_record(one, channels) for one in locked.records),
        wheels=tuple(_of_wheel(one, links) for one in locked.wheels),
    )


def check_found(locked: Lock) -> None:
    """Check that all local conda packages were found.

    Raises:
        InstallError: Some were not.
    """
    lost = [record.name.normalized for record in locked.records if _is_local(record)]
    if lost:
        raise InstallError(
            f"the lock has packages from a folder of another machine: {', '.join(lost)}",
            "name the channel's folder by -c; those of the host channel are in the cache of the "
            "machine that made the lock",
        )


def folder_of(url: str) -> Path:
    """Return the folder that a `file://` URL names."""
    return Path(unquote(urlsplit(url).path))


def _is_local(package: RepoDataRecord | PyPIPackage) -> bool:
    return package.url.startswith(f"{LOCAL}/")


def _of_record(record: RepoDataRecord, folders: Sequence[Path]) -> RepoDataRecord:
    from rattler import RepoDataRecord

    if not _is_local(record):
        return record
    platform, name = unquote(urlsplit(record.url).path).split("/")[-2:]
    digest = record.sha256.hex() if record.sha256 else ""
    found = _found([folder / platform for folder in folders], name, digest)
    if found is None:
        return record
    return RepoDataRecord(record, record.file_name, found.as_uri(), found.parent.parent.as_uri())


def _of_wheel(wheel: PyPIPackage, folders: Sequence[Path]) -> PyPIPackage:
    if not _is_local(wheel):
        return wheel
    name = unquote(urlsplit(wheel.url).path).rpartition("/")[2]
    found = _found(folders, name, wheel.sha256)
    if found is None:
        raise InstallError(
            f"the lock has {name} from a folder of another machine",
            "name one that has it by PIP_FIND_LINKS, or as find-links in pip's configuration",
        )
    return replace(wheel, url=found.as_uri())


def _found(folders: Sequence[Path], name: str, digest: str) -> Path | None:
    there = [folder / name for folder in folders if (folder / name).is_file()]
    fitting: Iterator[Path] = (one for one in there if digest in ("", fingerprint.of_file(one)))
    found = next(fitting, None)
    if there and not found:
        raise InstallError(
            f"{there[0]} is not the package that was locked: its sha256 differs",
            "it was built again since; create the lock again as well",
        )
    return found.absolute() if found else None
