"""Conda's records of the packages in a prefix, one JSON file each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def paths(prefix: Path) -> list[Path]:
    """Return the files of the records, sorted by name."""
    return sorted((prefix / "conda-meta").glob("*.json"))


def records(prefix: Path) -> list[dict[str, Any]]:
    """Return the records."""
    return [json.loads(path.read_bytes()) for path in paths(prefix)]


def owners(prefix: Path) -> dict[str, str]:
    """Map the packages' files, relative to the prefix, to the packages' names."""
    return {file: record["name"] for record in records(prefix) for file in record["files"]}


def versions(prefix: Path) -> dict[str, str]:
    """Map the packages' names to their versions, from the names of the files."""
    named = (path.name.rsplit("-", 2) for path in paths(prefix) if path.name.count("-") >= 2)
    return {name: version for name, version, _ in named}
