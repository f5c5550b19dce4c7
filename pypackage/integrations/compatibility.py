"""Whether the client and an environment have the packages in common that their talk needs.

Functions and results travel as pickles, which another Python or serializer may not read; the
errors of the engines then tell of unpickling, on a worker, and not of what differs.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import BinaryIO

from pypackage.archive import manifest
from pypackage.core import process, zstd
from pypackage.core.errors import InputPathError, MismatchError

# What conda-forge calls a distribution differently.
_OTHER_NAMES = {"dask": "dask-core", "msgpack": "msgpack-python"}


def check(environment: str | os.PathLike[str], distributions: Sequence[str]) -> None:
    """Make sure that the environment goes with the Python that this runs in.

    Args:
        environment: An archive of `python_package_create`, or a folder.
        distributions: Those whose versions have to be equal; Python's first two numbers
            always have to be.

    Raises:
        InputPathError: There is no such environment, or nothing tells what is in it.
        MismatchError: Something differs; the message says what.
    """
    there = packages(environment)
    here = {name: _installed(name) for name in distributions}
    python = there.get("python", "")
    differences = []
    if _minor(python) != _minor(python_version()):
        differences.append(_difference("python", python_version(), python))
    for name in distributions:
        version = there.get(name) or there.get(_OTHER_NAMES.get(name, ""), "")
        if version != here[name]:
            differences.append(_difference(name, here[name], version))
    if differences:
        raise MismatchError(
            f"{environment} does not go with this Python: {'; '.join(differences)}",
            "make the environment of the client's own Python and packages "
            "(python_package_create -c host), or install here what it has",
        )


def packages(environment: str | os.PathLike[str]) -> Mapping[str, str]:
    """The version of each package in an environment, as its manifest tells.

    Raises:
        InputPathError: There is no such environment, or it has no manifest.
    """
    path = Path(environment)
    try:
        text = _from_folder(path) if path.is_dir() else _from_archive(path)
        listed = json.loads(text)["packages"]
    except FileNotFoundError as error:
        raise InputPathError(f"no such environment: {error.filename}") from error
    except Exception as error:  # each format's library has some of its own
        raise InputPathError(
            f"{path} does not tell what is in it", "name an archive of python_package_create"
        ) from error
    return {package["name"]: package["version"] for package in listed}


def _from_folder(folder: Path) -> bytes:
    return (folder / manifest.PATH).read_bytes()


def _from_archive(archive: Path) -> bytes:
    """The manifest, which is the first entry: no more of the archive is read."""
    with archive.open("rb") as file:
        start = file.read(200)
        if start.startswith(b"hsqs"):
            return process.run(["unsquashfs", "-cat", str(archive), manifest.PATH])
        if start.startswith(b"PK"):
            with zipfile.ZipFile(file) as zipped:
                return zipped.read(manifest.PATH)
        payload = _PAYLOAD.match(start)
        file.seek(int(payload[1]) if payload else 0)
        with _decompressed(file, start) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            first = tar.next()
            found = tar.extractfile(first) if first and first.name == manifest.PATH else None
            if found is None:
                raise KeyError(manifest.PATH)
            return found.read()


_PAYLOAD = re.compile(rb"#!/bin/sh\n# python_package_run payload (\d+) ")
_ZSTD = b"\x50\x2a\x4d\x18"  # of the frame with the id, which comes first


def _decompressed(file: BinaryIO, start: bytes) -> AbstractContextManager[BinaryIO]:
    """What zstd has compressed; the rest is known to tarfile."""
    return zstd.decompressing(file) if start.startswith(_ZSTD) else nullcontext(file)


def _installed(distribution: str) -> str:
    """The version that this Python has; empty without it."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _difference(name: str, here: str, there: str) -> str:
    return f"{name} is {here or 'missing'} here and {there or 'missing'} there"
