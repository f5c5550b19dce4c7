"""Value types of resolution: chosen packages, and the resulting requirements."""

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
    """How a package is known: for a module, from the target's metadata, a declaration, the table
    of names or --pkg-mapping; else from --extra-pkg, an extra, or a call or string."""


class InstalledPackage(NamedTuple):
    """An installed package that a module comes from; at least one attribute is not None.

    Attributes:
        distribution: The Python distribution; None for conda packages without one.
        conda: The conda package; None if pip or the like installed the distribution.
    """

    distribution: Distribution | None
    conda: CondaPackage | None

    @property
    def key(self) -> str:
        """The normalized name on PyPI; without a distribution and PyPI name, conda's name."""
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
    """The result of looking up a module.

    Attributes:
        owners: The packages that have it, sorted by name. Several have the module itself, or parts
            of it if it is a namespace package.
        path: Its path if no package has it; empty if it is not installed.
        namespace: Whether it is a namespace package, or a missing part of one; then the owners, if
            any, only share it.
    """

    owners: tuple[InstalledPackage, ...] = ()
    path: str = ""
    namespace: bool = False


class Choice(NamedTuple):
    """A package that the environment must have.

    Attributes:
        key: Its normalized name on PyPI, or conda's name if it is not on PyPI.
        package: Its names.
        source: How it is known.
        installed: The installed package; None if it is not installed.
        asked: The requirement given on the command line.
        spec: The same as a conda match spec, if it is not valid PEP 508.
    """

    key: str
    package: Package
    source: Source
    installed: InstalledPackage | None = None
    asked: Requirement | None = None
    spec: str = ""


class Bounds(NamedTuple):
    """What is required of a package.

    Attributes:
        specifier: Version ranges (PEP 440), empty for any.
        extras: Sorted.
        url: The URL of a direct reference; else empty.
        spec: The declared conda match spec; else empty.
        place: Where it is declared; empty if it is not.
    """

    specifier: str = ""
    extras: tuple[str, ...] = ()
    url: str = ""
    spec: str = ""
    place: str = ""


class Origin(NamedTuple):
    """The package that a module is attributed to, and how it is known.

    Attributes:
        module: The part of its dotted name that decides; empty for a package that no import shows.
        package: The requirement.
        version: The installed version; empty if it is not installed.
        source: How the package is known.
        version_source: How its version is known: `installed`, `declared`, or empty for any version.
    """

    module: str
    package: str
    version: str
    source: Source
    version_source: str


class Resolved(NamedTuple):
    """Packages for modules.

    Attributes:
        channels: Conda channels by priority; empty if no package is from conda.
        dependencies: Conda match specs, sorted, without Python itself.
        pip: Requirements (PEP 508) for pip, sorted.
        warnings: Warnings for the user, one line each.
        origins: How each package is known, sorted by module.
    """

    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()
