"""What resolution passes from step to step: chosen packages, and requirements at the end."""

from __future__ import annotations

from pypackage.core import package_names
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    from packaging.requirements import Requirement

    from pypackage.analysis.resolution.conda_records import CondaPackage
    from pypackage.core.package_names import Package
    from pypackage.python.distributions import Distribution

    Pin = Literal["exact", "minor", "none"]

    Source = Literal["installed", "declared", "table", "mapping", "option", "extra", "implied"]
    """Where it is known from that a module is a package's: the target's own metadata, what
    is declared, the table of names, --pkg-mapping; or that a package is needed: --extra-pkg, an
    extra, a call or string."""


class InstalledPackage(NamedTuple):
    """An installed package that a module comes from; at least one of the two is there.

    Attributes:
        distribution: The Python distribution, which some conda packages are not.
        conda: The conda package; None when pip or the like installed the distribution.
    """

    distribution: Distribution | None
    conda: CondaPackage | None

    @property
    def key(self) -> str:
        """The normalized name on PyPI; of what is no distribution the conda name."""
        if self.distribution:
            return self.distribution.key
        assert self.conda is not None
        return package_names.pypi_name(self.conda.name) or self.conda.name

    @property
    def version(self) -> str:
        """The installed version."""
        package = self.distribution or self.conda
        assert package is not None
        return package.version


class Lookup(NamedTuple):
    """What is known of a module.

    Attributes:
        owners: The packages that have it, sorted by name. Several of them have the very
            module, or only what lies below it when it is a namespace.
        path: Where it is when no package has it; empty when it is not installed.
        namespace: Whether it is one, or a part that is missing of one; the owners, if any, only
            share it.
    """

    owners: tuple[InstalledPackage, ...] = ()
    path: str = ""
    namespace: bool = False


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
