"""The packages that a plan installs: three kinds behind one interface.

`Solved` by the built-in solver, `Locked` by a file, or `Delegated` to the user's own conda, which
solves and installs at once. Each knows what was required and its digest, and puts conda's packages
into a prefix; packages of PyPI and everything else are added in the same way for each.
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
    """A prefix that contains conda's packages.

    Attributes:
        lock: These packages, and those of PyPI still to be installed.
        altered: Files that differ from those in their packages, relative to the prefix.
    """

    lock: Lock
    altered: Collection[str]


class Packages(ABC):
    """The packages of an environment."""

    @property
    @abstractmethod
    def specs(self) -> tuple[str, ...]:
        """What was requested, as match specs and requirements of PyPI."""

    @property
    @abstractmethod
    def conda_specs(self) -> tuple[str, ...]:
        """What was requested of conda's packages, as match specs."""

    @property
    def digest(self) -> str:
        """A digest of all packages; empty if they, or their contents, are not known yet."""
        return ""

    @abstractmethod
    def named(self, requirements: Requirements) -> Requirements:
        """The requirements with these packages named, so that modules need no lookup."""

    @abstractmethod
    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """Put conda's packages into an empty prefix, and run their post-link scripts.

        Args:
            target_prefix: The path that is written into files instead of the prefix.

        Raises:
            PackageError: They cannot be solved, fetched or linked.
        """


class _Requested(Packages):
    """Packages that answer a solve request, which has what was requested."""

    request: SolveRequest

    @property
    def specs(self) -> tuple[str, ...]:
        """The match specs and wheels of the request."""
        return (*self.request.specs, *self.request.wheels)

    @property
    def conda_specs(self) -> tuple[str, ...]:
        """The match specs of the request."""
        return self.request.specs

    def named(self, requirements: Requirements) -> Requirements:
        """The packages of the request, in any version."""
        if requirements.dependencies or requirements.pip:
            return requirements
        specs = [spec for spec in self.request.specs if python_version(spec) is None]
        names = dict.fromkeys(parse_match_spec(spec)[0] for spec in specs)
        return requirements._replace(dependencies=tuple(names), pip=self.request.wheels)


@dataclass(frozen=True)
class Locked(Packages):
    """Exactly the packages of a lock.

    Attributes:
        lock: The lock, with the locations of its packages.
        settings: How they are fetched.
    """

    lock: Lock
    settings: conda.Settings

    @property
    def specs(self) -> tuple[str, ...]:
        """All conda packages: a lock does not record which of them were requested."""
        return tuple(record.name.normalized for record in self.lock.records)

    @property
    def conda_specs(self) -> tuple[str, ...]:
        """All conda packages."""
        return self.specs

    @property
    def digest(self) -> str:
        """The digest of the lock."""
        return locks.digest(self.lock)

    def named(self, requirements: Requirements) -> Requirements:
        """All packages, in their versions."""
        versions = {one.name.normalized: str(one.version) for one in self.lock.records}
        python = versions.pop("python", requirements.python)
        return requirements._replace(
            python=python,
            channels=self.lock.channels or requirements.channels,
            dependencies=tuple(f"{name} =={version}" for name, version in versions.items()),
            pip=tuple(f"{wheel.name}=={wheel.version}" for wheel in self.lock.wheels),
        )

    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """Install by the built-in engine."""
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
    """The result of the built-in solver and uv.

    Attributes:
        request: What was requested.
    """

    request: SolveRequest


@dataclass(frozen=True)
class PyPIRequest:
    """What is requested from PyPI besides conda's packages.

    Attributes:
        requirements: As in PEP 508.
        context: What the packages must be compatible with besides conda's.
        hashes: The allowed digests, such as `sha256:…`, by normalized name.
    """

    requirements: tuple[str, ...]
    context: ResolutionContext
    hashes: Mapping[str, Sequence[str]]

    def beside(self, locked: Lock) -> Lock:
        """Add compatible packages of PyPI to a lock of conda's packages.

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
    """Packages that the user's own conda will choose.

    Attributes:
        program: A conda, mamba or micromamba.
        request: What is requested.
        pypi: What is requested from PyPI. It depends on what the program chooses, so it is resolved
            after the program has run, and before anything from PyPI is installed.
        channels: The channels' URLs.
    """

    program: Path
    request: SolveRequest
    pypi: PyPIRequest
    channels: tuple[str, ...]

    def link(self, prefix: Path, target_prefix: Path, reporter: Reporter) -> Linked:
        """Install by the program."""
        offline = self.pypi.context.offline
        altered = conda_executable.create(
            self.program, self.request, prefix, target_prefix, offline, reporter
        )
        return Linked(self.pypi.beside(locks.of_prefix(prefix, self.channels)), altered)


def suiting(context: ResolutionContext, records: Sequence[RepoDataRecord]) -> ResolutionContext:
    """Add conda's packages to what packages of PyPI must be compatible with."""
    known = [(one.name.normalized, str(one.version), one.depends) for one in records]
    python = next((version for name, version, _ in known if name == "python"), "")
    return replace(context, python=python, present={**choose.present(known), **context.present})
