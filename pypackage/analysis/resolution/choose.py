"""Which packages a program needs: what is installed first, then what is declared, then a table.

A module of which nothing is known is told and left alone: a package that happens to bear
its name may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pypackage.analysis.resolution.installed import InstalledIndex, InstalledPackage, Lookup
from pypackage.core import names
from pypackage.core.errors import RequirementsError
from pypackage.core.names import Package
from pypackage.requirements import formats as declarations
from pypackage.requirements.formats import Declaration, Declarations

if TYPE_CHECKING:
    from packaging.requirements import Requirement


class Choice(NamedTuple):
    """A package that is to be in the environment.

    Attributes:
        key: Its normalized name on PyPI, or conda's name of what is not there.
        package: Its names.
        owner: It, as it is installed; None when it is not.
        asked: What the user asks of it on the command line.
        spec: The same as a conda match spec, when it is no PEP 508.
    """

    key: str
    package: Package
    owner: InstalledPackage | None = None
    asked: Requirement | None = None
    spec: str = ""


class Chooser:
    """Chooses packages, one module or name after the other.

    Attributes:
        declared: What the program's author has declared.
        installed: What the interpreter has; None when only a version is known.
        pip_only: Whether all packages are to be pip's.
        conda: Whether a package that is not installed is to be conda's, if it can be.
        chosen: The packages by their keys.
        warnings: What the user should know.
    """

    def __init__(
        self,
        declared: Declarations,
        mapping: Mapping[str, str],
        installed: InstalledIndex | None,
        pip_only: bool,
        markers: Callable[[], Mapping[str, str]],
    ) -> None:
        self.declared = declared
        self.installed = installed
        self.pip_only = pip_only
        self.conda = not pip_only and (installed is None or installed.conda)
        self._find_markers = markers
        self.chosen: dict[str, Choice] = {}
        self.warnings: list[str] = []
        self._mapping = mapping
        self._unknown: list[str] = []
        self._imported: set[str] = set()

    @cached_property
    def markers(self) -> Mapping[str, str]:
        """The variables of environment markers, without `extra`."""
        return self._find_markers()

    def choose(self, choice: Choice | None) -> None:
        """Take a package; what the user asks of it weighs more than that it is imported."""
        if choice and (choice.key not in self.chosen or choice.asked or choice.spec):
            self.chosen[choice.key] = choice

    def module(self, module: str) -> None:
        """Choose the package of a module."""
        choice = self._mapped(module)
        found = self.installed.of_module(module) if self.installed and not choice else Lookup()
        if found.path:
            self.warnings.append(f"{found.path} belongs to no installed package")
            return
        if found.namespace and len(found.owners) > 1:
            among = ", ".join(owner.key for owner in found.owners)
            self.warnings.append(f"{module} is shared by {among}: import what is meant of it")
            return
        if found.owners:
            choice = self._installed(module, found.owners)
        elif not choice:
            choice = self._not_installed(module, found.namespace)
        if choice:
            self._imported.add(choice.key)
            self.choose(choice)

    def _mapped(self, module: str) -> Choice | None:
        """The package that the user says a module comes from."""
        name = module
        while name and name not in self._mapping:
            name = name.rpartition(".")[0]
        return self.named(self._mapping[name], f"package of {name}") if name else None

    def named(self, text: str, what: str) -> Choice:
        """A package by a name of PyPI or conda, a requirement or a match spec.

        Raises:
            RequirementsError: It is none of them.
        """
        asked, spec, name = None, "", text.strip()
        if not re.fullmatch(_NAME, name):
            try:
                asked = declarations.parse(name)
                name = asked.name
            except ValueError as error:
                match = re.fullmatch(_MATCH_SPEC, name)
                if not match or not self.conda:
                    raise RequirementsError(f"{what}: not a requirement: {error}") from None
                name, spec = match["name"], name
        key, package = _both_names(name)
        for one in dict.fromkeys((name, key, package.pypi, package.conda)):
            owner = self.installed.named(one) if self.installed and one else None
            if owner:
                return Choice(owner.key, _package(owner), owner, asked, spec)
        return Choice(key, package, None, asked, spec)

    def _installed(self, module: str, owners: tuple[InstalledPackage, ...]) -> Choice:
        """Of the packages that have a module the one that is meant."""
        table = [one.pypi for one in names.find(module)] if len(owners) > 1 else []
        like = names.normalize(module.partition(".")[0])

        def rank(owner: InstalledPackage) -> tuple[bool, int, bool, str]:
            known = table.index(owner.key) if owner.key in table else len(table)
            return owner.key not in self.declared.requirements, known, owner.key != like, owner.key

        first, *others = sorted(owners, key=rank)
        if first.key in self.declared.requirements:
            return Choice(first.key, _package(first), first)
        instead = self._declared_candidate(module)
        if instead:
            place = self.declared.requirements[instead.key][0].place
            self.warnings.append(
                f"{_in_words(module)} is of {first.key} here,"
                f" but {instead.key} is declared ({place})"
            )
        elif others:
            self._tell_others(module, first.key, (owner.key for owner in others))
        return instead or Choice(first.key, _package(first), first)

    def _tell_others(self, module: str, first: str, others: Iterable[str]) -> None:
        what = _in_words(module)
        self.warnings.append(
            f"{what} may be of {first}, which is taken, or of {', '.join(others)}:"
            f" --pkg-mapping {what}=NAME says which"
        )

    def _not_installed(self, module: str, namespace: bool) -> Choice | None:
        """What is declared, or else the table, says of a module.

        Where a part of a namespace is missing, only who is known for that part will do.
        """
        declared = self._declared_candidate(module)
        if declared:
            return declared
        top = module.partition(".")[0]
        found = names.find(module) if names.is_shared(top) or not namespace else ()
        packages = [one for one in found if one.pypi or not self.pip_only]
        if not packages:
            self._unknown.append(module if namespace else _in_words(module))
            return None
        first = packages[0]
        own = [self.name_of(one) for one in packages]
        others = list(dict.fromkeys(name for name in own[1:] if name != own[0]))
        if others:
            self._tell_others(module, own[0], others)
        key = first.pypi or first.conda
        without = self.installed.named(key) if self.installed else None
        if without:
            self.warnings.append(f"{key} {without.version} is installed, but has no {top}")
        return Choice(key, first)

    def _declared_candidate(self, module: str) -> Choice | None:
        """The declared package that a module may come from."""
        if not self.declared.requirements:
            return None
        like = names.normalize(module.partition(".")[0])
        for package in (*names.find(module), _both_names(like)[1]):
            key = package.pypi or package.conda
            if self.matching(key):
                owner = self.installed.named(key) if self.installed else None
                return Choice(key, package, owner)
        return None

    def name_of(self, package: Package) -> str:
        """The name of a package where it would be taken from."""
        return (self.conda and package.conda) or package.pypi or package.conda

    def choose_wanted(self) -> None:
        """Choose what is declared as needed, imported or not."""
        for key in self.declared.requirements:
            matching = self.matching(key)
            if key not in self.chosen and any(one.wanted for one in matching):
                self.choose(self.named(matching[0].requirement.name, key))

    def tell_unknown(self) -> None:
        """Warn of the modules that nothing is known of."""
        spare = [
            key
            for key, choice in sorted(self.chosen.items())
            if key not in self._imported and (choice.asked or key in self.declared.requirements)
        ]
        unless = f", unless {' or '.join(spare)} has it" if spare else ""
        for module in self._unknown:
            self.warnings.append(
                f"no package is known to have the module {module}{unless};"
                f" --pkg-mapping {module}=NAME names it"
            )

    def matching(self, key: str) -> list[Declaration]:
        """The declarations of a package that count for the target."""
        found = self.declared.requirements.get(key, ())
        if all(one.requirement.marker is None for one in found):
            return list(found)
        return [one for one in found if declarations.holds(one.requirement, self.markers)]


_NAME = r"(?a:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_MATCH_SPEC = rf"(?:[\w./:-]+::)?(?P<name>{_NAME})(?:\s*[=<>!~].*|\s+[\d*].*)?"


def _in_words(module: str) -> str:
    """What warnings call a module: by its top-level name unless that is shared by many."""
    top = module.partition(".")[0]
    return module if names.is_shared(top) else top


def _both_names(name: str) -> tuple[str, Package]:
    """The key and the names of a package that is not installed, of which one name is given.

    Where the table knows nothing of it, conda is taken to call it the same.
    """
    key = names.normalize(name)
    conda = names.conda_name(key)
    pypi = "" if conda else names.pypi_name(name)
    if pypi:
        return pypi, Package(pypi, name.lower())
    return key, Package(key, conda or key)


def _package(owner: InstalledPackage) -> Package:
    conda = owner.conda.name if owner.conda else ""
    return Package(owner.distribution.key if owner.distribution else names.pypi_name(conda), conda)
