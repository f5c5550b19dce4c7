"""Turn packages into requirements for conda and pip, pinned to the installed versions."""

from __future__ import annotations

import re

from pypackage.analysis.resolution.model import Bounds, Choice
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pypackage.analysis.resolution.model import Pin
    from pypackage.analysis.resolution.resolver import Decision


class Pinned(NamedTuple):
    """A package as a requirement.

    Attributes:
        text: A conda match spec, or a requirement (PEP 508).
        source: How its version is known: `installed`, `declared`, or empty for any version.
    """

    text: str
    source: str


class Pinner:
    """Pins packages to their installed versions.

    Attributes:
        warnings: Warnings for the user.
        unpinned: Packages without a known version.
    """

    def __init__(self, pin: Pin) -> None:
        self.warnings: list[str] = []
        self.unpinned: list[Choice] = []
        self._pin = pin

    def pin(self, decision: Decision) -> Pinned:
        """The requirement for a package."""
        choice, bounds, conda = decision
        return self._conda(choice, bounds) if conda else self._pip(choice, bounds)

    def _conda(self, choice: Choice, bounds: Bounds) -> Pinned:
        conda = choice.installed.conda if choice.installed else None
        name = choice.package.conda
        if choice.spec:
            return Pinned(choice.spec, "declared")
        if conda and self._fits(choice, bounds, conda.version) and self._pin != "none":
            version = conda.version if self._pin == "exact" else _minor(conda.version)
            return Pinned(f"{name}={version}", "installed")
        if not conda:
            self._note_unpinned(choice, bounds)
        return _declared(bounds.spec or f"{name}{_in_conda(bounds.specifier)}", bounds)

    def _pip(self, choice: Choice, bounds: Bounds) -> Pinned:
        distribution = choice.installed.distribution if choice.installed else None
        name = choice.package.pypi or choice.key
        full = f"{name}[{','.join(bounds.extras)}]" if bounds.extras else name
        if distribution and not bounds.url and self._fits(choice, bounds, distribution.version):
            is_conda = choice.installed and choice.installed.conda
            reference = "" if is_conda else distribution.reference
            if reference:
                self._warn_of_local(name, distribution.version, reference)
                return Pinned(f"{full} @ {reference}", "installed")
            return self._exactly(full, name, distribution.version, bounds)
        if not distribution:
            self._note_unpinned(choice, bounds)
        return _declared(
            f"{full} @ {bounds.url}" if bounds.url else f"{full}{bounds.specifier}", bounds
        )

    def _exactly(self, full: str, name: str, version: str, bounds: Bounds) -> Pinned:
        """Pin to the installed version, without a local version, which PyPI does not have."""
        public, _, local = version.partition("+")
        if self._pin == "none":
            return _declared(f"{full}{bounds.specifier}", bounds)
        if not re.fullmatch(_PUBLIC, public) or (local and ".dev" in public):
            self.warnings.append(f"{name} {version} is no release that PyPI has: not pinned")
            return _declared(f"{full}{bounds.specifier}", bounds)
        if self._pin == "minor":
            clause = f"=={_minor(public)}.*" if _minor(public) != public else f"=={public}"
            clauses = sorted({clause, *filter(None, bounds.specifier.split(","))})
            return Pinned(full + ",".join(clauses), "installed")
        if local:
            self.warnings.append(f"{name} {version} is a build of its own: pinned to {public}")
        return Pinned(f"{full}=={public}", "installed")

    def _fits(self, choice: Choice, bounds: Bounds, version: str) -> bool:
        """Whether the installed version is in the declared range; if not, adds a warning."""
        if not bounds.specifier or _within(bounds.specifier, version):
            return True
        self.warnings.append(
            f"{choice.key} {version} is installed, but {choice.key}{bounds.specifier} is"
            f" {f'declared ({bounds.place})' if bounds.place else 'asked for'}"
        )
        return False

    def _warn_of_local(self, name: str, version: str, reference: str) -> None:
        if reference.startswith("file:"):
            self.warnings.append(f"{name} {version} is this machine's own, from {reference}")

    def _note_unpinned(self, choice: Choice, bounds: Bounds) -> None:
        known = choice.installed or bounds.specifier or bounds.url or bounds.spec
        if self._pin != "none" and not known:
            self.unpinned.append(choice)


def _in_conda(specifier: str) -> str:
    if not specifier:
        return ""
    from pypackage.requirements.match_specs import conda_range

    return conda_range(specifier)


def _declared(text: str, bounds: Bounds) -> Pinned:
    known = bounds.specifier or bounds.url or bounds.spec
    return Pinned(text, "declared" if known else "")


_PUBLIC = r"(\d+!)?\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?"


def _minor(version: str) -> str:
    """The first two components of a version; all of it if it does not begin with two numbers."""
    found = re.match(r"(?:\d+!)?\d+\.\d+(?=[.\D]|$)", version)
    return found[0] if found else version


def _within(specifier: str, version: str) -> bool:
    """Whether a version is in a range; false for versions invalid by PEP 440."""
    from pypackage.requirements import pep508

    try:
        return pep508.specifiers(specifier).contains(pep508.version(version), prereleases=True)
    except ValueError:
        return False
