"""Convert between the names of packages given by the user, on PyPI and in conda."""

from __future__ import annotations

import re

from pypackage.core import package_names
from pypackage.core.errors import UsageError
from pypackage.core.package_names import Package
from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements import formats

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from pypackage.analysis.resolution.model import InstalledPackage

_NAME = r"(?a:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_MATCH_SPEC = rf"(?:[\w./:-]+::)?(?P<name>{_NAME})(?:\s*[=<>!~].*|\s+[\d*].*)?"


def parse(text: str, what: str, *, conda: bool) -> tuple[str, Requirement | None, str]:
    """Parse a name, a PEP 508 requirement, or a conda match spec.

    Args:
        text: The text.
        what: Its name in messages.
        conda: Whether match specs are accepted.

    Returns:
        The package's name, the requirement if it is one, and the match spec or nothing.

    Raises:
        UsageError: It is none of them.
    """
    text = text.strip()
    if re.fullmatch(_NAME, text):
        return text, None, ""
    try:
        requirement = formats.parse(text)
    except ValueError as error:
        match = re.fullmatch(_MATCH_SPEC, text)
        if not match or not conda:
            raise UsageError(f"{what}: not a requirement: {error}") from None
        return match["name"], None, text
    return requirement.name, requirement, ""


def in_words(module: str) -> str:
    """The name of a module in warnings: top-level, unless several packages share that."""
    top = module.partition(".")[0]
    return module if package_names.is_shared(top) else top


def both_names(name: str) -> tuple[str, Package]:
    """The key and both names of a package that is not installed, of which one name is given.

    If the table does not have it, conda's name is assumed to be the same.
    """
    key = package_names.normalize(name)
    conda = package_names.conda_name(key)
    pypi = "" if conda else package_names.pypi_name(name)
    if pypi:
        return pypi, Package(pypi, name.lower())
    return key, Package(key, conda or key)


def of_installed(installed: InstalledPackage) -> Package:
    """The names of an installed package on PyPI and in conda."""
    conda = installed.conda.name if installed.conda else ""
    distribution = installed.distribution
    return Package(distribution.key if distribution else package_names.pypi_name(conda), conda)
