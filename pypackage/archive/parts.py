"""The parts that an archive is made of, wherever they lie: in it, or in files of their own.

A part is a gzip member, known by its digest (SHA-256). A whole archive holds all of its parts,
a thin one some, and a layers folder each as a file, `parts/SHA256.tar.gz`, beside the
manifest. All have the same manifest, so the same environment id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import head, manifest
from pypackage.archive.manifest import Member
from pypackage.core.errors import InputPathError

FOLDER = "parts"  # beside the manifest of a layers folder
MANIFEST = "manifest.json"  # the manifest's name in a folder of one environment
PAYLOAD = re.compile(rb"#!/bin/sh\n# python_package_run payload (\d+) ")

_WHAT = "name an archive (.tar.gz or .sh), a layers folder or its manifest"


@dataclass(frozen=True)
class Parts:
    """What an environment consists of, and which of it is here.

    Attributes:
        path: Where it is told.
        text: The manifest, perhaps with empty lines behind it.
        members: All parts, in their order.
        held: File and offset of those that are here, by their digests.
    """

    path: Path
    text: bytes
    members: tuple[Member, ...]
    held: Mapping[str, tuple[Path, int]]

    @property
    def environment_id(self) -> str:
        """The digest of the environment's content."""
        return str(json.loads(self.text)["environment_id"])


def file_name(digest: str) -> str:
    """A part's name in a layers folder."""
    return f"{digest}.tar.gz"


def read(path: Path) -> Parts:
    """Find the parts of an archive, a layers folder, a thin archive or a manifest.

    Raises:
        InputPathError: There is no such thing, or it has no parts.
    """
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise InputPathError(f"no such archive: {path}") from error
    except OSError as error:
        raise InputPathError.of(error, "cannot read the archive", path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputPathError(
            f"{path} has no parts that could be compared or taken", _WHAT
        ) from error


def _read(path: Path) -> Parts:
    if path.is_dir():
        layers = path / MANIFEST
        if layers.is_file():
            return _of_manifest(layers)
        return _of_manifest(path / manifest.PATH)  # of an environment that was unpacked
    with path.open("rb") as file:
        start = file.read(200)
        if start.startswith(b"{"):
            return _of_manifest(path)
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


def is_whole(part: Path, length: int) -> bool:
    """Whether a part's file is there in its full length."""
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
    members = tuple(Member(**one) for one in json.loads(text)["members"])
    if not members:
        raise ValueError("no parts are listed")
    for one in members:
        if not re.fullmatch("[0-9a-f]{64}", one.sha256):
            raise ValueError("it is no digest")
    return members
