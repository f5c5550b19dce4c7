"""Choose the packages of a program: from what is installed, then declared, then the name table.

Unknown modules are reported and never guessed: a package of that name could be a squatter's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pypackage.analysis.resolution import naming, parts
from pypackage.analysis.resolution.declared_packages import DeclaredPackages
from pypackage.analysis.resolution.model import Bounds, Choice, InstalledPackage, Lookup
from pypackage.core import package_names
from pypackage.core.package_names import Package
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.requirements import formats

if TYPE_CHECKING:
    from pypackage.analysis.needs import Implied
    from pypackage.analysis.resolution.installed import InstalledIndex


class Decision(NamedTuple):
    """A package that is taken.

    Attributes:
        choice: The package.
        bounds: What is required of it.
        conda: Whether to take it from conda; else from PyPI.
    """

    choice: Choice
    bounds: Bounds
    conda: bool


class Resolver:
    """Chooses packages, one module or name at a time.

    Args:
        declared: What the program's author has declared.
        mapping: Packages of modules given by the user.
        installed: The interpreter's packages; None if only a version is known.
        pip_only: Whether to take all packages from PyPI.

    Attributes:
        conda: Whether to prefer conda for packages that are not installed.
        modules: The key of the package that each module is attributed to.
        warnings: Warnings for the user.
    """

    def __init__(
        self,
        declared: DeclaredPackages,
        mapping: Mapping[str, str],
        installed: InstalledIndex | None,
        pip_only: bool,
    ) -> None:
        self.conda = not pip_only and (installed is None or installed.conda)
        self.modules: dict[str, str] = {}
        self.warnings: list[str] = []
        self._declared = declared
        self._mapping = mapping
        self._installed = installed
        self._pip_only = pip_only
        self._chosen: dict[str, Choice] = {}
        self._unknown: list[str] = []

    # --- choosing -------------------------------------------------------------------------

    def add_module(self, module: str) -> None:
        """Choose the package of a module."""
        choice = self._mapped(module)
        found = self._installed.of_module(module) if self._installed and not choice else Lookup()
        if found.path:
            self.warnings.append(f"{found.path} belongs to no installed package")
            return
        if found.namespace and len(found.owners) > 1:
            among = ", ".join(owner.key for owner in found.owners)
            self.warnings.append(f"{module} is shared by {among}: import what is meant of it")
            return
        if found.owners:
            choice = self._of_installed(module, found.owners)
        elif not choice:
            choice = self._not_installed(module, found.namespace)
        if choice:
            self.modules[module] = choice.key
            self._choose(choice)

    def add_package(self, text: str, what: str) -> None:
        """Choose a package by its name on PyPI or in conda, a requirement or a match spec.

        Args:
            text: The text.
            what: Its name in messages.

        Raises:
            RequirementsError: It is none of them.
        """
        self._choose(self._named(text, what))

    def add_implied(self, need: Implied) -> None:
        """Choose the package of an implied need, or warn about the need.

        Of several alternatives the first installed one is taken, else the first declared one, else
        the usual one if the need is certain.
        """
        tops = {module.partition(".")[0] for module in self.modules}
        if any(module.partition(".")[0] in tops for module in need.modules):
            return
        for module in need.modules:
            found = self._installed.of_module(module) if self._installed else Lookup()
            if found.owners and not found.namespace:
                choice = self._of_installed(module, found.owners)._replace(source="implied")
                self.modules[module] = choice.key
                self._choose(choice)
                return
        declared = (one for one in need.modules if self._declared_candidate(one))
        named = next(declared, need.modules[0] if need.certain else "")
        if named:
            self.add_module(named)
            return
        packages = package_names.find(need.modules[0])
        if packages and need.what:  # otherwise it may be a module of the user's own
            among, package = " or ".join(need.modules), self.name_of(packages[0])
            self.warnings.append(
                f"{need.place}: {need.what} needs {among}, which nothing imports:"
                f" --extra-pkg {package} adds it"
            )

    def decisions(self) -> Iterator[Decision]:
        """Yield all packages, including those declared as needed and those that extras require."""
        for key in self._declared.wanted():
            if key not in self._chosen:
                name = self._declared.matching(key)[0].requirement.name
                self._choose(self._named(name, key)._replace(source="declared"))
        self._match_near()
        self._warn_of_unknown()
        queue = [self._chosen[key] for key in sorted(self._chosen)]
        for choice in queue:
            if self._is_refused(choice):
                continue
            bounds = self._bounds(choice)
            decision = Decision(choice, bounds, self._is_conda(choice, bounds))
            yield decision
            if decision.conda:
                queue += self._behind_extras(decision)
            queue += self._behind_parts(choice)

    def _choose(self, choice: Choice) -> None:
        """Take a package; one requested by the user takes precedence over an imported one."""
        if choice.key not in self._chosen or choice.asked or choice.spec:
            self._chosen[choice.key] = choice

    # --- the package of a module ----------------------------------------------------------

    def _mapped(self, module: str) -> Choice | None:
        """The package that the user has given for a module."""
        name = module
        while name and name not in self._mapping:
            name = name.rpartition(".")[0]
        if not name:
            return None
        return self._named(self._mapping[name], f"package of {name}")._replace(source="mapping")

    def _named(self, text: str, what: str) -> Choice:
        name, asked, spec = naming.parse(text, what, conda=self.conda)
        key, package = naming.both_names(name)
        for one in dict.fromkeys((name, key, package.pypi, package.conda)):
            found = self._installed.named(one) if self._installed and one else None
            if found:
                return Choice(found.key, naming.of_installed(found), "option", found, asked, spec)
        return Choice(key, package, "option", None, asked, spec)

    def _of_installed(self, module: str, owners: tuple[InstalledPackage, ...]) -> Choice:
        """Choose among the installed packages that have a module."""
        table = [one.pypi for one in package_names.find(module)] if len(owners) > 1 else []
        like = package_names.normalize(module.partition(".")[0])

        def rank(owner: InstalledPackage) -> tuple[bool, int, bool, str]:
            known = table.index(owner.key) if owner.key in table else len(table)
            return owner.key not in self._declared, known, owner.key != like, owner.key

        first, *others = sorted(owners, key=rank)
        choice = Choice(first.key, naming.of_installed(first), "installed", first)
        if first.key in self._declared:
            return choice
        instead = self._declared_candidate(module)
        if instead:
            self.warnings.append(
                f"{naming.in_words(module)} is of {first.key} here, but {instead.key} is declared"
                f" ({self._declared.matching(instead.key)[0].place})"
            )
        elif others:
            self._warn_of_others(module, first.key, (owner.key for owner in others))
        return instead or choice

    def _warn_of_others(self, module: str, first: str, others: Iterable[str]) -> None:
        what = naming.in_words(module)
        self.warnings.append(
            f"{what} may be of {first}, which is taken, or of {', '.join(others)}:"
            f" --pkg-mapping {what}=NAME says which"
        )

    def _not_installed(self, module: str, namespace: bool) -> Choice | None:
        """Choose the package of a module that is not installed: declared, or from the name table.

        If a part of a namespace package is missing, only a package known to have that part will do.
        """
        declared = self._declared_candidate(module)
        if declared:
            return declared
        top = module.partition(".")[0]
        found = package_names.find(module) if package_names.is_shared(top) or not namespace else ()
        packages = [one for one in found if one.pypi or not self._pip_only]
        if not packages:
            self._unknown.append(module if namespace else naming.in_words(module))
            return None
        first = packages[0]
        own = [self.name_of(one) for one in packages]
        others = list(dict.fromkeys(name for name in own[1:] if name != own[0]))
        if others:
            self._warn_of_others(module, own[0], others)
        key = first.pypi or first.conda
        without = self._installed.named(key) if self._installed else None
        if without:
            self.warnings.append(f"{key} {without.version} is installed, but has no {top}")
        return Choice(key, first, "table")

    def _declared_candidate(self, module: str) -> Choice | None:
        """The declared package that a module may come from."""
        if not self._declared:
            return None
        like = package_names.normalize(module.partition(".")[0])
        for package in (*package_names.find(module), naming.both_names(like)[1]):
            key = package.pypi or package.conda
            if self._declared.matching(key):
                return self._declared_choice(key, package)
            variant = self._declared.variant(key)
            if variant:
                return self._declared_choice(variant, naming.both_names(variant)[1])
        return None

    def _declared_choice(self, key: str, package: Package) -> Choice:
        owner = self._installed.named(key) if self._installed else None
        return Choice(key, package, "declared", owner)

    def name_of(self, package: Package) -> str:
        """The name of a package on the index or channel that it would be taken from."""
        return (self.conda and package.conda) or package.pypi or package.conda

    # --- what is declared -----------------------------------------------------------------

    def _match_near(self) -> None:
        """Attribute unknown modules to declared packages with similar names."""
        left = []
        for module in dict.fromkeys(self._unknown):
            key = self._declared.near(module, self._chosen)
            if key:
                place = self._declared.matching(key)[0].place
                self.warnings.append(
                    f"{module} is taken to be of {key}, which is declared ({place});"
                    f" --pkg-mapping {module}=NAME names another"
                )
                self.modules[module] = key
                self._choose(self._declared_choice(key, naming.both_names(key)[1]))
            else:
                left.append(module)
        self._unknown = left

    def _warn_of_unknown(self) -> None:
        """Warn about modules without a known package, and packages that no import needs."""
        imported = set(self.modules.values())
        spare = [
            key
            for key, choice in sorted(self._chosen.items())
            if key not in imported and (choice.asked or key in self._declared)
        ]
        unless = f", unless {' or '.join(spare)} has it" if spare else ""
        for module in self._unknown:
            self.warnings.append(
                f"no package is known to have the module {module}{unless};"
                f" --pkg-mapping {module}=NAME names it"
            )
        unmatched = self._declared.unmatched(self._chosen)
        if unmatched:
            listed = ", ".join(f"{key} ({place})" for key, place in unmatched.items())
            self.warnings.append(
                f"declared, but not taken, as no import is known to need it: {listed};"
                " --extra-pkg NAME takes it"
            )

    def _is_refused(self, choice: Choice) -> bool:
        """Whether a package is declared with a source that it cannot be taken from.

        A package of the same name from elsewhere could be a squatter's; an installed one is assumed
        to be the right one.
        """
        refused = "" if choice.asked or choice.spec else self._declared.refused(choice.key)
        if not refused:
            return False
        if choice.installed:
            self.warnings.append(f"{refused}; taken is what is installed")
            return False
        self.warnings.append(
            f"{refused}, and was not taken over;"
            f" --extra-pkg '{choice.key} @ URL' or --add of python_package_create adds it"
        )
        return True

    def _bounds(self, choice: Choice) -> Bounds:
        """Combine what is declared and what the user requests of a package."""
        found = self._declared.matching(choice.key)
        contradicting = self._declared.contradicting(choice.key)
        if contradicting:
            among = ", ".join(f"{one.requirement} ({one.place})" for one in contradicting)
            self.warnings.append(f"{choice.key} is declared differently, the first counts: {among}")
        required = [one.requirement for one in found]
        required += [choice.asked] if choice.asked else []
        return Bounds(
            ",".join(sorted({str(clause) for one in required for clause in one.specifier})),
            tuple(sorted({extra for one in required for extra in one.extras})),
            next((one.url for one in required if one.url), ""),
            next((one.conda for one in found if one.conda), ""),
            found[0].place if found else "",
        )

    # --- conda or PyPI --------------------------------------------------------------------

    def _is_conda(self, choice: Choice, bounds: Bounds) -> bool:
        if self._pip_only and choice.package.pypi:
            return False
        if choice.installed:
            return choice.installed.conda is not None
        prefers_conda = self.conda or not choice.package.pypi
        return bool(choice.package.conda) and not bounds.url and prefers_conda

    def _behind_extras(self, decision: Decision) -> Iterator[Choice]:
        """The requirements of a package's extras, which conda packages do not have."""
        choice, extras = decision.choice, decision.bounds.extras
        distribution = choice.installed.distribution if choice.installed else None
        asked = f"{choice.key}[{','.join(extras)}]"
        if extras and not distribution:
            self.warnings.append(f"conda has no extras: what {asked} requires is to be added")
            return
        for text in distribution.requires if distribution and extras else ():
            further = self._behind_extra(text, extras, asked)
            if further and further.key not in self._chosen:
                self._choose(further)
                yield further

    def _behind_extra(self, text: str, extras: tuple[str, ...], asked: str) -> Choice | None:
        """The package of a requirement, if it applies only with one of the extras."""
        try:
            requirement = formats.parse(text)
        except ValueError:
            return None  # from old metadata; today's pip would not have installed it either
        markers = self._declared.markers
        held = [formats.holds(requirement, markers, one) for one in ("", *extras)]
        if held[0] or not any(held):
            return None
        requirement.marker = None
        return self._named(requirement.name, asked)._replace(asked=requirement, source="extra")

    def _behind_parts(self, choice: Choice) -> Iterator[Choice]:
        """What the imported parts of a package need beyond the package itself."""
        distribution = choice.installed.distribution if choice.installed else None
        modules = [module for module, key in self.modules.items() if key == choice.key]
        if distribution is None or not modules:
            return
        markers = self._declared.markers
        for one in parts.requirements(distribution, modules, markers, self._modules_of):
            further = self._named(one.name, one.name)._replace(asked=one, source="extra")
            if further.key not in self._chosen:
                self._choose(further)
                yield further

    def _modules_of(self, package: str) -> Collection[str]:
        """The top-level modules of a package; if it is not installed, its name as a module."""
        found = self._installed.named(package) if self._installed else None
        if found and found.distribution:
            return found.distribution.modules
        return (package.lower().replace("-", "_"),)
