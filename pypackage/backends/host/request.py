"""Requests to the host channel, and the lookup of missing distributions on PyPI."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement

from pypackage.backends.host import closure, fetch
from pypackage.backends.host.closure import Selection
from pypackage.backends.host.names import PYTHON
from pypackage.backends.pypi import choose
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.core import package_names, urls
from pypackage.core.errors import SolveError
from pypackage.core.progress import Reporter
from pypackage.python.distributions import Distribution, installed, providers
from pypackage.python.interpreter import Interpreter
from pypackage.requirements import pep508
from pypackage.requirements.match_specs import parse_match_spec


@dataclass(frozen=True)
class HostRequest:
    """What is requested, in terms of distributions.

    Attributes:
        interpreter: The interpreter of the environment.
        available: Its installed distributions.
        roots: Requirements that the environment must satisfy.
        optional: Requirements that another channel may satisfy instead.
        unknown: Modules that no distribution provides, sorted.
    """

    interpreter: Interpreter
    available: tuple[Distribution, ...]
    roots: tuple[Requirement, ...]
    optional: tuple[Requirement, ...]
    unknown: tuple[str, ...]

    def applying(self) -> list[Requirement]:
        """Return the roots whose markers hold for the interpreter."""
        markers = self.interpreter.markers
        return [root for root in self.roots if pep508.holds(root, markers)]

    def select(self) -> Selection:
        """Return the roots with all their dependencies."""
        return closure.select(self.roots, self.available, self.interpreter.markers)


def of(
    interpreter: Interpreter,
    modules: Sequence[str],
    requirements: Sequence[str],
    packages: Sequence[str],
) -> HostRequest:
    """Translate modules, requirements and conda packages to a request.

    Raises:
        RequirementsError: A requirement is not valid.
    """
    available = installed(interpreter)
    by_key = {distribution.key: distribution for distribution in available}
    roots = [closure.parse(text) for text in requirements]
    optional: list[Requirement] = []
    for requirement in _of_packages(packages, by_key):
        owner = by_key.get(requirement.name)
        fits = owner and closure.satisfies(owner, requirement)
        (roots if fits else optional).append(requirement)
    named = {package_names.normalize(requirement.name) for requirement in (*roots, *optional)}
    owners = providers(available) if modules else {}
    keys = dict.fromkeys(owner.key for module in modules for owner in owners.get(module, ()))
    roots += [Requirement(key) for key in keys if key not in named]
    covered = {module for module in modules if package_names.normalize(module) in named}
    unknown = set(modules) - set(owners) - covered - interpreter.stdlib_module_names
    return HostRequest(
        interpreter, available, tuple(roots), tuple(optional), tuple(sorted(unknown))
    )


def refuse_missing(found: Selection, reporter: Reporter) -> None:
    """Refuse requirements of the user that are not installed; warn of distributions' ones.

    Raises:
        SolveError: A requirement of the user is not installed.
    """
    for requirement, owner in found.missing:
        if not owner:
            raise SolveError(
                urls.redact(f"{requirement} is asked for, but it is not installed"),
                "install it, or allow what is missing to be fetched from PyPI",
            )
        reporter.warning(f"{owner} requires {requirement}, which is not installed")


def fetched(
    request: HostRequest,
    context: ResolutionContext,
    folder: Path,
    reporter: Reporter,
    *,
    allow_guesses: bool,
) -> HostRequest:
    """Return the request with what is missing fetched from PyPI, and without unknown modules.

    Args:
        request: Its unknown modules are looked up in the table of names.
        context: What the packages must be compatible with, besides the installed ones.
        folder: For what is fetched.
        reporter: Receives a warning for each such module.
        allow_guesses: Whether other unknown modules are taken for names of distributions.

    Raises:
        RequirementsError: The distribution of a module is not known.
        SolveError: PyPI has no such distribution, or cannot be reached.
    """
    if not allow_guesses:
        package_names.refuse_unknown(request.unknown)
    guesses = tuple(_on_pypi(module, reporter) for module in request.unknown)
    markers = request.interpreter.markers
    full = replace(
        request,
        available=tuple(
            one
            for one in request.available
            if closure.is_allowed(one, context.constraints, markers)
        ),
        roots=(*request.roots, *request.optional, *guesses),
        unknown=(),
    )
    try:
        return _complete(full, context, folder, reporter)
    except SolveError:
        here = replace(context, interpreter=request.interpreter)
        present = tuple(r for r in request.optional if choose.is_available(str(r), here))
        for guess, module in zip(guesses, request.unknown, strict=True):
            if not choose.is_available(str(guess), here):
                raise _no_such_module(module) from None
        if present == request.optional:
            raise
    full = replace(full, roots=(*request.roots, *present, *guesses))
    return _complete(full, context, folder, reporter)


def _complete(
    request: HostRequest, context: ResolutionContext, folder: Path, reporter: Reporter
) -> HostRequest:
    found = request.select()
    if not found.missing:
        return request
    wanted = [requirement for requirement, _ in found.missing]
    with reporter.task(urls.redact(f"fetching {', '.join(map(str, wanted))}")) as task:
        new = fetch.fetch(request.interpreter, wanted, request.available, context, folder, task)
    kept = {d.key: d for d in request.available} | {d.key: d for d in new}
    return replace(request, available=tuple(kept[key] for key in sorted(kept)))


_NAME = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?")  # of a distribution


def _of_packages(packages: Sequence[str], installed: Container[str]) -> Iterator[Requirement]:
    """Convert conda packages to requirements; ranges PEP 440 lacks are left to the solver."""
    for spec in packages:
        name, versions = parse_match_spec(spec)
        if name != PYTHON and _NAME.fullmatch(name) and not namesake(name):
            yield Requirement(f"{distribution_name(name, installed)}{versions or ''}")


def namesake(conda: str) -> str:
    """Return conda's name of a distribution if a different conda package has the plain name.

    Conda's `graphviz` is the programs; the distribution `graphviz` is its `python-graphviz`.
    Empty if the name is unambiguous.
    """
    key = package_names.normalize(conda)
    other = package_names.conda_name(key)
    renamed = (f"python-{key}", f"{key}-python", f"{key}-py", f"py{key}", f"py-{key}")
    return other if other in renamed and not package_names.pypi_name(conda) else ""


def distribution_name(conda: str, installed: Container[str]) -> str:
    """Return the distribution of a conda package: of the same name, else from the table."""
    same = package_names.normalize(conda)
    return same if same in installed else package_names.pypi_name(conda) or same


def _on_pypi(module: str, reporter: Reporter) -> Requirement:
    """Return the requirement for a module that nothing installed provides; warn of it."""
    known = package_names.find(module)
    if known and known[0].pypi:
        name = known[0].pypi
        reporter.warning(f"nothing installed provides {module}; taking the newest {name} of PyPI")
        return Requirement(name)
    if not _NAME.fullmatch(module):
        raise _no_such_module(module)
    reporter.warning(
        f"nothing installed provides {module}; taking the newest {module} of PyPI, which is a guess"
    )
    return Requirement(package_names.normalize(module))


def _no_such_module(module: str) -> SolveError:
    return SolveError(
        f"nothing installed provides the module {module}, and PyPI has no distribution of that"
        " name for this interpreter",
        "install what provides it, or name all packages under conda.dependencies, this one as"
        ' {"pip": ["NAME"]}',
    )
