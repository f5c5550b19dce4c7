"""Convert between conda match specs and PEP 440 version specifiers."""

from __future__ import annotations

import re

from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements.pep508 import specifiers

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

HOW_LISTED = (
    "each conda package is an item of its own ('- numpy=2.1'); those of PyPI stand under pip"
)
"""What to do about a list of dependencies with other tables in it."""


VERSION = r"\d{1,9}(\.\d{1,9}){0,9}((a|b|rc)\d{1,9})?"
"""Pattern of a version of Python."""


def parse_match_spec(spec: str) -> tuple[str, SpecifierSet | None]:
    """Parse a conda match spec: its name, and its version range in the form of PEP 440.

    Args:
        spec: Such as `numpy`, `numpy=2.1`, `conda-forge::numpy >=1.26,<3`.

    Returns:
        The name as written and the range; None for a range that PEP 440 cannot express.
    """
    text, _, brackets = spec.rsplit("::", 1)[-1].strip().partition("[")
    name = re.match(r"[\w.-]*", text)
    assert name is not None  # the pattern matches the empty string too
    words = re.sub(r"\s*([,|<>=!~]+)\s*", r"\1", text[name.end() :]).split()
    version = words[0] if words else ""
    build = re.fullmatch(r"(={0,2}[\w.!*+]+)=[^=]+", version)  # name=version=build
    if "version" in brackets:
        return name[0], None
    try:
        return name[0], _specifier((build[1] if build else version).lstrip(" "), bool(build))
    except ValueError:
        return name[0], None


def _specifier(version: str, exact: bool) -> SpecifierSet:
    if version in ("", "*"):
        return specifiers("")
    return specifiers(",".join(_pep440(clause, exact) for clause in version.split(",")))


def _pep440(clause: str, exact: bool) -> str:
    """Convert one clause of a conda version range to PEP 440."""
    if re.match(r"[<>~!]|==", clause):
        return clause
    bare = clause.lstrip("=")
    if bare.endswith("*"):
        return f"=={bare.rstrip('*').rstrip('.')}.*"
    return f"=={bare}.*" if clause.startswith("=") and not exact else f"=={bare}"


def conda_range(specifier: str) -> str:
    """Convert a PEP 440 range to conda's form after a name; `==1.2.*` is `=1.2` there."""
    clauses = []
    for clause in filter(None, specifier.split(",")):
        found = re.fullmatch(r"([=<>!~]+)(.*)", clause)
        operator, version = (found[1], found[2]) if found else ("==", clause)
        if operator == "==" and version.endswith(".*"):
            clauses.append(f"={version.removesuffix('.*')}")
        else:
            clauses.append(("==" if operator == "===" else operator) + version)
    return ",".join(clauses)


def python_version(spec: str) -> str | None:
    """Return the version in a match spec of Python, as written; None for other packages."""
    found = re.fullmatch(r"(?:\S+::)?python\b(?![-_.])\s*(.*)", spec)
    if not found:
        return None
    # The version of `python=3.11.*=*_cpython` or `python 3.11.7 h123_0` is 3.11 or 3.11.7.
    return re.split(r"[\s=]", found[1].lstrip("= "))[0].rstrip("*").rstrip(".")
