"""Conda's records of the packages in a prefix, one JSON file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pypackage.core.errors import PackError
from pypackage.core.reading import parse_json


def paths(prefix: Path) -> list[Path]:
    """Return the files of the records, sorted by name."""
    return sorted((prefix / "conda-meta").glob("*.json"))


def records(prefix: Path) -> list[dict[str, Any]]:
    """Return the records.

    Raises:
        PackError: One is damaged.
    """
    return [record(path) for path in paths(prefix)]


_OF_A_RECORD: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "url": str,
    "files": list,
    "link": (dict, type(None)),
}


def record(path: Path) -> dict[str, Any]:
    """Load a record, and check the keys that we and conda-pack rely on.

    Raises:
        PackError: It is damaged.
    """
    try:
        found: dict[str, Any] = parse_json(path.read_bytes())
        for key, kind in _OF_A_RECORD.items():
            if key not in found or not isinstance(found[key], kind):
                raise ValueError(f"it has no {key}")
        for file in found["files"]:
            if file.startswith("/") or ".." in file.split("/"):
                raise ValueError(f"{file} leads out of the environment")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PackError(
            f"{path} is not a conda package record: {error}",
            "the environment is damaged: create it again",
        ) from error
    return found


def owners(prefix: Path) -> dict[str, str]:
    """Map the packages' files, relative to the prefix, to the packages' names."""
    return {file: one["name"] for one in records(prefix) for file in one["files"]}


def versions(prefix: Path) -> dict[str, str]:
    """Map the packages' names to their versions, from the names of the files."""
    named = (path.name.rsplit("-", 2) for path in paths(prefix) if path.name.count("-") >= 2)
    return {name: version for name, version, _ in named}
