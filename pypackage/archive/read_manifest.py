"""Read the manifest of a finished environment, whatever its format."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from pypackage.archive import manifest, parts
from pypackage.core import process, zstd
from pypackage.core.errors import InputPathError


def read(environment: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Read the manifest of an archive or folder; no more of an archive is read.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
    """
    path = Path(environment)
    try:
        found = json.loads(_from_folder(path) if path.is_dir() else _from_archive(path))
        return {**found, "packages": {one["name"]: one["version"] for one in found["packages"]}}
    except FileNotFoundError as error:
        raise InputPathError(f"no such environment: {error.filename}") from error
    except Exception as error:  # each format's library raises its own errors
        raise InputPathError(
            f"{path} does not say what is in it", "name an archive of python_package_create"
        ) from error


def _from_folder(folder: Path) -> bytes:
    """The manifest of a layers folder, or of an unpacked environment."""
    layers = folder / parts.MANIFEST
    return (layers if layers.is_file() else folder / manifest.PATH).read_bytes()


def _from_archive(archive: Path) -> bytes:
    """The manifest, which is the first entry: no more of the archive is read."""
    with archive.open("rb") as file:
        start = file.read(200)
        if start.startswith(b"hsqs"):
            return process.run(["unsquashfs", "-cat", str(archive), manifest.PATH])
        if start.startswith(b"PK"):
            with zipfile.ZipFile(file) as zipped:
                return zipped.read(manifest.PATH)
        if start.startswith(b"{"):  # the manifest in a layers folder
            return start + file.read()
        payload = parts.PAYLOAD.match(start)
        file.seek(int(payload[1]) if payload else 0)
        with _decompressed(file, start) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            first = tar.next()
            found = tar.extractfile(first) if first and first.name == manifest.PATH else None
            if found is None:
                raise KeyError(manifest.PATH)
            return found.read()


_ZSTD = b"\x50\x2a\x4d\x18"  # begins the skippable frame with the id, which comes first


def _decompressed(file: BinaryIO, start: bytes) -> AbstractContextManager[BinaryIO]:
    """Decompress zstd; tarfile handles the other formats."""
    return zstd.decompressing(file) if start.startswith(_ZSTD) else nullcontext(file)
