"""Find the parts that an archive consists of, in archives or in files of their own.

A part is a gzip member, identified by its SHA-256 digest. A whole archive contains all of its
parts, a thin archive some, and a layers folder each as a file, `parts/SHA256.tar.gz`, beside the
manifest. All have the same manifest, and so the same environment id.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import head, manifest
from pypackage.archive.manifest import Member
from pypackage.core.errors import InputPathError
from pypackage.core.reading import parse_json

FOLDER = "parts"  # beside the manifest of a layers folder
MANIFEST = "manifest.json"  # the manifest's name in a folder with one environment
PAYLOAD = re.compile(rb"#!/bin/sh\n# python_package_run payload (\d+) ")

_WHAT = "name an archive (.tar.gz or .sh), a layers folder or its manifest"


@dataclass(frozen=True)
class Parts:
    """The parts of an environment, and those that are available.

    Attributes:
        path: Where the manifest was read.
        text: The manifest, which may be padded with empty lines.
        members: All parts, in order.
        held: The file and offset of each available part, by digest.
    """

    path: Path
    text: bytes
    members: tuple[Member, ...]
    held: Mapping[str, tuple[Path, int]]

    @property
    def environment_id(self) -> str:
        """The digest of the environment's content."""
        return manifest.identity(self.text)

    @property
    def size(self) -> int:
        """The size in bytes of the whole archive that it is, or would be."""
        last = self.members[-1]
        return last.offset + last.length


def file_name(digest: str) -> str:
    """A part's file name in a layers folder."""
    return f"{digest}.tar.gz"


def read(path: Path) -> Parts:
    """Find the parts of an archive, a layers folder, a thin archive or a manifest.

    Raises:
        InputPathError: It does not exist, or has no parts.
    """
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise InputPathError(f"no such archive: {path}") from error
    except OSError as error:
        raise InputPathError.of(error, "cannot read the archive", path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputPathError(f"{path} has no parts to compare or reuse", _WHAT) from error


def _read(path: Path) -> Parts:
    if layers := manifest_of(path):
        return _of_manifest(layers)
    if path.is_dir():  # an unpacked environment
        return _of_manifest(path / manifest.PATH)
    with path.open("rb") as file:
        start = file.read(200)
        payload = PAYLOAD.match(start)
        return _of_archive(path, file, int(payload[1]) if payload else 0)


def _of_manifest(path: Path) -> Parts:
    text = path.read_bytes()
    members = _listed(text)
    found: dict[str, tuple[Path, int]] = {}
    for member in members:
        part = path.parent / FOLDER / file_name(member.sha256)
        if is_whole(part, member.length):
            found[member.sha256] = (part, 0)
    return Parts(path, text, members, found)


def manifest_of(path: Path) -> Path | None:
    """The manifest of a layers folder, or of one environment in it; None if a path is neither."""
    if path.is_dir():
        path = path / MANIFEST
        return path if path.is_file() else None
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return path if file.read(1) == b"{" else None


def shared_name(path: Path) -> str:
    """The name of a layers folder's manifest in a folder that environments share."""
    return f"{path.name.removesuffix('.layers')}.json" if path.is_dir() else path.name


def complete(path: Path) -> list[Path]:
    """The files of all parts of a layers folder, in order.

    Raises:
        InputPathError: The folder does not exist, or lacks parts.
    """
    found = read(path)
    check_complete(found, found.held)
    return [found.held[one.sha256][0] for one in found.members]


def check_complete(environment: Parts, held: Container[str]) -> None:
    """Check that all parts of an environment are available.

    Raises:
        InputPathError: They are not; the message says how many are missing.
    """
    missing = [one for one in environment.members if one.sha256 not in held]
    if missing:
        number, size = len(environment.members), sum(one.length for one in missing) / 1e6
        raise InputPathError(
            f"{len(missing)} of {number} parts of {environment.path} are missing, {size:.1f} MB",
            "also name the archive or layers folder that has them",
        )


def whole_size(path: Path) -> int:
    """The size in bytes of an archive; for a thin one or a layers folder, of the whole archive.

    Raises:
        OSError: It cannot be read.
    """
    if path.is_file():
        with path.open("rb") as file:
            if not head.is_one(start := file.read(200)) and not start.startswith(b"{"):
                return path.stat().st_size
    return read(path).size


def is_whole(part: Path, length: int) -> bool:
    """Whether a part's file exists in its full length."""
    try:
        return part.stat().st_size == length
    except FileNotFoundError:
        return False


def _of_archive(path: Path, file: BinaryIO, start: int) -> Parts:
    file.seek(start)
    found = head.read(file)
    if found.format != manifest.FORMAT:
        raise ValueError(f"the format is {found.format}")
    members = _listed(found.text)
    held = members if found.held is None else found.held
    places = {member.sha256: (path, start + member.offset) for member in held}
    return Parts(path, found.text, members, places)


def _listed(text: bytes) -> tuple[Member, ...]:
    members = tuple(Member(**one) for one in parse_json(text)["members"])
    if not members:
        raise ValueError("no parts are listed")
    for one in members:
        if not re.fullmatch("[0-9a-f]{64}", one.sha256):
            raise ValueError("it is no digest")
    return members
