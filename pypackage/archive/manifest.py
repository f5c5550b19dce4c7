"""The manifest in an archive: what the worker needs to know about the environment.

Its format is a contract with `python_package_run`, which reads it with sh: one JSON object,
one scalar key a line, sorted. `FORMAT` grows when a reader of the former format would do
wrong; the tool's own version has nothing to do with it.
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
SHA256SUMS = "etc/pypackage/sha256sums"  # the folder of lists of digests, see sha256sums.py


@dataclass(frozen=True)
class Relocation:
    """A file that holds the environment's path.

    Attributes:
        path: Relative to the prefix.
        mode: `text`, or `binary` where the path stands in NUL-terminated strings.
        placeholder: What stands for the path in the archive.
    """

    path: str
    mode: str
    placeholder: str


@dataclass(frozen=True)
class Member:
    """A part of the archive that can be unpacked by itself.

    Attributes:
        offset: Where it begins in the archive, in bytes.
        length: Its length in the archive, in bytes.
        sha256: Digest of these bytes, hexadecimal.
    """

    offset: int
    length: int
    sha256: str


@dataclass(frozen=True)
class Omitted:
    """What was left out on purpose.

    Attributes:
        files: How many files.
        size: Their bytes.
        rules: The options that said so, in their order.
    """

    files: int
    size: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """An installed package; `sha256` and `url` are empty when its channel did not tell.

    Attributes:
        depends: Its match specs.
        url: Where it came from, without credentials and without local folders.
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
    """Write a manifest.

    Args:
        packages: What is installed.
        relocations: What has to be rewritten at its place.
        members: The parts of the archive.
        files: How many files, links and folders there will be, without those that tell of the
            others; 0 when that is not known.
        size: How many bytes they have, 0 when that is not known.
        sha256sums: Digest of the lists of digests; empty without them.
        tree: Digest of the content where no members tell it.
        omitted: What was left out on purpose.
        glibc: What is needed beside what the packages need; empty for nothing.

    Returns:
        The environment's id (64 hexadecimal digits, the digest of all else that the
        manifest says, so of the members' content too) and the manifest's bytes.
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
    """The same manifest with the digest of the file around it, and the id that follows.

    Args:
        text: The manifest without.
        kind: The file's format, `zip` or `squashfs`.
        digest: Of the file, without what depends on it.
    """
    content = json.loads(text)
    content.update({"environment_id": "", kind: digest})
    content["environment_id"] = sha256(_json(content)).hexdigest()
    return _json(content)


def identity(text: bytes) -> str:
    """The id that a manifest says it has."""
    return str(json.loads(text)["environment_id"])


def is_intact(text: bytes) -> bool:
    """Whether a manifest's id is that of all else that it says.

    Raises:
        ValueError: It is no manifest.
    """
    content = json.loads(text)
    told = content["environment_id"]
    content["environment_id"] = ""
    return bool(sha256(_json(content)).hexdigest() == told)


def lowest_glibc(packages: Iterable[Package], other: str = "") -> str:
    """The glibc that all packages are content with, such as `2.17`; empty when none says.

    Args:
        packages: What is installed.
        other: What is needed beside that; empty for nothing.
    """
    asked = [other] if other else []
    asked += [
        version[1]
        for package in packages
        for spec in package.depends
        if (version := re.match(r"__glibc\s*>=\s*(\d+(?:\.\d+)*)", spec))
    ]
    return max(asked, key=lambda v: [int(n) for n in v.split(".")], default="")


def _described(package: Package) -> Mapping[str, str]:
    return {key: value for key, value in vars(package).items() if key != "depends"}


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
