"""What conda calls the names, versions and requirements of Python's packaging."""

from __future__ import annotations

import re

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

PYTHON = "python"

# A normalized name has no underscore, so that this one cannot collide with another.
_RESERVED = {PYTHON: "pypi_python"}


def conda_name(name: str) -> str:
    """The conda package of a distribution: its normalized name (PEP 503)."""
    key = canonicalize_name(name)
    return _RESERVED.get(key, key)


def conda_version(version: str) -> str:
    """A version that conda can read; the normalized one wherever PEP 440 is followed."""
    try:
        return str(Version(version.rstrip("+")))
    except InvalidVersion:
        return re.sub(r"[^0-9A-Za-z._]", "_", version).strip("_.") or "0"


def conda_dependency(requirement: Requirement, installed: str) -> str:
    """A requirement as a conda package states it.

    The installed version always satisfies the result: a range that it does not meet, or
    that conda orders in another way than PEP 440 (local and pre-release versions), is left
    out, for the environment is to be what it is on this machine.
    """
    name = conda_name(requirement.name)
    try:
        version = Version(installed)
    except InvalidVersion:
        return name
    plain = version.release and str(version) == ".".join(map(str, version.release))
    if not plain or not requirement.specifier.contains(version):
        return name
    return conda_spec(name, requirement)


def conda_spec(name: str, requirement: Requirement) -> str:
    """A requirement as a match spec for the conda package `name`."""
    clauses = sorted(_clause(s.operator, s.version) for s in requirement.specifier)
    return f"{name} {','.join(clauses)}" if clauses else name


def _clause(operator: str, version: str) -> str:
    """One version clause; conda writes `==1.2.*` as `1.2.*`."""
    if operator == "==" and version.endswith(".*"):
        return version
    return ("==" if operator == "===" else operator) + version


def parse_match_spec(spec: str) -> tuple[str, SpecifierSet | None]:
    """The name in a conda match spec, and its version range as PEP 440 writes it.

    Args:
        spec: Such as `numpy`, `numpy=2.1`, `conda-forge::numpy >=1.26,<3`.

    Returns:
        The name as written and the range; None for a range that PEP 440 cannot say.
    """
    text, _, brackets = spec.rsplit("::", 1)[-1].strip().partition("[")
    name = re.match(r"[\w.-]*", text)
    assert name is not None  # the pattern matches the empty string too
    words = re.sub(r"\s*([,|<>=!~]+)\s*", r"\1", text[name.end() :]).split()
    version = words[0] if words else ""
    build = re.fullmatch(r"(=?[\w.!*+]+)=[^=]+", version)  # name=version=build
    if "version" in brackets:
        return name[0], None
    try:
        return name[0], _specifier((build[1] if build else version).lstrip(" "), bool(build))
    except InvalidSpecifier:
        return name[0], None


def _specifier(version: str, exact: bool) -> SpecifierSet:
    if version in ("", "*"):
        return SpecifierSet()
    return SpecifierSet(",".join(_pep440(clause, exact) for clause in version.split(",")))


def _pep440(clause: str, exact: bool) -> str:
    """One clause of a conda version range in PEP 440's words."""
    if re.match(r"[<>~!]|==", clause):
        return clause
    bare = clause.lstrip("=")
    if bare.endswith("*"):
        return f"=={bare.rstrip('*').rstrip('.')}.*"
    return f"=={bare}.*" if clause.startswith("=") and not exact else f"=={bare}"
