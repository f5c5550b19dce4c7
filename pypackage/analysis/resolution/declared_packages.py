"""Declared requirements by package, filtered for the target."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import cached_property

from pypackage.core.package_names import normalize
from pypackage.requirements import formats
from pypackage.requirements.formats import Declaration, Declarations

# Suffixes of package names for another build of the same package.
_VARIANT = (
    r"(?:cpu|gpu|binary|bin|nightly|headless|macos|intel|directml|silicon"
    r"|cuda\d+x?|cu\d+|rocm[\d-]*)"
)


class DeclaredPackages:
    """Declarations by package.

    Args:
        declared: What the program's author has declared.
        find_markers: Finds the environment marker variables; called only when needed.
    """

    def __init__(
        self, declared: Declarations, find_markers: Callable[[], Mapping[str, str]]
    ) -> None:
        self._declared = declared
        self._find_markers = find_markers

    def __contains__(self, key: str) -> bool:
        return key in self._declared.requirements

    def __bool__(self) -> bool:
        return bool(self._declared.requirements)

    @cached_property
    def markers(self) -> Mapping[str, str]:
        """The environment marker variables, without `extra`."""
        return self._find_markers()

    def matching(self, key: str) -> list[Declaration]:
        """The declarations of a package that apply to the target.

        Extras and dependency groups are alternatives: they count only if the project itself does
        not require the package, and then only the first of them.
        """
        found = [one for one in self._declared.requirements.get(key, ()) if self._holds(one)]
        group = min((one.group for one in found), key=lambda name: name != "", default="")
        return [one for one in found if one.group == group]

    def _holds(self, one: Declaration) -> bool:
        return one.requirement.marker is None or formats.holds(one.requirement, self.markers)

    def refused(self, key: str) -> str:
        """Why a package cannot be taken from its declared source; empty if it can."""
        for one in self.matching(key):
            if one.refused:
                return f"{one.place}: {key} is declared to come from {one.refused}"
        return ""

    def wanted(self) -> list[str]:
        """The packages that are needed even if no import of them is found."""
        names = self._declared.requirements
        return [key for key in names if any(one.wanted for one in self.matching(key))]

    def contradicting(self, key: str) -> list[Declaration]:
        """The declarations of a package in several groups if they differ; else none."""
        found = [one for one in self._declared.requirements.get(key, ()) if self._holds(one)]
        if any(not one.group for one in found):
            return []
        said = {str(one.requirement.specifier) for one in found}
        return found if len(said) > 1 else []

    def unmatched(self, taken: Collection[str]) -> dict[str, str]:
        """The project's own requirements that are not taken, each with its place."""
        return {
            key: found[0].place
            for key in self._declared.requirements
            if key not in taken and (found := self.matching(key)) and not found[0].group
        }

    def variant(self, name: str) -> str:
        """The declared variant of a package, such as `tensorflow-cpu`; else empty."""
        builds = [
            key
            for key in self._declared.requirements
            if key.startswith(f"{name}-") and re.fullmatch(_VARIANT, key[len(name) + 1 :])
        ]
        return next((key for key in builds if self.matching(key)), "")

    def near(self, module: str, taken: Collection[str]) -> str:
        """The only declared package, not taken yet, whose name contains a module's name as a word.

        `parsnip-cif` for `parsnip`, `diffpy.structure` for `diffpy.structure.parsers`; empty if
        there is none or more than one.
        """
        parts = module.split(".")
        for count in range(len(parts), 0, -1):
            name = normalize(".".join(parts[:count]))
            found = [
                key
                for key in self._declared.requirements
                if key not in taken and f"-{name}-" in f"-{key}-" and self.matching(key)
            ]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""
