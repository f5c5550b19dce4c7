"""Conda's records of the packages in a prefix, one JSON file each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def paths(prefix: Path) -> list[Path]:
    """The files of the records, in the order of their names."""
    return sorted((prefix / "conda-meta").glob("*.json"))


def records(prefix: Path) -> list[dict[str, Any]]:
    """The records."""
    return [json.loads(path.read_bytes()) for path in paths(prefix)]


def owners(prefix: Path) -> dict[str, str]:
    """The names of the packages by the files that they have, relative to the prefix."""
    return {file: record["name"] for record in records(prefix) for file in record["files"]}


def versions(prefix: Path) -> dict[str, str]:
    """The versions of the packages by their names, as the names of the files tell."""
    named = (path.name.rsplit("-", 2) for path in paths(prefix) if path.name.count("-") >= 2)
    return {name: version for name, version, _ in named}
