"""Install PyPI packages into a prefix with uv; uv writes to prefixes nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pypackage.backends.pypi import pylock, uv
from pypackage.backends.pypi.choose import BUILDING, ResolutionContext, platform_options
from pypackage.backends.pypi.package import PyPIPackage, is_commit
from pypackage.core import files
from pypackage.core.errors import InstallError, ProcessError
from pypackage.core.git import hide_logins
from pypackage.core.progress import Reporter, Task
from pypackage.python import dist_info

# Makes builds reproducible.
REPRODUCIBLE = {"SOURCE_DATE_EPOCH": "315532800", "PYTHONHASHSEED": "0"}


def check_built(packages: Iterable[PyPIPackage]) -> None:
    """Check that nothing must be built, which would run its code.

    Raises:
        InstallError: Something must.
    """
    for package in packages:
        if package.is_source:
            told = f"{package.name} {package.version} would have to be built"
            raise InstallError(told, BUILDING)


def install(
    packages: Sequence[PyPIPackage],
    prefix: Path,
    target_prefix: Path,
    context: ResolutionContext,
    reporter: Reporter,
) -> None:
    """Install packages into a prefix that has its Python, but need not have pip.

    Args:
        packages: As chosen, or as in a lock; the digests are verified.
        prefix: The folder.
        target_prefix: The path that is written into files instead of `prefix`.
        context: What they were chosen for.

    Raises:
        InstallError: One cannot be fetched, built or written, or is not the locked one.
    """
    if not packages:
        return
    with reporter.task("installing packages of PyPI") as task:
        unpack(packages, prefix, prefix / "bin" / "python", context, task=task)
    built = {package.name for package in packages if package.is_source}
    dist_info.make_relocatable(prefix, target_prefix, {package.name for package in packages}, built)


def unpack(
    packages: Sequence[PyPIPackage],
    prefix: Path,
    python: Path,
    context: ResolutionContext,
    direct: Container[str] = (),
    task: Task | None = None,
) -> None:
    """Let uv install packages into a prefix, without making them relocatable.

    Args:
        packages: The packages; the digests are verified.
        prefix: The folder.
        python: The interpreter that it is for; not used for another platform.
        context: What they were chosen for.
        direct: Names of those that were requested by URL.
        task: Hears of the bytes that are written.

    Raises:
        InstallError: One cannot be fetched, built or written, or is not the locked one.
    """
    logins = hide_logins(" ".join(one.url for one in packages if is_commit(one.url)))[1]
    plain = [
        replace(one, url=hide_logins(one.url)[0]) if is_commit(one.url) else one for one in packages
    ]
    with files.private_folder() as scratch:
        lock = scratch / "pylock.toml"
        lock.write_text(pylock.dumps(plain, direct))
        arguments: list[str | Path] = ["pip", "install", "--quiet", "--no-deps"]
        arguments += ["--requirements", lock, *(["--offline"] if context.offline else [])]
        try:
            if context.platform:
                _unpack_foreign(arguments, prefix, context, logins, task)
            else:
                _run([*arguments, "--prefix", prefix], python, prefix, context, logins, task)
        except ProcessError as error:
            raise InstallError(
                "the packages of PyPI cannot be installed", uv.message(error)
            ) from error


def _unpack_foreign(
    arguments: Sequence[str | Path],
    prefix: Path,
    context: ResolutionContext,
    env: Mapping[str, str],
    task: Task | None,
) -> None:
    """Install for a platform whose interpreter does not run here."""
    version = ".".join(context.python.split(".")[:2])
    place = prefix / "lib" / f"python{version}" / "site-packages"
    place.mkdir(parents=True, exist_ok=True)
    with files.temporary_folder(prefix) as scratch:
        options = [*platform_options(context), "--target", os.fspath(scratch)]
        options += [] if context.allow_sdist else ["--only-binary", ":all:"]
        _run([*arguments, *options], Path(sys.executable), prefix, context, env, task)
        dist_info.spread(scratch, place, prefix)


def _run(
    argv: Sequence[str | Path],
    python: Path,
    prefix: Path,
    context: ResolutionContext,
    env: Mapping[str, str],
    task: Task | None,
) -> None:
    variables = {**REPRODUCIBLE, **env}
    options = context.indexes
    uv.run(argv, python, prefix, choosing=False, options=options, env=variables, task=task)


def described(packages: Iterable[PyPIPackage], prefix: Path) -> tuple[PyPIPackage, ...]:
    """Return the packages with the requirements in their installed metadata."""
    found = dist_info.installed(prefix)
    return tuple(
        replace(
            package,
            version=package.version or found[package.name].version,
            requires_dist=found[package.name].requires,
            requires_python=dist_info.header(found[package.name].info, "Requires-Python"),
        )
        if package.name in found
        else package
        for package in packages
    )
