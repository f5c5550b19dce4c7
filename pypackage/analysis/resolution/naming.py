"""What packages are called: by the user, by PyPI and by conda."""

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
    """Read a name, a requirement of PyPI, or a match spec of conda's.

    Args:
        text: It.
        what: What messages call it.
        conda: Whether match specs are taken.

    Returns:
        The package's name, the requirement if it is one, and the match spec or nothing.

    Raises:
        UsageError: It is none of them: what is named so was given as an option.
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
    """What warnings call a module: by its top-level name unless that is shared by many."""
    top = module.partition(".")[0]
    return module if package_names.is_shared(top) else top


def both_names(name: str) -> tuple[str, Package]:
    """The key and the names of a package that is not installed, of which one name is given.

    Where the table knows nothing of it, conda is taken to call it the same.
    """
    key = package_names.normalize(name)
    conda = package_names.conda_name(key)
    pypi = "" if conda else package_names.pypi_name(name)
    if pypi:
        return pypi, Package(pypi, name.lower())
    return key, Package(key, conda or key)


def of_installed(installed: InstalledPackage) -> Package:
    """What PyPI and conda call a package that is installed."""
    conda = installed.conda.name if installed.conda else ""
    distribution = installed.distribution
    return Package(distribution.key if distribution else package_names.pypi_name(conda), conda)
