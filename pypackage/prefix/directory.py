"""The folder of an environment: filled beside its final place, and moved there when complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pypackage.backends import conda_meta
from pypackage.core import files, fingerprint
from pypackage.core.errors import InstallError

# Stands for this machine's prefix in files that no package owns; conda's own traditional
# placeholder, in two parts so that nobody takes this file for one to be rewritten.
PLACEHOLDER = "/opt/anaconda1" + "anaconda2anaconda3"

# The mark of an environment that may be replaced, since `create` made it.
MARK = "conda-meta/made-by-python_package_create"

# Notes of what it was made from, for `pypackage.pipeline.provenance`. (Conda takes *.json for
# packages.)
PROVENANCE = "conda-meta/python_package_create.origin"


def check_replaceable(prefix: Path) -> None:
    """Make sure that an environment that somebody else made is not lost.

    Raises:
        InstallError: There is one.
    """
    if prefix.exists() and not (prefix / MARK).exists():
        raise InstallError(
            f"{prefix} exists and was not made by python_package_create",
            "choose another name, or remove it first",
        )


@contextmanager
def building(prefix: Path | None, temporary: Path) -> Iterator[tuple[Path, Path]]:
    """Make a new environment.

    Args:
        prefix: Where it will be when the block ends without an error, in place of a former
            one; None for one that is gone then.
        temporary: A folder for the latter.

    Yields:
        The folder to fill, and the path that its files are to be written for.

    Raises:
        InstallError: The folder cannot be made.
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
    """Note in a finished environment what it was made of, and how it is."""
    with suppress(OSError):
        (prefix / MARK).write_text(f"{key} {fingerprint.digest(prefix, MARK)}\n")


def is_as_made(prefix: Path, key: str) -> bool:
    """Whether an environment was made of what a key stands for, and not changed since."""
    try:
        return (prefix / MARK).read_text() == f"{key} {fingerprint.digest(prefix, MARK)}\n"
    except OSError:
        return False


def absent_modules(folder: Path, modules: Iterable[str]) -> list[str]:
    """Those of some top-level modules that are nowhere on an environment's search path."""
    site = [place for place in folder.glob("lib/python3*/*-packages") if place.is_dir()]
    found = {path.name.partition(".")[0] for place in site for path in place.iterdir()}
    return sorted(set(modules) - found)


def overwritten(folder: Path) -> list[str]:
    """A line for each two packages that have a file in common, of which one lost it.

    Args:
        folder: A prefix as the installer left it: it keeps the lost files in `__clobbers__`.
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
    """Remove what the installer leaves beside the packages' files, and let all read its records.

    That is its mark of a cache, which would keep the environment out of backups, and the
    files that lost where two packages have the same.
    """
    (folder / "CACHEDIR.TAG").unlink(missing_ok=True)
    shutil.rmtree(folder / "__clobbers__", ignore_errors=True)
    for record in conda_meta.paths(folder):
        record.chmod(0o644)
