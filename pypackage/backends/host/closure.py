"""Which distributions an environment needs: the requested ones and their dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement

from pypackage.backends.host.names import conda_dependency
from pypackage.core import package_names, urls
from pypackage.core.errors import RequirementsError
from pypackage.python import metadata
from pypackage.python.distributions import Distribution
from pypackage.requirements import pep508


@dataclass(frozen=True)
class Selected:
    """A distribution that the channel must have.

    Attributes:
        distribution: The installed distribution.
        depends: The conda packages that it requires, sorted.
    """

    distribution: Distribution
    depends: tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """The closure of the requested requirements.

    Attributes:
        selected: The installed distributions of it, sorted by name.
        missing: Requirements that no installed distribution satisfies, with the name of the
            distribution that has each (empty if the user has), sorted.
    """

    selected: tuple[Selected, ...]
    missing: tuple[tuple[Requirement, str], ...]


def parse(requirement: str) -> Requirement:
    """Parse a requirement (PEP 508).

    Raises:
        RequirementsError: It is not valid.
    """
    try:
        return pep508.parse(requirement)
    except ValueError as error:
        raise RequirementsError(f"not a requirement: {requirement!r} ({error})") from error


def satisfies(distribution: Distribution, requirement: Requirement) -> bool:
    """Whether an installed distribution satisfies a requirement of the user."""
    if not _is_from(distribution, requirement.url or ""):
        return False
    try:
        installed = pep508.version(distribution.version)
        return requirement.specifier.contains(installed, prereleases=True)
    except ValueError:
        return not requirement.specifier


def is_allowed(
    distribution: Distribution, constraints: Iterable[str], markers: Mapping[str, str]
) -> bool:
    """Whether an installed distribution is within the constraints of a requirements file."""
    return all(
        satisfies(distribution, one)
        for one in map(parse, constraints)
        if package_names.normalize(one.name) == distribution.key and pep508.holds(one, markers)
    )


def _is_from(distribution: Distribution, url: str) -> bool:
    """Whether it was installed from a URL, in the revision that the URL names, if any."""
    if not url or url.startswith("file:"):  # a folder matches by name alone
        return True
    place, revision = _place_and_revision(url)
    there, commit = _place_and_revision(distribution.reference)
    direct = metadata.direct_url(distribution.folder) or {}
    known = ("", commit, direct.get("vcs_info", {}).get("requested_revision"))
    return place == there and revision in known


def _place_and_revision(url: str) -> tuple[str, str]:
    place = urls.redact(url).partition("#")[0]
    before, _, revision = place.rpartition("@")
    is_of_repository = "+" in place.partition("://")[0] and before and "/" not in revision
    return (before, revision) if is_of_repository else (place, "")


def select(
    roots: Iterable[Requirement],
    available: Iterable[Distribution],
    markers: Mapping[str, str],
) -> Selection:
    """Follow requirements, with their markers and extras, to all that is needed.

    A dependency of an installed distribution is satisfied by whatever version is installed, as it
    is on this machine; a requirement of the user only by a version in its range.

    Args:
        available: The installed distributions, one per name.
        markers: The variables of environment markers without `extra`.
    """
    return _Closure(available, markers).follow(roots)


class _Closure:
    """The state of one walk along the requirements."""

    def __init__(self, available: Iterable[Distribution], markers: Mapping[str, str]) -> None:
        self.available = {distribution.key: distribution for distribution in available}
        self.markers = markers
        self.depends: dict[str, set[str]] = {}
        self.missing: dict[str, tuple[Requirement, str]] = {}
        self.queue: list[tuple[str, str]] = []
        self.seen: set[tuple[str, str]] = set()

    def follow(self, roots: Iterable[Requirement]) -> Selection:
        for root in roots:
            if pep508.holds(root, self.markers):
                self._ask(root, None)
        while self.queue:
            self._visit(*self.queue.pop())
        selected = (Selected(self.available[k], tuple(sorted(d))) for k, d in self.depends.items())
        return Selection(
            tuple(sorted(selected, key=lambda s: s.distribution.key)),
            tuple(self.missing[text] for text in sorted(self.missing)),
        )

    def _ask(self, requirement: Requirement, by: Distribution | None) -> None:
        """Select the distribution that satisfies a requirement, with the requested extras."""
        key = package_names.normalize(requirement.name)
        found = self.available.get(key)
        if found is None or (by is None and not satisfies(found, requirement)):
            self.missing.setdefault(str(requirement), (requirement, by.name if by else ""))
            return
        self.depends.setdefault(key, set())
        for extra in ("", *sorted(requirement.extras)):
            if (key, extra) not in self.seen:
                self.seen.add((key, extra))
                self.queue.append((key, extra))
        if by and by.key != key:
            self.depends[by.key].add(conda_dependency(requirement, found.version))

    def _visit(self, key: str, extra: str) -> None:
        """Follow what a distribution requires for one of its extras ("": always)."""
        distribution = self.available[key]
        for text in distribution.requires:
            try:
                requirement = pep508.parse(text)
            except ValueError:
                continue  # old metadata; today's pip would not have installed it either
            if pep508.holds(requirement, self.markers, extra):
                requirement.marker = None
                self._ask(requirement, distribution)
