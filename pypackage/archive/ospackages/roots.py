"""Provide clean roots for testing packages: minimal systems, cached and copied."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pypackage.core import files, fingerprint, process
from pypackage.core.errors import PackError, ProcessError, UsageError
from pypackage.core.progress import Reporter

DEFAULT = "debian:stable"

# Folders that bubblewrap mounts itself.
_LEFT_OUT = ("dev", "proc", "sys", "tmp")


def check(name: str) -> None:
    """Check that a root is available.

    Raises:
        UsageError: The name is invalid, and there is no such folder or file.
    """
    if not os.path.exists(name) and not re.fullmatch(r"(debian|ubuntu):[a-z0-9.-]+", name):
        raise UsageError(
            f"--try-root: there is no {name}", "it is debian:SUITE, a folder or a tar file"
        )


@contextmanager
def fresh(name: str, kept: Path, scratch: Path, reporter: Reporter) -> Iterator[Path]:
    """Provide a writable copy of a clean root.

    Args:
        name: `debian:SUITE`, a folder or a tar file.
        kept: The cache of roots.
        scratch: A folder for the copy.

    Raises:
        PackError: It cannot be made.
    """
    source = _source(name, kept, reporter)
    with files.temporary_folder(scratch) as copy, reporter.task("copying the clean root"):
        tops = [str(one) for one in sorted(source.iterdir()) if one.name not in _LEFT_OUT]
        try:
            process.run(["cp", "-a", "--reflink=auto", "--", *tops, str(copy)])
        except ProcessError as error:
            raise PackError(f"the root {name} cannot be copied", error.output) from error
        for folder in _LEFT_OUT:
            (copy / folder).mkdir()
        yield copy


def _source(name: str, kept: Path, reporter: Reporter) -> Path:
    """The folder to be copied."""
    path = Path(name)
    if path.is_dir():
        return path
    if path.is_file():
        root = kept / fingerprint.of_file(path)[:16]
        command = ["tar", "xf", str(path.resolve()), "--exclude=./dev/*", "-C"]
    else:
        root = kept / name.replace(":", "-")
        command = [_debootstrap(name), "--variant=minbase", name.partition(":")[2]]
    if not root.is_dir():
        with reporter.task(f"making the clean root {name}"):
            _make(command, root)
    os.utime(root)  # marks its use, for evicting from the cache
    return root


def _make(command: list[str], root: Path) -> None:
    try:
        with files.new_folder(root, replace=False) as folder:
            process.run([*command, str(folder)])
            for useless in ("var/cache/apt/archives", "var/lib/apt/lists"):
                shutil.rmtree(folder / useless, ignore_errors=True)
    except ProcessError as error:
        raise PackError(
            f"the clean root {root.name} cannot be made", error.output[-1000:]
        ) from error


def _debootstrap(name: str) -> str:
    found = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not found:
        raise PackError(
            f"the clean root {name} needs debootstrap, which is not installed",
            "install it, or name a folder or a tar file of a root with --try-root",
        )
    if os.geteuid() != 0:
        raise PackError(
            f"the clean root {name} can be made only by root",
            "name a folder or a tar file of a root with --try-root",
        )
    return found
