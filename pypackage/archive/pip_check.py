"""Check distributions' requirements, as `pip check` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pypackage.core.package_names import normalize
from pypackage.python.distributions import Distribution
from pypackage.requirements import pep508


def problems(distributions: Iterable[Distribution], python: str, platform: str) -> list[str]:
    """Missing requirements, and versions that do not match, one line each.

    Args:
        distributions: All distributions of an environment.
        python: Its Python version.
        platform: Conda's name of its platform.
    """
    found = {distribution.key: distribution for distribution in distributions}
    markers = pep508.markers(python, platform)
    return [
        line
        for key in sorted(found)
        for text in found[key].requires
        for line in _problem(found[key], text, found, markers)
    ]


def _problem(
    owner: Distribution,
    text: str,
    found: Mapping[str, Distribution],
    markers: Mapping[str, str],
) -> Iterator[str]:
    try:
        requirement = pep508.parse(text)
    except ValueError:
        return  # old metadata; pip ignores it too
    if not pep508.holds(requirement, markers):
        return
    requirement.marker = None
    other = found.get(normalize(requirement.name))
    if other is None:
        yield f"{owner.name} {owner.version} requires {requirement}, which is not there"
        return
    try:
        fits = requirement.specifier.contains(pep508.version(other.version), prereleases=True)
    except ValueError:
        return
    if not fits:
        there = f"{other.name} {other.version} is there"
        yield f"{owner.name} {owner.version} requires {requirement}, but {there}"
