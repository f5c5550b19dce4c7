"""What resolution passes from step to step: chosen packages, and requirements at the end."""

from __future__ import annotations

from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    from packaging.requirements import Requirement

    from pypackage.analysis.resolution.installed import InstalledPackage
    from pypackage.core.names import Package

    Pin = Literal["exact", "minor", "none"]

    Source = Literal["installed", "declared", "table", "mapping", "option", "extra", "implied"]
    """Where it is known from that a module is a package's: the target's own metadata, what
    is declared, the table of names, --pkg-mapping; or that a package is needed: --extra-pkg, an
    extra, a call or string."""


class Choice(NamedTuple):
    """A package that is to be in the environment.

    Attributes:
        key: Its normalized name on PyPI, or conda's name of what is not there.
        package: Its names.
        source: Where it is known from.
        installed: It, as it is installed; None when it is not.
        asked: What the user asks of it on the command line.
        spec: The same as a conda match spec, when it is no PEP 508.
    """

    key: str
    package: Package
    source: Source
    installed: InstalledPackage | None = None
    asked: Requirement | None = None
    spec: str = ""


class Bounds(NamedTuple):
    """What is required of a package beside that it is there.

    Attributes:
        specifier: Ranges of versions (PEP 440), empty for any.
        extras: Sorted.
        url: Of a direct reference; else empty.
        spec: The conda match spec that is declared; else empty.
        place: Where it is declared; empty when it is not.
    """

    specifier: str = ""
    extras: tuple[str, ...] = ()
    url: str = ""
    spec: str = ""
    place: str = ""


class Origin(NamedTuple):
    """Which package a module is taken to come from, and where that is known from.

    Attributes:
        module: Its dotted name, as far as it decides; empty for a package no import shows.
        package: As the requirement names it.
        version: The installed version; empty when it is not installed.
        source: Where the package is known from.
        version_source: Where its version is: `installed`, `declared`, or empty for any version.
    """

    module: str
    package: str
    version: str
    source: Source
    version_source: str


class Resolved(NamedTuple):
    """Packages for modules.

    Attributes:
        channels: Conda channels, the first one first; empty when no package is conda's.
        dependencies: Conda match specs, sorted, without Python itself.
        pip: Requirements (PEP 508) that pip is to install, sorted.
        warnings: What the user should know, one line each.
        origins: Where each package is known from, sorted by module.
    """

    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
