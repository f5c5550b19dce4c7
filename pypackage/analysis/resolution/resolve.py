"""Resolve the modules that a program imports to the packages that it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pypackage.analysis.resolution.declared_packages import DeclaredPackages
from pypackage.analysis.resolution.model import Origin, Resolved
from pypackage.analysis.resolution.pin import Pinned, Pinner
from pypackage.analysis.resolution.resolver import Decision, Resolver
from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements import formats
from pypackage.requirements.formats import Declarations

if TYPE_CHECKING:
    from pypackage.analysis.needs import Implied
    from pypackage.analysis.resolution.installed import InstalledIndex
    from pypackage.analysis.resolution.model import Pin
    from pypackage.python.interpreter import Environment

DEFAULT_CHANNEL = "conda-forge"


def resolve(
    modules: Mapping[str, Collection[str]],
    environment: Environment | None,
    *,
    declared: Declarations = Declarations(),  # noqa: B008 (frozen)
    mapping: Mapping[str, str] = {},
    extra: Sequence[str] = (),
    implied: Sequence[Implied] = (),
    pin: Pin = "exact",
    python: str = "",
    pip_only: bool = False,
) -> Resolved:
    """Find the packages that modules come from.

    Installed packages are required from where they were installed: conda or pip. Other packages are
    taken from conda if the environment is conda's, or if there is none, and else from PyPI.

    Args:
        modules: Top-level modules and the dotted names imported from each, such as
            `{"google": {"google.cloud.storage"}}`; a dotted name may end in an attribute.
        environment: The environment whose packages count; None if only a version is known.
        declared: What the program's author has declared.
        mapping: Packages of modules (dotted or not) given by the user; a name or PEP 508.
        extra: Further packages; names, PEP 508 or conda match specs.
        implied: Needs that no import shows.
        pin: How much of an installed version is required.
        python: The Python version, by default that of the environment.
        pip_only: Name all packages as PyPI does, as a requirements.txt must.

    Raises:
        RequirementsError: A package in `mapping` or `extra` is invalid.
    """
    version = python or (environment.version if environment else "")
    installed = _index(environment) if environment else None
    author = DeclaredPackages(declared, lambda: _markers(environment, version))
    resolver = Resolver(author, mapping, installed, pip_only)
    for name in _deepest(modules):
        resolver.add_module(name)
    for text in extra:
        resolver.add_package(text, f"package {text!r}")
    for need in implied:
        resolver.add_implied(need)
    pinner = Pinner(pin)
    pinned = [(one, pinner.pin(one)) for one in resolver.decisions()]
    warnings = [*declared.warnings, *(f"{one} was not taken over" for one in declared.indexes)]
    warnings += [*resolver.warnings, *_misfits(declared, version)]
    warnings += pinner.warnings
    if installed:
        warnings += _unpinned(resolver.name_of(one.package) for one in pinner.unpinned)
    return _resolved(pinned, resolver.modules, installed, declared, warnings)


def _markers(environment: Environment | None, version: str) -> Mapping[str, str]:
    return environment.markers if environment else formats.markers(version)


def _resolved(
    pinned: Sequence[tuple[Decision, Pinned]],
    modules: Mapping[str, str],
    installed: InstalledIndex | None,
    declared: Declarations,
    warnings: Sequence[str],
) -> Resolved:
    """Group the packages by source, with how each is known."""
    return Resolved(
        _channels([decision for decision, _ in pinned], installed, declared),
        tuple(sorted({text for decision, (text, _) in pinned if decision.conda})),
        tuple(sorted({text for decision, (text, _) in pinned if not decision.conda})),
        tuple(dict.fromkeys(warnings)),
        _origins(modules, pinned),
    )


def _deepest(modules: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The names of each module that are not a prefix of another one, sorted."""
    for module in sorted(modules):
        ordered = sorted(modules[module] or (module,))
        # "." sorts before identifier characters, so a name's extensions follow it directly.
        following = (*ordered[1:], "")
        for name, after in zip(ordered, following, strict=True):
            if not after.startswith(f"{name}."):
                yield name


def _index(environment: Environment) -> InstalledIndex:
    from pypackage.analysis.resolution.installed import InstalledIndex

    return InstalledIndex(environment)


def _misfits(declared: Declarations, python: str) -> list[str]:
    """Warnings about declared Python ranges that exclude the target's version."""
    return [
        f"{place}: Python {versions} is required, the target is {python}"
        for versions, place in declared.requires_python
        if python and not formats.allows(versions, python)
    ]


def _unpinned(packages: Iterable[str]) -> list[str]:
    """The warning about packages without a known version."""
    listed = ", ".join(packages)
    return [f"not installed here, so not pinned: {listed}"] if listed else []


def _channels(
    decisions: Sequence[Decision], installed: InstalledIndex | None, declared: Declarations
) -> tuple[str, ...]:
    """The channel of Python first, then those of the packages, by how many come from each."""
    owners = [one.choice.installed for one in decisions if one.conda]
    named = [one.conda.channel if one and one.conda else "" for one in owners]
    if not named:
        return ()
    used = [one for one in named if one]
    first = installed.python_channel() if installed else ""
    ranked = sorted(set(used), key=lambda one: (one != first, -used.count(one), one))
    channels = [*([first] if first else []), *ranked]
    if not channels or "" in named:
        channels += declared.channels or ([] if channels else [DEFAULT_CHANNEL])
    return tuple(dict.fromkeys(channels))


def _origins(
    modules: Mapping[str, str], pinned: Sequence[tuple[Decision, Pinned]]
) -> tuple[Origin, ...]:
    """How each package is known, for each of its modules."""
    by_key: dict[str, list[str]] = {}
    for module, key in modules.items():
        by_key.setdefault(key, []).append(module)
    found = []
    for (choice, _, _), (text, version_source) in pinned:
        version = choice.installed.version if choice.installed else ""
        for module in by_key.get(choice.key, [""]):
            found.append(Origin(module, text, version, choice.source, version_source))
    return tuple(sorted(found))
