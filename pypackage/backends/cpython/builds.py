"""Interpreters built from source: a folder for each, with a record of what it is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pypackage.core import files

RECORD = "python-source.json"  # in an interpreter's folder
_FORM = "cpython-*"


@dataclass(frozen=True)
class Kept:
    """An interpreter built from source.

    Attributes:
        prefix: Its folder.
        version: Such as `3.11.2`.
        source: The archive's path or URL, without secrets.
        url: The URL; empty for a file.
        sha256: The archive's digest.
        setup: A digest of the flags and tools that it was built with.
        lacking: Optional modules that it does not have.
    """

    prefix: Path
    version: str
    source: str
    url: str
    sha256: str
    setup: str
    lacking: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name shown to users."""
        return self.prefix.name

    @property
    def executable(self) -> Path:
        """The interpreter."""
        return self.prefix / "bin" / "python3"


def folder(cache: Path) -> Path:
    """Return the folder of all; `pypackage.python.interpreter` looks there too."""
    return cache / "interpreters"


def every(root: Path) -> list[Kept]:
    """Return all of them, by name."""
    found = (_read(prefix) for prefix in sorted(root.glob(_FORM)))
    return [one for one in found if one]


def find(root: Path, setup: str, *, sha256: str = "", url: str = "") -> Kept | None:
    """Find the interpreter built from a source with certain flags and tools, if there is one.

    Args:
        root: The folder of all.
        setup: The digest of flags and tools.
        sha256: The source's digest.
        url: The URL of a release, used if there is no digest.
    """
    for one in every(root):
        same = one.sha256 == sha256 if sha256 else url and one.url == url
        if same and one.setup == setup and os.access(one.executable, os.X_OK):
            return one
    return None


def place(root: Path, version: str, setup: str, digest: str) -> Path:
    """Return the folder of an interpreter."""
    key = sha256(f"{digest} {setup}".encode()).hexdigest()[:8]
    return root / f"cpython-{version}-{key}"


def log_of(prefix: Path) -> Path:
    """Return the file with the output of its build."""
    return prefix.with_name(f"{prefix.name}.log")


def keep(made: Kept, installed: Path) -> None:
    """Move a finished interpreter to its place; one that is there already stays, unless damaged.

    Args:
        made: Its record.
        installed: Its current folder, which is moved.
    """
    note = {**{key: getattr(made, key) for key in _NOTED}, "lacking": list(made.lacking)}
    (installed / RECORD).write_text(json.dumps(note, indent=1, sort_keys=True) + "\n")
    damaged = made.prefix.exists() and not _read(made.prefix)
    with files.new_folder(made.prefix, replace=damaged) as part:
        os.rename(installed, part)


_NOTED = ("version", "source", "url", "sha256", "setup")


def _read(prefix: Path) -> Kept | None:
    try:
        note = json.loads((prefix / RECORD).read_bytes())
        texts = {key: str(note[key]) for key in _NOTED}
        return Kept(prefix, **texts, lacking=tuple(map(str, note["lacking"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None
