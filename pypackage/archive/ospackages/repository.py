"""Maintain a folder of OS packages as a repository for apt or dnf."""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pypackage.archive.ospackages import signing
from pypackage.core import files, process
from pypackage.core.errors import PackError, ProcessError
from pypackage.core.progress import Reporter

PROGRAMS = {"deb": ("apt-ftparchive", "apt-utils"), "rpm": ("createrepo_c", "createrepo_c")}
"""The program that writes the index of a format's repository, and its OS package."""

KEY = "key.asc"
"""The file of the public key."""


def add(package: Path, format_: str, folder: Path, key: str, reporter: Reporter) -> None:
    """Add a package to a repository and update its index.

    Other packages are kept, including older versions; processes that add packages at the same time
    wait for each other.

    Args:
        package: The package's file.
        format_: Its format: `deb` for apt's flat repositories, `rpm` for dnf's and yum's.
        folder: The repository's folder; created if it does not exist.
        key: The name of the gpg key that signs the index; empty for none.

    Raises:
        PackError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with reporter.task(f"adding to {folder}"), _alone(folder):
            place = folder / package.name
            if not (place.exists() and place.samefile(package)):
                with files.new_file(place) as file, package.open("rb") as source:
                    shutil.copyfileobj(source, file, 1 << 20)
            if key:
                signing.export(key, folder / KEY)
            (_index_of_apt if format_ == "deb" else _index_of_dnf)(folder, key)
    except OSError as error:
        raise PackError.of(error, f"cannot write the repository {folder}") from error
    except ProcessError as error:
        raise PackError(f"{PROGRAMS[format_][0]} failed", error.output) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder against concurrent builds on this machine."""
    place = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _index_of_apt(folder: Path, key: str) -> None:
    listed = process.run(["apt-ftparchive", "packages", "."], cwd=folder)
    made = {"Packages": listed, "Packages.gz": gzip.compress(listed, mtime=0)}
    with files.private_folder() as alone:  # apt-ftparchive lists everything in the folder
        for name, content in made.items():
            (alone / name).write_bytes(content)
        made["Release"] = process.run(["apt-ftparchive", "release", "."], cwd=alone)
    for name, content in made.items():
        files.write_new(folder / name, content)
    if key:
        release = folder / "Release"
        signing.sign_file(release, key, folder / "InRelease", "--clearsign")
        signing.sign_file(release, key, folder / "Release.gpg", "--armor", "--detach-sign")
    else:  # existing signatures are those of an older index
        (folder / "InRelease").unlink(missing_ok=True)
        (folder / "Release.gpg").unlink(missing_ok=True)


def _index_of_dnf(folder: Path, key: str) -> None:
    process.run(["createrepo_c", "--quiet", "--update", folder])
    if key:
        index = folder / "repodata/repomd.xml"
        signing.sign_file(index, key, Path(f"{index}.asc"), "--armor", "--detach-sign")
