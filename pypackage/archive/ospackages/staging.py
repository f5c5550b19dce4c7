"""Lay out an OS package's files as they will be installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pypackage.archive import fixed_place, manifest
from pypackage.archive.contents import Contents
from pypackage.archive.ospackages.model import OsPackage
from pypackage.archive.writers import folder
from pypackage.archive.writers import tree as trees
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter

UNITS = "usr/lib/systemd/system"


@dataclass(frozen=True)
class Staged:
    """A folder with all files of a package in their places.

    Attributes:
        root: The folder, which stands for `/`.
        epoch: The time of the package and all of its files.
        glibc: The lowest glibc that it runs with; empty if it needs none.
        platform: Conda's name of its platform.
    """

    root: Path
    epoch: int
    glibc: str
    platform: str

    def paths(self) -> Iterator[tuple[str, Path]]:
        """All files, links and folders by their absolute paths, in a fixed order."""
        for path in sorted(self.root.rglob("*")):
            yield f"/{path.relative_to(self.root)}", path

    def add(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(mode)

    def normalize_metadata(self) -> None:
        """Set the mode of all folders, and the same time for everything."""
        for _, path in self.paths():
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
            os.utime(path, (self.epoch, self.epoch), follow_symlinks=False)
        folder.normalize_metadata(self.root)


def lay_out(contents: Contents, package: OsPackage, root: Path, reporter: Reporter) -> Staged:
    """Lay out the environment, and the package's other files.

    Args:
        contents: The contents, as returned by `fixed_place.settle`.
        package: The description of the package.
        root: An empty folder.

    Raises:
        PackError: The environment lacks a command.
        OSError: A file cannot be read or written.
    """
    prefix = root / str(package.prefix).lstrip("/")
    prefix.mkdir(parents=True)
    tree = trees.of(contents)
    with reporter.task("laying out", tree.size) as task:
        folder.fill(tree, prefix, task)
    platforms = (one.subdir for one in contents.packages if one.subdir != "noarch")
    staged = Staged(
        root,
        fixed_place.epoch(contents),
        manifest.lowest_glibc(contents.packages, contents.glibc),
        next(platforms, ""),
    )
    _add_commands(staged, package, prefix, active=fixed_place.is_activated(contents))
    _add_files(staged, package)
    return staged


def _add_commands(staged: Staged, package: OsPackage, prefix: Path, *, active: bool) -> None:
    """Link commands, or add scripts that run them if the environment must be activated."""
    (staged.root / "usr/bin").mkdir(parents=True, exist_ok=True)
    for name in package.commands:
        program = prefix / "bin" / name
        if "/" in name or not program.is_file() or not os.access(program, os.X_OK):
            raise PackError(
                f"the environment has no program {name!r} to link to (--command)",
                "it must be in the bin folder of the environment",
            )
        place = f"{package.prefix}/bin"
        if active:
            text = (
                f'#!/bin/sh\nexec {place}/python_package_run -e {package.prefix} -- {name} "$@"\n'
            )
            staged.add(f"usr/bin/{name}", text.encode(), 0o755)
        else:
            (staged.root / "usr/bin" / name).symlink_to(f"{place}/{name}")
    if not package.commands:
        (staged.root / "usr/bin").rmdir()
        (staged.root / "usr").rmdir()


def _add_files(staged: Staged, package: OsPackage) -> None:
    for directory in package.directories:
        (staged.root / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for dest, source in package.config_sources.items():
        staged.add(dest, source.read_bytes())
    for path in package.config_paths:
        place = staged.root / path.lstrip("/")
        if not place.is_file() or place.is_symlink():
            raise PackError(
                f"there is no file {path} (--config-file)",
                f"a path in the environment starts at {package.prefix}; else write FILE:/etc/DEST",
            )
    if package.systemd_unit:
        content = package.systemd_unit.read_bytes()
        staged.add(f"{UNITS}/{package.app}.service", content)
