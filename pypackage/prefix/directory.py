"""Manage the folder of an environment: filled beside its final place, then moved there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pypackage.backends import conda_meta
from pypackage.core import files, fingerprint
from pypackage.core.errors import InstallError

# Stands for this machine's prefix in files without a package: conda's traditional placeholder, in
# two parts so that this file itself is not taken for one to be rewritten.
PLACEHOLDER = "/opt/anaconda1" + "anaconda2anaconda3"

# Marks an environment created by `create`, which may be replaced.
MARK = "conda-meta/made-by-python_package_create"

# The record of `pypackage.pipeline.provenance`; not *.json, which conda takes for packages.
PROVENANCE = "conda-meta/python_package_create.origin"


def check_replaceable(prefix: Path) -> None:
    """Check that an environment was not created by another tool, so that it may be replaced.

    Raises:
        InstallError: It was.
    """
    if prefix.exists() and not (prefix / MARK).exists():
        raise InstallError(
            f"{prefix} exists and was not made by python_package_create",
            "choose another name, or remove it first",
        )


@contextmanager
def building(prefix: Path | None, temporary: Path) -> Iterator[tuple[Path, Path]]:
    """Create a new environment.

    Args:
        prefix: Its place when the block ends without an error, replacing an existing one; None
            for an environment that is deleted then.
        temporary: A folder for the latter.

    Yields:
        The folder to fill, and the path that its files must be written for.

    Raises:
        InstallError: The folder cannot be created.
    """
    try:
        if prefix is None:
            with files.temporary_folder(temporary) as folder:
                yield folder, Path(PLACEHOLDER)
        else:
            with files.new_folder(prefix, replace=True) as folder:
                yield folder, prefix
                (folder / MARK).touch()
    except OSError as error:
        place = prefix or temporary
        raise InstallError.of(error, "the environment cannot be written", place) from error


def mark(prefix: Path, key: str) -> None:
    """Record in a finished environment its cache key and a digest of its state."""
    with suppress(OSError):
        (prefix / MARK).write_text(f"{key} {fingerprint.digest(prefix, MARK)}\n")


def is_as_made(prefix: Path, key: str) -> bool:
    """Whether an environment was made with this cache key, and is unchanged since."""
    try:
        return (prefix / MARK).read_text() == f"{key} {fingerprint.digest(prefix, MARK)}\n"
    except OSError:
        return False


def absent_modules(folder: Path, modules: Iterable[str]) -> list[str]:
    """The given top-level modules that are nowhere on an environment's search path."""
    site = [place for place in folder.glob("lib/python3*/*-packages") if place.is_dir()]
    found = {path.name.partition(".")[0] for place in site for path in place.iterdir()}
    return sorted(set(modules) - found)


def overwritten(folder: Path) -> list[str]:
    """A line for each two packages that share a file path, of which one file was overwritten.

    Args:
        folder: A prefix as left by the installer, which keeps overwritten files in `__clobbers__`.
    """
    lost = {
        path.relative_to(folder / "__clobbers__").as_posix()
        for path in (folder / "__clobbers__").rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    if not lost:
        return []
    owners = conda_meta.owners(folder)
    pairs: dict[tuple[str, str], list[str]] = {}
    for loser, _, file in sorted(one.partition("/") for one in lost):
        pairs.setdefault((owners.get(file, "another package"), loser), []).append(file)
    return [
        f"{owner} and {loser} both have {files[0]}"
        f"{f' and {len(files) - 1} more' if files[1:] else ''}: {owner}'s is installed"
        for (owner, loser), files in sorted(pairs.items())
    ]


def tidy(folder: Path) -> None:
    """Remove the installer's own files, and make its records readable for everyone.

    These are its cache mark, which would exclude the environment from backups, and the overwritten
    files of packages that share a path.
    """
    (folder / "CACHEDIR.TAG").unlink(missing_ok=True)
    shutil.rmtree(folder / "__clobbers__", ignore_errors=True)
    for record in conda_meta.paths(folder):
        record.chmod(0o644)
