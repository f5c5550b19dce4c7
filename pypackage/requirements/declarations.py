"""Declared requirements as values, and how several are combined."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pypackage.core.errors import RequirementsError
from pypackage.core.package_names import normalize, pypi_name
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.requirements.pep508 import parse, specifiers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement


class Source(NamedTuple):
    """The declared source of a package other than PyPI and conda's channels.

    Attributes:
        url: Of a file or repository, as PEP 508 writes it after `@`.
        refused: What it is if it is not supported, such as `the path ../lib`.
        path: Of a project's folder, relative to the file that declares it.
    """

    url: str = ""
    refused: str = ""
    path: str = ""


class Declaration(NamedTuple):
    """One declared requirement.

    Attributes:
        requirement: In the form of PEP 508; for a conda package by its name on PyPI, without a
            range that PEP 440 cannot express.
        place: File and line of the declaration.
        wanted: Whether the program needs it even if no import of it is found; else it only
            constrains what is imported.
        conda: The conda match spec, if it is one.
        group: The dependency group that it belongs to, or the extra in brackets, such as `[all]`;
            empty for the project itself.
        refused: Its declared source, if that is not supported.
        path: The project's folder that is its declared source.
    """

    requirement: Requirement
    place: str
    wanted: bool = False
    conda: str = ""
    group: str = ""
    refused: str = ""
    path: str = ""

    @property
    def key(self) -> str:
        """The normalized name."""
        return normalize(self.requirement.name)


class Declarations(NamedTuple):
    """All declarations.

    Attributes:
        requirements: By normalized name, in the order of declaration.
        requires_python: Version ranges (PEP 440) with the place of each.
        channels: Conda channels, by priority.
        warnings: What was not supported, with its place.
        indexes: Indexes that apply to all packages, with the place of each.
    """

    requirements: Mapping[str, tuple[Declaration, ...]] = {}
    requires_python: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


class Collector:
    """Collects declarations while files are read."""

    def __init__(self) -> None:
        self.requirements: list[Declaration] = []
        self.requires_python: list[tuple[str, str]] = []
        self.channels: list[str] = []
        self.warnings: list[str] = []
        self.indexes: list[str] = []

    def made(self) -> Declarations:
        """Return all declarations, without duplicates."""
        by_name: dict[str, tuple[Declaration, ...]] = {}
        for one in self.requirements:
            if one not in by_name.get(one.key, ()):
                by_name[one.key] = (*by_name.get(one.key, ()), one)
        return Declarations(
            by_name,
            tuple(dict.fromkeys(self.requires_python)),
            tuple(dict.fromkeys(self.channels)),
            tuple(dict.fromkeys(self.warnings)),
            tuple(dict.fromkeys(self.indexes)),
        )

    def add(
        self,
        text: str,
        place: str,
        *,
        wanted: bool = False,
        group: str = "",
        source: Source = Source(),  # noqa: B008 (a tuple)
    ) -> None:
        """Add a requirement; raises if it is not valid."""
        try:
            requirement = parse(text)
        except ValueError as error:
            raise RequirementsError(f"{place}: not a requirement: {text!r}: {error}") from None
        requirement.url = source.url or requirement.url
        self.requirements.append(
            Declaration(
                requirement, place, wanted, group=group, refused=source.refused, path=source.path
            )
        )

    def add_conda(self, spec: str, place: str, *, group: str = "", refused: str = "") -> None:
        """Add a conda match spec, by its name on PyPI; that of Python adds a version range."""
        from pypackage.requirements.match_specs import parse_match_spec

        name, versions = parse_match_spec(spec)
        if not re.fullmatch(r"(?a:\w(?:[\w.-]*\w)?)", name):
            raise RequirementsError(f"{place}: not a conda package: {spec!r}")
        if name == "python":
            if versions:
                self.python(str(versions), place)
        elif re.match(r"[A-Za-z0-9]", name):
            requirement = parse(f"{pypi_name(name) or name.strip('_')}{versions or ''}")
            self.requirements.append(
                Declaration(requirement, place, conda=spec, group=group, refused=refused)
            )

    def python(self, versions: str, place: str) -> None:
        """Add a version range of Python."""
        try:
            self.requires_python.append((str(specifiers(versions)), place))
        except ValueError:
            raise RequirementsError(f"{place}: not a range of versions: {versions!r}") from None


def merge(parts: Iterable[Declarations]) -> Declarations:
    """Merge declarations, all of which apply."""
    made = Collector()
    for part in parts:
        for declarations in part.requirements.values():
            made.requirements += declarations
        made.requires_python += part.requires_python
        made.channels += part.channels
        made.warnings += part.warnings
        made.indexes += part.indexes
    return made.made()
