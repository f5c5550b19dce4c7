"""Chosen packages as requirements of conda and pip, with the versions that are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pypackage.analysis.resolution.choose import Choice, Chooser
from pypackage.requirements import formats as declarations

DEFAULT_CHANNEL = "conda-forge"

Pin = Literal["exact", "minor", "none"]


class Resolved(NamedTuple):
    """Packages for modules.

    Attributes:
        channels: Conda channels, the first one first; empty when no package is conda's.
        dependencies: Conda match specs, sorted, without Python itself.
        pip: Requirements (PEP 508) that pip is to install, sorted.
        warnings: What the user should know, one line each.
    """

    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


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


class Writer:
    """Writes choices as requirements."""

    def __init__(self, work: Chooser, pin: Pin) -> None:
        self.work = work
        self.pin = pin
        self.warnings = work.warnings
        self.channels: list[str] = []
        self.dependencies: set[str] = set()
        self.pip: set[str] = set()
        self.unpinned: list[str] = []

    def write(self) -> Resolved:
        """All choices, and what the extras of conda packages require beside them."""
        queue = [self.work.chosen[key] for key in sorted(self.work.chosen)]
        for choice in queue:
            bounds = self._bounds(choice)
            if self._is_conda(choice, bounds):
                self._write_conda(choice, bounds)
                queue += self._behind_extras(choice, bounds)
            else:
                self._write_pip(choice, bounds)
        if self.unpinned:
            self.warnings.append(f"not installed here, so not pinned: {', '.join(self.unpinned)}")
        return Resolved(
            self._ordered_channels(),
            tuple(sorted(self.dependencies)),
            tuple(sorted(self.pip)),
            tuple(dict.fromkeys((*self.work.declared.warnings, *self.warnings))),
        )

    def _bounds(self, choice: Choice) -> Bounds:
        """What is declared of a package and asked of it, together."""
        found = self.work.matching(choice.key)
        required = [one.requirement for one in found]
        required += [choice.asked] if choice.asked else []
        return Bounds(
            ",".join(sorted({str(clause) for one in required for clause in one.specifier})),
            tuple(sorted({extra for one in required for extra in one.extras})),
            next((one.url for one in required if one.url), ""),
            next((one.conda for one in found if one.conda), ""),
            found[0].place if found else "",
        )

    def _is_conda(self, choice: Choice, bounds: Bounds) -> bool:
        if self.work.pip_only and choice.package.pypi:
            return False
        if choice.owner:
            return choice.owner.conda is not None
        return bool(choice.package.conda) and not bounds.url and self._prefers_conda(choice)

    def _prefers_conda(self, choice: Choice) -> bool:
        return self.work.conda or not choice.package.pypi

    def _fits(self, choice: Choice, bounds: Bounds, version: str) -> bool:
        """Whether the installed version is in the declared range; it is told when not."""
        if not bounds.specifier or _within(bounds.specifier, version):
            return True
        self.warnings.append(
            f"{choice.key} {version} is installed, but {choice.key}{bounds.specifier} is"
            f" {f'declared ({bounds.place})' if bounds.place else 'asked for'}"
        )
        return False

    def _write_conda(self, choice: Choice, bounds: Bounds) -> None:
        conda = choice.owner.conda if choice.owner else None
        name = choice.package.conda
        self.channels.append(conda.channel if conda else "")
        if choice.spec:
            self.dependencies.add(choice.spec)
            return
        if conda and self._fits(choice, bounds, conda.version) and self.pin != "none":
            version = conda.version if self.pin == "exact" else _minor(conda.version)
            self.dependencies.add(f"{name}={version}")
            return
        if not conda:
            self._tell_unpinned(choice, bounds)
        self.dependencies.add(bounds.spec or f"{name}{_conda_range(bounds.specifier)}")

    def _behind_extras(self, choice: Choice, bounds: Bounds) -> Iterator[Choice]:
        """What the extras of a package require: conda's packages have none."""
        distribution = choice.owner.distribution if choice.owner else None
        asked = f"{choice.key}[{','.join(bounds.extras)}]"
        if bounds.extras and not distribution:
            self.warnings.append(f"conda has no extras: what {asked} requires is to be added")
            return
        for text in distribution.requires if distribution and bounds.extras else ():
            further = self._behind_extra(text, bounds.extras, asked)
            if further and further.key not in self.work.chosen:
                self.work.choose(further)
                yield further

    def _behind_extra(self, text: str, extras: tuple[str, ...], asked: str) -> Choice | None:
        """What a requirement asks for, if it does so only with one of the extras."""
        try:
            requirement = declarations.parse(text)
        except ValueError:
            return None  # of old metadata; pip of today would not have installed it either
        held = [declarations.holds(requirement, self.work.markers, one) for one in ("", *extras)]
        if held[0] or not any(held):
            return None
        requirement.marker = None
        return self.work.named(requirement.name, asked)._replace(asked=requirement)

    def _write_pip(self, choice: Choice, bounds: Bounds) -> None:
        distribution = choice.owner.distribution if choice.owner else None
        name = choice.package.pypi or choice.key
        full = f"{name}[{','.join(bounds.extras)}]" if bounds.extras else name
        if distribution and not bounds.url and self._fits(choice, bounds, distribution.version):
            reference = "" if choice.owner and choice.owner.conda else distribution.reference
            if reference:
                self._tell_local(name, distribution.version, reference)
                self.pip.add(f"{full} @ {reference}")
                return
            self.pip.add(f"{full}{self._pinned(name, distribution.version, bounds)}")
            return
        if not distribution:
            self._tell_unpinned(choice, bounds)
        self.pip.add(f"{full} @ {bounds.url}" if bounds.url else f"{full}{bounds.specifier}")

    def _pinned(self, name: str, version: str, bounds: Bounds) -> str:
        """The clauses for an installed version, of which PyPI has no local builds."""
        public, _, local = version.partition("+")
        if self.pin == "none":
            return bounds.specifier
        if not re.fullmatch(_PUBLIC, public) or (local and ".dev" in public):
            self.warnings.append(f"{name} {version} is no release that PyPI has: not pinned")
            return bounds.specifier
        if self.pin == "minor":
            clause = f"=={_minor(public)}.*" if _minor(public) != public else f"=={public}"
            return ",".join(sorted({clause, *filter(None, bounds.specifier.split(","))}))
        if local:
            self.warnings.append(f"{name} {version} is a build of its own: pinned to {public}")
        return f"=={public}"

    def _tell_local(self, name: str, version: str, reference: str) -> None:
        if reference.startswith("file:"):
            self.warnings.append(f"{name} {version} is this machine's own, from {reference}")

    def _tell_unpinned(self, choice: Choice, bounds: Bounds) -> None:
        known = choice.owner or bounds.specifier or bounds.url or bounds.spec
        if self.work.installed and self.pin != "none" and not known:
            self.unpinned.append(self.work.name_of(choice.package))

    def _ordered_channels(self) -> tuple[str, ...]:
        """The channel of Python first, then those of the packages, the most used one first."""
        if not self.channels:
            return ()
        used = [one for one in self.channels if one]
        first = self.work.installed.python_channel() if self.work.installed else ""
        ranked = sorted(set(used), key=lambda one: (one != first, -used.count(one), one))
        channels = [*([first] if first else []), *ranked]
        if not channels or "" in self.channels:
            channels += self.work.declared.channels or ([] if channels else [DEFAULT_CHANNEL])
        return tuple(dict.fromkeys(channels))


_PUBLIC = r"(\d+!)?\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?"


def _minor(version: str) -> str:
    """The first two numbers of a version; all of it when it does not begin so."""
    found = re.match(r"(?:\d+!)?\d+\.\d+(?=[.\D]|$)", version)
    return found[0] if found else version


def _within(specifier: str, version: str) -> bool:
    """Whether a version is in a range; one that PEP 440 does not know is in none."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _conda_range(specifier: str) -> str:
    """A range as conda writes it."""
    clauses = []
    for clause in filter(None, specifier.split(",")):
        found = re.fullmatch(r"([=<>!~]+)(.*)", clause)
        operator, version = (found[1], found[2]) if found else ("==", clause)
        if operator == "==" and version.endswith(".*"):
            clauses.append(f"={version.removesuffix('.*')}")
        else:
            clauses.append(("==" if operator == "===" else operator) + version)
    return ",".join(clauses)
