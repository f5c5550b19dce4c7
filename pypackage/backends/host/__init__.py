"""The host channel: a conda channel made from what is installed on this machine."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pypackage.backends.host import editable_builds, interpreter_package, request
from pypackage.backends.host.build import Builder, subdir
from pypackage.backends.host.conda_file import Package
from pypackage.backends.host.names import PYTHON, conda_name
from pypackage.backends.host.store import Store
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.core.errors import SolveError
from pypackage.core.progress import Reporter
from pypackage.python import interpreter as interpreters
from pypackage.python.interpreter import Interpreter
from pypackage.requirements.match_specs import parse_match_spec

__all__ = ["HostChannel", "make", "refuse_unanswered"]


@dataclass(frozen=True)
class HostChannel:
    """A channel in a folder.

    Attributes:
        url: Its `file://` URL.
        specs: Match specs, pinned to version and build, of Python and of all that was requested.
        missing: Requested modules that nothing installed provides, sorted.
        unanswered: The requested conda match specs that are left to other channels.
    """

    url: str
    specs: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()


def make(
    interpreter: Interpreter,
    *,
    modules: Sequence[str],
    requirements: Sequence[str],
    packages: Sequence[str],
    fetching: ResolutionContext | None,
    cache: Path,
    reporter: Reporter,
    jobs: int,
    allow_guesses: bool = False,
    standard: Sequence[str] = (),
) -> HostChannel:
    """Make a channel of an interpreter and of distributions installed beside it.

    Args:
        interpreter: That of a virtual environment stands for its base interpreter.
        packages: Conda match specs; those neither installed nor fetched are left to other channels.
        fetching: How what is not installed is fetched from PyPI, dependencies too; None for never.
        jobs: How many threads make packages.
        allow_guesses: Whether an unknown module may be fetched as the distribution of its name.
        standard: Modules of the standard library that must be included, such as tkinter.

    Raises:
        RequirementsError: A requirement is not valid.
        SolveError: Something requested is not available, or a package cannot be made.
    """
    base = interpreters.ask(interpreter.base_executable)
    interpreter_package.check(base)
    _check_python(base, packages)
    wanted = request.of(interpreter, modules, requirements, packages)
    root = cache / "host"
    build = (interpreter, root / "wheels", reporter)
    with SolveError.wrapping("the host channel cannot be made", root):
        if fetching:
            wanted = request.fetched(
                wanted, fetching, root / "wheels", reporter, allow_guesses=allow_guesses
            )
        found = wanted.select()
        request.refuse_missing(found, reporter)
        selected = [
            replace(one, distribution=editable_builds.settled(one.distribution, *build))
            for one in found.selected
        ]
        store = Store(root, subdir(base))
        builder = Builder(interpreter, base, store, jobs, frozenset(standard))
        made = builder.packages(selected, reporter)
        return _answer(store.channel(made).as_uri(), made, wanted, packages)


def _answer(
    url: str, made: Sequence[Package], wanted: request.HostRequest, packages: Sequence[str]
) -> HostChannel:
    """Describe the channel: what it has of the requested packages, and what it lacks."""
    named = {conda_name(root.name) for root in wanted.applying()} | {PYTHON}
    specs = tuple(_pinned(one.record) for one in made if one.record["name"] in named)
    unanswered = tuple(spec for spec in packages if not _is_among(spec, named, wanted))
    return HostChannel(url, specs, wanted.unknown, unanswered)


def refuse_unanswered(specs: Sequence[str]) -> None:
    """Refuse match specs that would need another channel when there is none.

    Raises:
        SolveError: There is such a match spec.
    """
    for spec in specs:
        name = parse_match_spec(spec)[0]
        if "::" in spec or name.startswith("__"):  # of a named channel, or a virtual package
            continue
        other = request.namesake(name)
        here = f"the Python package {name} is conda's {other}; " if other else ""
        raise SolveError(
            f"{spec} is asked for, but the host channel has only Python distributions",
            f"{here}also name a channel that has it: -c host -c conda-forge",
        )


def _check_python(base: Interpreter, packages: Sequence[str]) -> None:
    """Refuse a requested Python version other than the interpreter's."""
    for spec in packages:
        name, versions = parse_match_spec(spec)
        if name == PYTHON and versions and not versions.contains(base.version, prereleases=True):
            raise SolveError(
                f"{spec} is asked for, but {base.executable} is Python {base.version}",
                "name an interpreter of that version, or another channel",
            )


def _is_among(spec: str, named: Container[str], wanted: request.HostRequest) -> bool:
    """Whether a match spec is for Python or for one of the named packages of the channel."""
    name = parse_match_spec(spec)[0]
    if request.namesake(name):
        return False
    have = {distribution.key for distribution in wanted.available}
    return name == PYTHON or conda_name(request.distribution_name(name, have)) in named


def _pinned(record: Mapping[str, Any]) -> str:
    return "{name} =={version} {build}".format_map(record)
