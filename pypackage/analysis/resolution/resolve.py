"""From the modules that a program imports to the packages that it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from pypackage.analysis.resolution.choose import Chooser
from pypackage.analysis.resolution.installed import InstalledIndex
from pypackage.analysis.resolution.pin import Pin, Resolved, Writer
from pypackage.requirements import formats as declarations
from pypackage.requirements.formats import Declarations

if TYPE_CHECKING:
    from pypackage.python.interpreter import Environment

__all__ = ["Pin", "Resolved", "resolve"]


def resolve(
    modules: Mapping[str, Collection[str]],
    environment: Environment | None,
    *,
    declared: Declarations = Declarations(),  # noqa: B008 (frozen)
    mapping: Mapping[str, str] = {},
    extra: Sequence[str] = (),
    pin: Pin = "exact",
    python: str = "",
    pip_only: bool = False,
) -> Resolved:
    """Find the packages that modules come from.

    What is installed is taken as it is, from conda or by pip. What is not is conda's where the
    environment is, or where there is none, and else pip's.

    Args:
        modules: Top-level modules and the dotted names that are imported of each, such as
            `{"google": {"google.cloud.storage"}}`; a dotted name may go on with an attribute.
        environment: The one whose packages are looked at; None when only a version is known.
        declared: What the program's author has declared.
        mapping: Packages of modules (dotted or not) as the user says; a name or PEP 508.
        extra: Further packages; names, PEP 508 or conda match specs.
        pin: How much of an installed version is required.
        python: The version that is meant, by default that of the environment.
        pip_only: Name all packages as PyPI does, as a requirements.txt has to.

    Raises:
        RequirementsError: A package in `mapping` or `extra` is not valid.
    """
    version = python or (environment.version if environment else "")

    def markers() -> Mapping[str, str]:
        return environment.markers if environment else declarations.markers(version)

    installed = InstalledIndex(environment) if environment else None
    work = Chooser(declared, mapping, installed, pip_only, markers)
    for module in sorted(modules):
        for name in _deepest(modules[module] or (module,)):
            work.module(name)
    for text in extra:
        work.choose(work.named(text, f"package {text!r}"))
    work.choose_wanted()
    work.tell_unknown()
    _check_python(declared, version, work.warnings)
    return Writer(work, pin).write()


def _deepest(dotted: Collection[str]) -> list[str]:
    """The names that are not the beginning of another one, sorted."""
    ordered = sorted(dotted)
    # A dot sorts before all that a name can have: what a name is the beginning of is next.
    following = (*ordered[1:], "")
    return [a for a, b in zip(ordered, following, strict=True) if not b.startswith(f"{a}.")]


def _check_python(declared: Declarations, python: str, warnings: list[str]) -> None:
    for versions, place in declared.requires_python:
        if python and not declarations.allows(versions, python):
            warnings.append(f"{place}: Python {versions} is required, the target is {python}")
