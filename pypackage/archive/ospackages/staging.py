"""Lay out an OS package's files as they will be installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.archive import manifest, relocate, tar_stream
from pypackage.archive.contents import Contents
from pypackage.archive.ospackages.model import OsPackage
from pypackage.archive.writers import folder
from pypackage.archive.writers import tree as trees
from pypackage.core import process
from pypackage.core.errors import PackError, ProcessError, UsageError
from pypackage.core.progress import Reporter
from pypackage.prefix import datasets

UNITS = "usr/lib/systemd/system"

_OLDEST = 946_684_800  # the year 2000: lintian takes older files for a mistake
_PREPARED = "etc/pypackage/prepared"  # the runner's mark of what names its own place already
# What would rewrite the files for another place, as conda-pack does it.
_USELESS = ("bin/conda-unpack", "bin/conda_unpack_progress.py")
_HOOKS = "etc/conda/activate.d/"


@dataclass(frozen=True)
class Staged:
    """A folder that holds all files of a package at their places.

    Attributes:
        root: The folder; it stands for `/`.
        epoch: The time that the package and all of its files have.
        glibc: The lowest glibc that it runs with; empty when none is needed.
        platform: Conda's name of it.
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
        """Give all folders their mode, and all there is the same time."""
        for _, path in self.paths():
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
            os.utime(path, (self.epoch, self.epoch), follow_symlinks=False)
        folder.normalize_metadata(self.root)


def lay_out(
    contents: Contents,
    package: OsPackage,
    root: Path,
    reporter: Reporter,
    environ: Mapping[str, str] = os.environ,
) -> Staged:
    """Lay out the environment, and what the package has beside it.

    Args:
        package: Where it goes, and with what.
        root: An empty folder.
        environ: Where SOURCE_DATE_EPOCH is looked up.

    Raises:
        PackError: The environment cannot be at that place, or lacks a command.
        OSError: A file cannot be read or written.
    """
    prefix = root / str(package.prefix).lstrip("/")
    prefix.mkdir(parents=True)
    kept = tuple(entry for entry in contents.entries if entry.target not in _USELESS)
    tree = trees.of(replace(contents, entries=kept))
    with reporter.task("laying out", tree.size) as task:
        folder.fill(tree, prefix, task)
    _relocate(prefix, package)
    (prefix / _PREPARED).write_text(f"{package.prefix}\n")
    platforms = (one.subdir for one in contents.packages if one.subdir != "noarch")
    staged = Staged(
        root,
        _epoch(contents, environ),
        manifest.lowest_glibc(contents.packages, contents.glibc),
        next(platforms, ""),
    )
    _add_commands(staged, package, prefix)
    _add_files(staged, package)
    return staged


def _epoch(contents: Contents, environ: Mapping[str, str]) -> int:
    """The time that is asked for, else that of the newest file of the packages."""
    given = environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isascii() or not given.isdecimal():
            raise UsageError(f"SOURCE_DATE_EPOCH: {given!r} is not a number of seconds")
        return int(given)
    newest = (tar_stream.tar_info(entry).mtime for entry in contents.entries if entry.pristine)
    return int(max(_OLDEST, *newest, _OLDEST))


def _relocate(prefix: Path, package: OsPackage) -> None:
    """Let the files name the place where they will be, not that where they are now."""
    originals = relocate.take_originals(str(prefix))
    place = str(package.prefix).encode()
    try:
        for original in originals:
            relocate.check(str(prefix), original, place)
    except relocate.RelocationError as error:
        raise PackError(
            f"the application cannot be in {package.prefix}: {error}",
            "choose a shorter --install-root or --app",
        ) from error
    for original in originals:
        relocate.rewrite(str(prefix), original, place)
    modules = [one.path for one in originals if one.path.endswith(".py") and one.pieces]
    with suppress(ProcessError):  # an interpreter of other machines; no byte code is no harm
        python = [str(prefix / "bin/python"), "-I", "-S", "-B", "-c", _COMPILE]
        process.run([*python, str(prefix), str(package.prefix), *modules])


_COMPILE = """\
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for path in sys.argv[3:]:
    place = f"{sys.argv[2]}/{path}"
    py_compile.compile(
        f"{sys.argv[1]}/{path}", dfile=place, quiet=2, invalidation_mode=mode
    )
"""


def _add_commands(staged: Staged, package: OsPackage, prefix: Path) -> None:
    """Link commands; those of an environment that has to be activated are started by its runner."""
    active = (prefix / datasets.VARIABLES).exists() or any((prefix / _HOOKS).glob("*.sh"))
    (staged.root / "usr/bin").mkdir(parents=True, exist_ok=True)
    for name in package.commands:
        program = prefix / "bin" / name
        if "/" in name or not program.is_file() or not os.access(program, os.X_OK):
            raise PackError(
                f"the environment has no program {name!r} to be linked (--command)",
                "it has to be in the folder bin of the environment",
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
