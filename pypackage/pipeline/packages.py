"""The packages that a plan installs: three kinds behind one interface.

`Solved` by the built-in solver, `Locked` by a file, or `Delegated` to the user's own conda, which
chooses as it installs. Each is asked what was required, what its digest is, and to put conda's
packages into a prefix; packages of PyPI and all else come after them the same way for each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.backends import conda, conda_executable, locate
from pypackage.backends import lock as locks
from pypackage.backends.lock import Lock
from pypackage.backends.pypi import choose
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.request import SolveRequest
from pypackage.core.errors import InstallError
from pypackage.core.progress import Reporter
from pypackage.prefix import directory, postlink
from pypackage.requirements.match_specs import parse_match_spec, python_version
from pypackage.requirements.model import Requirements

if TYPE_CHECKING:
    from rattler import RepoDataRecord


@dataclass(frozen=True)
class Linked:
    """What a prefix has once conda's packages are in it.

    Attributes:
        lock: They, and the packages of PyPI that are to come.
        altered: Files that are not as their package brought them, relative to the prefix.
    """

    lock: Lock
    altered: Collection[str]


class Packages(ABC):
    """The packages of an environment."""

    @property
    @abstractmethod
    def specs(self) -> tuple[str, ...]:
        """What was asked for, as match specs and requirements of PyPI."""

    @property
    @abstractmethod
    def conda_specs(self) -> tuple[str, ...]:
        """What was asked for of conda's packages, as match specs."""

    @property
    def digest(self) -> str:
        """A digest of all packages; empty where they, or their content, are not known yet."""
        return ""

    @abstractmethod
    def named(self, requirements: Requirements) -> Requirements:
        """The requirements with these packages named: modules are looked up no more."""

    @abstractmethod
    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """Put conda's packages into an empty prefix, and run their post-link scripts.

        Args:
            target_prefix: The path that is written into files in its place.

        Raises:
            PackageError: They cannot be chosen, fetched or linked.
        """


class _Requested(Packages):
    """Packages that answer a request, which says what was asked for."""

    request: SolveRequest

    @property
    def specs(self) -> tuple[str, ...]:
        """Those of the request."""
        return (*self.request.specs, *self.request.wheels)

    @property
    def conda_specs(self) -> tuple[str, ...]:
        """Those of the request."""
        return self.request.specs

    def named(self, requirements: Requirements) -> Requirements:
        """Those of the request, in any version."""
        if requirements.dependencies or requirements.pip:
            return requirements
        specs = [spec for spec in self.request.specs if python_version(spec) is None]
        names = dict.fromkeys(parse_match_spec(spec)[0] for spec in specs)
        return requirements._replace(dependencies=tuple(names), pip=self.request.wheels)


@dataclass(frozen=True)
class Locked(Packages):
    """Exactly the packages of a lock.

    Attributes:
        lock: Its packages lie where it says.
        settings: How they are fetched.
    """

    lock: Lock
    settings: conda.Settings

    @property
    def specs(self) -> tuple[str, ...]:
        """All conda packages: which of them were asked for, no lock tells."""
        return tuple(record.name.normalized for record in self.lock.records)

    @property
    def conda_specs(self) -> tuple[str, ...]:
        """The same."""
        return self.specs

    @property
    def digest(self) -> str:
        """That of the lock."""
        return locks.digest(self.lock)

    def named(self, requirements: Requirements) -> Requirements:
        """All packages, each in the version that it has."""
        versions = {one.name.normalized: str(one.version) for one in self.lock.records}
        python = versions.pop("python", requirements.python)
        return requirements._replace(
            python=python,
            channels=self.lock.channels or requirements.channels,
            dependencies=tuple(f"{name} =={version}" for name, version in versions.items()),
            pip=tuple(f"{wheel.name}=={wheel.version}" for wheel in self.lock.wheels),
        )

    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """By the built-in engine."""
        try:
            conda.install(self.lock.records, prefix, target_prefix, reporter, self.settings)
        except InstallError:
            locate.check_found(self.lock)
            raise
        for line in directory.overwritten(prefix):
            reporter.warning(line)
        directory.tidy(prefix)
        altered = postlink.run(prefix, target_prefix, self.settings.platform, reporter)
        return Linked(self.lock, altered)


@dataclass(frozen=True)
class Solved(_Requested, Locked):
    """What the built-in solver and uv have chosen.

    Attributes:
        request: What they were asked.
    """

    request: SolveRequest


@dataclass(frozen=True)
class PyPIRequest:
    """What is asked of PyPI beside conda's packages.

    Attributes:
        requirements: As in PEP 508.
        context: What the packages have to suit besides conda's.
        hashes: Digests, such as `sha256:…`, that those of a normalized name are to have.
    """

    requirements: tuple[str, ...]
    context: ResolutionContext
    hashes: Mapping[str, Sequence[str]]

    def beside(self, locked: Lock) -> Lock:
        """A lock of conda's packages with those of PyPI that go with them.

        Raises:
            SolveError: There are none.
        """
        if not self.requirements:
            return locked
        chosen = choose.resolve(self.requirements, suiting(self.context, locked.records))
        choose.check_hashes(chosen, self.hashes, choose.conditional(self.requirements))
        return replace(locked, wheels=chosen)


@dataclass(frozen=True)
class Delegated(_Requested):
    """What the user's own conda is going to choose.

    Attributes:
        program: A conda, mamba or micromamba.
        request: What it is asked.
        pypi: What is asked of PyPI. Only the program knows what this has to go with, so it
            is chosen when the program is done, and before anything of it is installed.
        channels: The channels' URLs.
    """

    program: Path
    request: SolveRequest
    pypi: PyPIRequest
    channels: tuple[str, ...]

    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """By the program."""
        offline = self.pypi.context.offline
        altered = conda_executable.create(
            self.program, self.request, prefix, target_prefix, offline, reporter
        )
        return Linked(self.pypi.beside(locks.of_prefix(prefix, self.channels)), altered)


def suiting(context: ResolutionContext, records: Sequence[RepoDataRecord]) -> ResolutionContext:
    """What packages of PyPI have to suit, conda's packages among it."""
    known = [(one.name.normalized, str(one.version), one.depends) for one in records]
    python = next((version for name, version, _ in known if name == "python"), "")
    return replace(context, python=python, present={**choose.present(known), **context.present})
