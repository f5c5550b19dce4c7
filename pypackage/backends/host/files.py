"""A package's files on their way into its archive."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACEHOLDER = "/opt/host-channel/a-prefix-that-the-installer-replaces"


@dataclass(frozen=True)
class PackageFile:
    """One file or symbolic link of a package; one of `source`, `content` and `link` is set.

    Attributes:
        path: Its path in the prefix.
        source: The file on disk that it is a copy of (links are followed).
        content: Its content, if it is not a copy.
        link: The target, if it is a symbolic link.
        executable: Whether it is executable, if it is not a copy.
        placeholder: Whether it has `PLACEHOLDER`, which the installer replaces by the prefix.
    """

    path: str
    source: Path | None = None
    content: bytes | None = None
    link: str = ""
    executable: bool = False
    placeholder: bool = False


@dataclass(frozen=True)
class HashedFile:
    """A file with what the archive and its lists of files need to know of it.

    Attributes:
        file: The file.
        sha256: Hexadecimal digest of the content; of nothing for a link.
        size: In bytes.
        executable: Whether it is executable.
    """

    file: PackageFile
    sha256: str
    size: int
    executable: bool


def hash_file(item: PackageFile) -> HashedFile:
    """Hash and measure a file.

    Raises:
        OSError: Its source cannot be read.
    """
    if item.source is None:
        content = item.content or b""
        return HashedFile(item, hashlib.sha256(content).hexdigest(), len(content), item.executable)
    digest, size = hashlib.sha256(), 0
    with open(item.source, "rb") as file:
        executable = bool(os.fstat(file.fileno()).st_mode & 0o111)
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return HashedFile(item, digest.hexdigest(), size, executable)


def digest(question: Any) -> str:
    """Return a digest of a value that JSON can represent."""
    text = json.dumps(question, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
