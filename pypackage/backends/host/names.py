"""Conda's spelling of Python packaging's names, versions and requirements."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from pypackage.core.package_names import normalize
from pypackage.requirements import pep508
from pypackage.requirements.match_specs import conda_range

PYTHON = "python"

# Normalized names have no underscore, so this one cannot collide with another.
_RESERVED = {PYTHON: "pypi_python"}


def conda_name(name: str) -> str:
    """Return the conda package's name of a distribution: its normalized name (PEP 503)."""
    key = normalize(name)
    return _RESERVED.get(key, key)


def conda_version(version: str) -> str:
    """Return a version that conda can read; the normalized one if it follows PEP 440."""
    try:
        return str(pep508.version(version.rstrip("+")))
    except ValueError:
        return re.sub(r"[^0-9A-Za-z._]", "_", version).strip("_.") or "0"


def conda_dependency(requirement: Requirement, installed: str) -> str:
    """Convert a requirement to a conda dependency.

    The installed version always satisfies the result: a range that it does not satisfy, or
    that conda orders otherwise than PEP 440 (local and pre-release versions), is left
    out, since the environment must be the same as on this machine.
    """
    name = conda_name(requirement.name)
    try:
        version = pep508.version(installed)
    except ValueError:
        return name
    plain = version.release and str(version) == ".".join(map(str, version.release))
    if not plain or not requirement.specifier.contains(version):
        return name
    versions = conda_range(str(requirement.specifier))
    return f"{name} {versions}" if versions else name
