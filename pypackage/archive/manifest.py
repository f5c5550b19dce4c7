"""Write the manifest of an archive: what the worker needs to know about the environment.

Its format is a contract with `python_package_run`, which reads it with sh: one JSON object, sorted,
with each scalar key on a line. `FORMAT` is increased when a reader of the previous format would
misread it; it is independent of the tool's own version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FORMAT = 1
PATH = "etc/pypackage/manifest.json"
UNKNOWN = "0" * 64  # in place of a digest that is not known yet
SHA256SUMS = "etc/pypackage/sha256sums"  # the folder of digest lists, see sha256sums.py


@dataclass(frozen=True)
class Relocation:
    """A file that contains the environment's path.

    Attributes:
        path: Relative to the prefix.
        mode: `text`, or `binary` if the path is in NUL-terminated strings.
        placeholder: What the archive has instead of the path.
    """

    path: str
    mode: str
    placeholder: str


@dataclass(frozen=True)
class Member:
    """A part of the archive that can be unpacked by itself.

    Attributes:
        offset: Its offset in the archive, in bytes.
        length: Its length in the archive, in bytes.
        sha256: The digest of these bytes, hexadecimal.
    """

    offset: int
    length: int
    sha256: str


@dataclass(frozen=True)
class Omitted:
    """What was left out on purpose.

    Attributes:
        files: The number of files.
        size: Their size in bytes.
        rules: The options that caused it, in order.
    """

    files: int
    size: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """An installed package; `sha256` and `url` are empty if its channel did not provide them.

    Attributes:
        depends: Its match specs.
        url: Where it came from, without credentials and local folders.
    """

    name: str
    version: str
    build: str
    subdir: str
    sha256: str
    url: str
    depends: tuple[str, ...]


def render(
    packages: Sequence[Package],
    relocations: Sequence[Relocation],
    members: Sequence[Member],
    *,
    files: int = 0,
    size: int = 0,
    sha256sums: str = "",
    tree: str = "",
    omitted: Omitted | None = None,
    glibc: str = "",
) -> tuple[str, bytes]:
    """Render a manifest.

    Args:
        packages: The installed packages.
        relocations: The files to be rewritten on the worker.
        members: The parts of the archive.
        files: The number of files, links and folders, without the digest lists and the manifest; 0
            if unknown.
        size: Their size in bytes; 0 if unknown.
        sha256sums: The digest of the digest lists; empty if there are none.
        tree: The digest of the content, if there are no members that cover it.
        omitted: What was left out on purpose.
        glibc: The lowest glibc needed besides what the packages declare; empty for none.

    Returns:
        The environment's id (64 hexadecimal digits: the digest of everything else in the manifest,
        which includes the members' digests) and the manifest's bytes.
    """
    content: dict[str, Any] = {
        "environment_id": "",
        "files": files,
        "format": FORMAT,
        "glibc": lowest_glibc(packages, glibc),
        "members": [vars(member) for member in members],
        "packages": [_described(package) for package in packages],
        "platform": next((p.subdir for p in packages if p.subdir != "noarch"), "noarch"),
        "python": next((p.version for p in packages if p.name == "python"), ""),
        "relocate": [vars(relocation) for relocation in relocations],
        "size": size,
    }
    if omitted:
        content["omitted"] = vars(omitted)
    if sha256sums:
        content["sha256sums"] = sha256sums
    if tree:
        content["tree"] = tree
    content["environment_id"] = sha256(_json(content)).hexdigest()
    return content["environment_id"], _json(content)


def with_digest(text: bytes, kind: str, digest: str) -> bytes:
    """Add the digest of the file that contains it to a manifest, and update the id.

    Args:
        text: The manifest without the digest.
        kind: The file's format, `zip` or `squashfs`.
        digest: The digest of the file, without what depends on it; `UNKNOWN` for a manifest of the
            same length that the one with the digest will replace.
    """
    content = json.loads(text)
    content.update({"environment_id": "", kind: digest})
    content["environment_id"] = sha256(_json(content)).hexdigest()
    return _json(content)


def identity(text: bytes) -> str:
    """The id recorded in a manifest."""
    return str(json.loads(text)["environment_id"])


def is_intact(text: bytes) -> bool:
    """Whether a manifest's id matches the rest of its content.

    Raises:
        ValueError: It is not a manifest.
    """
    content = json.loads(text)
    told = content["environment_id"]
    content["environment_id"] = ""
    return bool(sha256(_json(content)).hexdigest() == told)


def lowest_glibc(packages: Iterable[Package], other: str = "") -> str:
    """The lowest glibc that satisfies all packages, such as `2.17`; empty if none declares one.

    Args:
        packages: The installed packages.
        other: A glibc needed besides; empty for none.
    """
    asked = [other] if other else []
    asked += [
        version[1]
        for package in packages
        for spec in package.depends
        if (version := re.match(r"__glibc\s*>=\s*(\d+(?:\.\d+)*)", spec))
    ]
    return max(asked, key=numbers, default="")


def numbers(version: str) -> list[int]:
    """A version such as `2.17` as numbers, which compare as versions do."""
    return [int(part) for part in version.split(".")]


def _described(package: Package) -> Mapping[str, str]:
    return {key: value for key, value in vars(package).items() if key != "depends"}


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
