"""Find the installed package of a module, and whether conda or pip installed it.

Little is read per lookup: the RECORD files of the distributions are searched as bytes, and only
those that mention a module are read as metadata. In a conda prefix the records in conda-meta say
which conda package a distribution belongs to.
"""

from __future__ import annotations

import os

from pypackage.analysis.resolution.conda_records import CondaPrefix
from pypackage.analysis.resolution.model import InstalledPackage, Lookup
from pypackage.analysis.resolution.record_index import Sites
from pypackage.core import package_names
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python.distributions import Distribution, load

if TYPE_CHECKING:
    from pypackage.python.interpreter import Environment


class _Having(NamedTuple):
    """A distribution that has a module, and the names of its modules as far as they matter."""

    distribution: Distribution
    modules: tuple[str, ...]

    def is_namespace(self, name: str) -> bool:
        """Whether the distribution has modules below this name."""
        return any(module.startswith(f"{name}.") for module in self.modules)


class InstalledIndex:
    """The packages of an interpreter, looked up on disk on demand.

    Attributes:
        conda: Whether the interpreter belongs to a conda environment; false for a virtual
            environment based on one.
    """

    def __init__(self, environment: Environment) -> None:
        self._sites = Sites(environment.sites)
        self._suffixes = ("", ".py", environment.extension_suffix, ".abi3.so", ".so")
        prefixes = dict.fromkeys((environment.prefix, environment.base_prefix))
        with_records = (one for one in prefixes if os.path.isdir(f"{one}/conda-meta"))
        self._prefixes = [CondaPrefix(one) for one in with_records]
        self._having: dict[str, list[_Having]] = {}
        self._others: dict[str, Lookup] = {}
        self._loaded: dict[str, Distribution | None] = {}
        self.conda = environment.prefix in [one.folder for one in self._prefixes]

    def of_module(self, module: str) -> Lookup:
        """Find the packages of a module, by the longest known prefix of its dotted name."""
        top = module.partition(".")[0]
        setuptools = self.named("setuptools") if top == "distutils" else None
        if setuptools:  # whose .pth file makes it importable where Python has none
            return Lookup((setuptools,))
        if top not in self._having:
            self._having[top] = self._mentioning(top)
        candidates = self._having[top]
        name = module
        while name and candidates:
            having = [one for one in candidates if name in one.modules]
            exactly = [one.distribution for one in having if not one.is_namespace(name)]
            if exactly:
                return Lookup(tuple(map(self._owner, _deepest(exactly, module))))
            if having and name == module:
                owners = (self._owner(one.distribution) for one in having)
                return Lookup(tuple(owners), namespace=True)
            name = name.rpartition(".")[0]
        if candidates:
            return Lookup(namespace=True)
        if top not in self._others:
            self._others[top] = self._without_distribution(top)
        return self._others[top]

    def named(self, name: str) -> InstalledPackage | None:
        """The package of a name on PyPI or in conda; None if it is not installed."""
        key = package_names.normalize(name)
        for one in self._sites.named(key):
            distribution = self._load(one.site, one.info)
            if distribution and distribution.key == key:
                return self._owner(distribution)
        for prefix in self._prefixes:
            package = prefix.named(name)
            if package:
                return InstalledPackage(None, package)
        return None

    def python_channel(self) -> str:
        """The channel of conda's Python; empty if Python is not from conda."""
        for prefix in self._prefixes:
            python = prefix.named("python")
            if python:
                return python.channel
        return ""

    def _mentioning(self, top: str) -> list[_Having]:
        """The distributions that have a top-level module; the first of each name counts."""
        found: dict[str, _Having] = {}
        for one, says in self._sites.having(top):
            distribution = self._load(one.site, one.info)
            if distribution is None or distribution.key in found:
                continue
            if distribution.may_have(top) if distribution.project else says:
                regular = not distribution.project and one.is_regular(top.encode())
                modules = (top,) if regular else distribution.modules
                found[distribution.key] = _Having(distribution, modules)
        return [found[key] for key in sorted(found) if top in found[key].modules]

    def _load(self, site: str, info: str) -> Distribution | None:
        if info not in self._loaded:
            self._loaded[info] = load(site, info)
        return self._loaded[info]

    def _owner(self, distribution: Distribution) -> InstalledPackage:
        prefix = next((one for one in self._prefixes if one.holds(distribution.folder)), None)
        return InstalledPackage(distribution, prefix.of(distribution) if prefix else None)

    def _without_distribution(self, top: str) -> Lookup:
        """Find a module that no distribution has: in conda packages, or in none."""
        sites = self._sites.with_name(top)
        paths = (os.path.join(site, f"{top}{end}") for site in sites for end in self._suffixes)
        path = next(filter(_is_module, paths), "")
        if not path:
            return Lookup()
        conda = (one for prefix in self._prefixes for one in prefix.having(top))
        owners = tuple(InstalledPackage(None, one) for one in conda)
        return Lookup(owners) if owners else Lookup(path=path)


def _is_module(path: str) -> bool:
    """Whether a path is a module: a file, or a folder that is not empty but for caches."""
    if not os.path.isdir(path):
        return os.path.exists(path)
    with os.scandir(path) as entries:
        return any(
            one.name.endswith((".py", ".so")) or (one.is_dir() and one.name.isidentifier())
            for one in entries
            if one.name != "__pycache__"
        )


def _deepest(owners: list[Distribution], module: str) -> list[Distribution]:
    """If several share a package, those that contain most of a module's dotted name."""
    if len(owners) == 1:
        return owners
    parts = module.split(".")
    reach = {one.key: _reach(one, parts) for one in owners}
    return [one for one in owners if reach[one.key] == max(reach.values())]


def _reach(distribution: Distribution, parts: list[str]) -> int:
    """How many leading parts of a dotted name are among the files."""
    paths = distribution.listed
    for count in range(len(parts), 1, -1):
        path = "/".join(parts[:count])
        if any(one.startswith((f"{path}/", f"{path}.")) for one in paths):
            return count
    return 1
