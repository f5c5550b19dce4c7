"""List and remove the environments and interpreters created by this package."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pypackage.backends import conda_meta
from pypackage.backends.conda import condarc
from pypackage.backends.cpython import builds
from pypackage.core import store
from pypackage.core.errors import InputPathError, InstallError, UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import environment_packages
from pypackage.pipeline.environment_packages import PackageInfo
from pypackage.prefix.directory import MARK


@dataclass(frozen=True)
class EnvironmentInfo:
    """An environment, or an interpreter that was built from source.

    Attributes:
        kind: `environment` or `interpreter`.
        name: Its name.
        python: Its Python version; empty for an environment without Python.
        folder: Its folder.
        time: When it was created, in seconds since 1970.
    """

    kind: str
    name: str
    python: str
    folder: Path
    time: float

    @property
    def size(self) -> int:
        """The size of its files in bytes, including hard links into the package cache."""
        seen = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                seen[status.st_dev, status.st_ino] = status.st_size
        return sum(seen.values())


def every(cache: Path, environ: Mapping[str, str] = os.environ) -> list[EnvironmentInfo]:
    """All environments and interpreters created here: environments first, by name."""
    environments = [
        EnvironmentInfo(
            "environment",
            one.name,
            conda_meta.versions(one).get("python", ""),
            one,
            (one / MARK).stat().st_mtime,
        )
        for one in _prefixes(environ)
        if (one / MARK).is_file()
    ]
    interpreters = [
        EnvironmentInfo("interpreter", one.name, one.version, one.prefix, _time(one.prefix))
        for one in builds.every(builds.folder(cache))
    ]
    return [*sorted(environments, key=lambda one: (one.name, one.folder)), *interpreters]


def find(name: str, cache: Path) -> EnvironmentInfo:
    """The environment or interpreter of a name; interpreters can be named by version too.

    Raises:
        InputPathError: There is nothing of this name.
        InstallError: The environment was not created by this package.
        UsageError: Several interpreters are of this version.
    """
    made = every(cache)
    named = [one for one in made if one.name == name]
    versions = [one for one in made if one.kind == "interpreter" and one.python == name]
    if len(versions) > 1 and not named:
        names = ", ".join(one.name for one in versions)
        raise UsageError(f"several interpreters are Python {name}", f"name one of {names}")
    if named or versions:
        return [*named, *versions][0]
    there = [one for one in _prefixes(os.environ) if one.name == name and one.is_dir()]
    if there:
        raise InstallError(
            f"{there[0]} was not made by python_package_create", "it is left as it is"
        )
    raise InputPathError(
        f"there is no environment or interpreter {name}",
        "python_package_create --list shows those that it made",
    )


def remove(names: Sequence[str], cache: Path, reporter: Reporter) -> None:
    """Remove environments and interpreters, without asking; if a name is unknown, remove nothing.

    Args:
        names: Of environments and interpreters.

    Raises:
        InputPathError: There is nothing of this name.
        InstallError: It was not created by this package, or cannot be removed.
    """
    for found in {made.folder: made for made in [find(name, cache) for name in names]}.values():
        with (
            InstallError.wrapping(f"{found.name} cannot be removed", found.folder),
            reporter.task(f"removing {found.folder}"),
        ):
            store.remove(store.Entry(found.folder, 0, 0.0))
            if found.kind == "interpreter":
                builds.log_of(found.folder).unlink(missing_ok=True)
            else:
                condarc.forget(found.folder)


def packages_of(name: str, cache: Path) -> list[PackageInfo]:
    """The packages of an environment created here.

    Raises:
        InputPathError: There is no such environment.
        UsageError: It is an interpreter.
    """
    found = find(name, cache)
    if found.kind != "environment":
        raise UsageError(f"{name} is an interpreter, which has no packages")
    return environment_packages.listed(found.folder)


def _prefixes(environ: Mapping[str, str]) -> Iterator[Path]:
    """All environments: those in the folder for new ones, and those known to conda."""
    folder = condarc.envs_folder(environ)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    found += condarc.known_environments(environ)
    seen = {os.path.realpath(one): one for one in reversed(found)}
    yield from reversed(seen.values())


def _time(prefix: Path) -> float:
    return (prefix / builds.RECORD).stat().st_mtime
