"""Represent a finished environment as a value."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pypackage.core import files
from pypackage.core.errors import InputPathError
from pypackage.pipeline import commands

HERE = "here"
"""Stands for the running Python in comparisons."""

TRAVEL = ("cloudpickle", "dill", "numpy", "pandas", "polars", "pyarrow", "scipy", "xarray")
"""Distributions whose objects, or whose serialization, travel between client and worker."""

# Distributions with another name on conda-forge.
_OTHER_NAMES = {"dask": "dask-core", "msgpack": "msgpack-python"}


class Difference(NamedTuple):
    """A package in which two environments differ.

    Attributes:
        name: The distribution, or `python`.
        own: Its version in the environment; empty if it is missing.
        other: Its version in the other environment; empty if it is missing.
    """

    name: str
    own: str
    other: str


@dataclass(frozen=True)
class Environment(os.PathLike[str]):
    """An archive of an environment, or its folder; it can be passed wherever a path is accepted.

    Its properties come from its manifest, which is read on first use.

    Attributes:
        path: Its absolute path.
        url: Where it was uploaded to; empty if unknown.

    Raises:
        InputPathError: On reading a property, if there is no such environment, or its format has no
            manifest.
    """

    path: Path
    url: str = field(default="", compare=False)
    _known: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(os.path.abspath(self.path)))

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return os.fspath(self.path)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The content of its manifest; `packages` are versions by name."""
        if self._known is not None:
            return self._known
        from pypackage.archive import read_manifest

        return read_manifest.read(self.path)

    @property
    def id(self) -> str:
        """The digest of its content (64 hexadecimal digits): equal for equal content."""
        return str(self.manifest["environment_id"])

    @property
    def python(self) -> str:
        """The version of its Python, such as `3.11.7`; empty if it has none."""
        return str(self.manifest["python"])

    @property
    def packages(self) -> Mapping[str, str]:
        """The versions of its packages, by their names on conda channels or PyPI."""
        packages: Mapping[str, str] = self.manifest["packages"]
        return packages

    @property
    def platform(self) -> str:
        """The platform that it is for, by conda's name, such as `linux-64`."""
        return str(self.manifest["platform"])

    @cached_property
    def size(self) -> int:
        """The number of bytes to send: of the archive, or of all files or parts in the folder."""
        from pypackage.archive import parts

        if parts.manifest_of(self.path):
            found = parts.read(self.path)
            return len(found.text) + sum(one.length for one in found.members)
        if self.path.is_dir():
            return sum(one.lstat().st_size for one in self.path.rglob("*") if not one.is_dir())
        return self.path.stat().st_size

    # --- running something in it ----------------------------------------------------------

    def command(
        self, words: str | Sequence[str], *, runner: str | os.PathLike[str] = commands.RUNNER
    ) -> list[str]:
        """The words of a command line that runs a command in it.

        Args:
            words: The command's words; or a string for sh to run.
            runner: The worker script; by default the one on this machine.
        """
        return commands.in_environment(str(self), words, runner=os.fspath(runner))

    def python_words(self, *, runner: str | os.PathLike[str] = commands.RUNNER) -> list[str]:
        """The words that stand for `python3`, before its arguments."""
        return self.command(["python3"], runner=runner)

    def launcher(
        self,
        path: str | os.PathLike[str],
        *,
        runner: str | os.PathLike[str] = commands.RUNNER,
        keep: Sequence[str] = (),
    ) -> Path:
        """Write a shell script that acts as its `python3`, for engines that take a single path.

        Args:
            path: The script; an existing file is replaced.
            runner: The worker script's path on the machines that run it.
            keep: Variables to pass on that the runner would change: Spark uses PYTHONPATH to say
                where pyspark is.

        Raises:
            InputPathError: It cannot be written.
        """
        target = Path(os.path.abspath(path))
        kept = "".join(f'{name}="${{{name}-}}" ' for name in keep)
        start = shlex.join(self.command(["env"] if keep else [], runner=runner))
        line = f'#!/bin/sh\nexec {start} {kept}python3 "$@"\n'
        with InputPathError.wrapping("cannot write the launcher", target):
            files.write_new(target, line.encode(errors="surrogateescape"))
            target.chmod(target.stat().st_mode | 0o111)
        return target

    def pinned_url(self, folder: str) -> str:
        """The URL from which `python_package_run -e` fetches it, with the digest of the content.

        Args:
            folder: The URL (`https://host/envs`, or `http:`) by which workers see the folder that
                it was uploaded to by `upload=`, or an archive was copied to under its own name. A
                query, such as an access token, is kept.

        Raises:
            InputPathError: It is a folder but not a layers folder, or cannot be read.
        """
        from urllib.parse import quote, urlsplit, urlunsplit

        from pypackage.archive import parts
        from pypackage.core import fingerprint

        manifest = parts.manifest_of(self.path)
        served = manifest or self.path
        place = urlsplit(folder)
        name = quote(parts.shared_name(self.path) if manifest else self.path.name)
        url = urlunsplit(place._replace(path=f"{place.path.rstrip('/')}/{name}", fragment=""))
        with InputPathError.wrapping("cannot read", served):
            return f"{url}#sha256={fingerprint.of_file(served)}"

    # --- comparing ------------------------------------------------------------------------

    def differences(
        self,
        other: str | os.PathLike[str] = HERE,
        distributions: Sequence[str] | None = None,
    ) -> tuple[Difference, ...]:
        """The differences that keep objects from travelling between it and another environment.

        Args:
            other: An environment, or `HERE` for the running Python.
            distributions: Those whose versions must be equal; by default those of `TRAVEL` that
                both have, and cloudpickle if the other one has it. Python's major and minor version
                must always be equal.
        """
        there = _here if other == HERE else Environment(Path(other)).version
        found = []
        if _minor(self.python) != _minor(there("python")):
            found.append(Difference("python", self.python, there("python")))
        for name in TRAVEL if distributions is None else distributions:
            pair = self.version(name), there(name)
            counts = distributions is not None or all(pair) or (name == "cloudpickle" and pair[1])
            if counts and pair[0] != pair[1]:
                found.append(Difference(name, *pair))
        return tuple(found)

    def version(self, distribution: str) -> str:
        """The version of a distribution in it; empty if it is missing."""
        names = (distribution, _OTHER_NAMES.get(distribution, ""))
        return next((self.packages[one] for one in names if one in self.packages), "")


def _here(distribution: str) -> str:
    """The version of a distribution in the running Python; empty if it is missing."""
    from importlib import metadata

    if distribution == "python":
        return platform.python_version()
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
