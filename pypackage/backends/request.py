"""From requirements to a solve request: match specs and channels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pypackage.backends import conda
from pypackage.backends.host import HostChannel, closure, refuse_unanswered
from pypackage.backends.host import make as make_host_channel
from pypackage.backends.pypi import pip_settings
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.core import package_names
from pypackage.core.errors import InputPathError, SolveError, UsageError
from pypackage.core.package_names import normalize
from pypackage.core.progress import Reporter
from pypackage.python import distributions, interpreter, stdlib
from pypackage.python.interpreter import Interpreter
from pypackage.requirements.match_specs import conda_range, python_version
from pypackage.requirements.model import Requirements

HOST = "host"


@dataclass(frozen=True)
class SolveRequest:
    """The input of the solver.

    Attributes:
        specs: Match specs.
        channels: Names, URLs or absolute folders, by priority.
        wheels: Requirements (PEP 508) to be resolved on PyPI, besides the conda packages.
        constraints: Match specs that restrict what is chosen, and request nothing.
        preferred: Constraints that are dropped if they cannot be satisfied.
    """

    specs: tuple[str, ...]
    channels: tuple[str, ...]
    wheels: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()


def is_host(channel: str) -> bool:
    """Whether a channel is the host channel."""
    return channel == HOST or channel.startswith(f"{HOST}:")


def check_channel(name: str) -> None:
    """Refuse names that are mistaken for channels.

    Raises:
        UsageError: It is one of them.
    """
    if name.partition(":")[0].lower() == HOST and not is_host(name):
        raise UsageError(f"there is no channel {name}", f"did you mean {HOST}?")
    if name.lower() in ("pypi", "pip"):
        raise UsageError(
            f"{name} is not a conda channel",
            "packages of PyPI are listed under pip, and '-c host' takes them from there",
        )


def host_python(channels: Sequence[str]) -> str:
    """Return the interpreter that a host channel names, or its version; empty if there is none."""
    return next(filter(is_host, channels), "").partition(":")[2]


def of(
    requirements: Requirements,
    channels: Sequence[str],
    settings: conda.Settings,
    context: ResolutionContext,
    cache: Path,
    reporter: Reporter,
    *,
    jobs: int,
    allow_guesses: bool = False,
    has_own_code: bool = False,
) -> SolveRequest:
    """Translate a program's requirements to a solve request.

    Args:
        requirements: The Python version and the packages.
        channels: As the user names them; for `host` (or `host:PYTHON`) the host channel is
            made.
        settings: The platform, the date, and whether there is a network.
        context: What packages from PyPI must be compatible with.
        jobs: How many threads make the host channel's packages.
        allow_guesses: Whether an unknown module may be taken for a package of its name.
        has_own_code: Whether projects or modules of the user's own are added.

    Raises:
        RequirementsError: The package of a module is not known.
        SolveError: A channel does not exist, or the host channel cannot be made.
    """
    work = _Translation(
        requirements, tuple(channels), context, cache, reporter, jobs, allow_guesses, has_own_code
    )
    host = next(filter(is_host, channels), None)
    if host is None:
        return work.for_channels()
    if conda.is_foreign(settings.platform):
        raise SolveError(
            f"the host channel has what is installed here, and nothing for {settings.platform}",
            "name another channel",
        )
    return work.with_host_channel(host)


@dataclass(frozen=True)
class _Translation:
    """Requirements being translated to a request; see `of`."""

    requirements: Requirements
    channels: tuple[str, ...]
    context: ResolutionContext
    cache: Path
    reporter: Reporter
    jobs: int
    allow_guesses: bool
    has_own_code: bool

    def for_channels(self) -> SolveRequest:
        """Return a request for existing channels."""
        needed = self.requirements
        found, wheels = self._packages(self._modules())
        wheels = (*needed.pip, *wheels)
        python = _python_spec(needed, self.reporter)
        # As with conda, an environment of programs that do not need Python has none.
        is_needed = self.has_own_code or needed.needs_python or wheels or not needed.dependencies
        specs = (*needed.dependencies, *(python if is_needed else ()), *found)
        named = tuple(map(channel_of, self.channels))
        preferred = () if is_needed else tuple(python)
        return SolveRequest(specs, named, wheels, _constraints(needed), preferred)

    def with_host_channel(self, host: str) -> SolveRequest:
        """Return a request for channels including the host channel, which is made now."""
        needed = self.requirements
        python = _host_python(needed, host)
        wanted_python = _python_spec(needed, self.reporter)
        # The host channel ignores hashes and indexes of the requirements.
        alone = len(self.channels) == 1 and not (needed.hashes or needed.pip_options)
        here = needed.pip if alone else _installed(python, needed)
        made = self._host_channel(python, here, self.context if alone else None)
        if len(self.channels) == 1:
            refuse_unanswered(made.unanswered)
        # A channel of higher priority provides its packages in any build.
        first = host == self.channels[0]
        answers = made.specs if first else [spec.split()[0] for spec in made.specs]
        found, wheels = self._packages(made.missing)
        specs = [*made.unanswered, *answers, *found, *(wanted_python if needed.python else ())]
        wheels += tuple(text for text in needed.pip if text not in here)
        named = tuple(made.url if c == host else channel_of(c) for c in self.channels)
        return SolveRequest(tuple(specs), named, wheels, _constraints(needed))

    def _modules(self) -> tuple[str, ...]:
        """Return the modules whose packages must be found.

        None if packages are named: they tell more than the names of modules.
        """
        needed = self.requirements
        if needed.dependencies or needed.pip:
            return ()
        own = stdlib.names(needed.python or interpreter.environment().version)
        return tuple(one for one in needed.modules if one not in own)

    def _packages(self, modules: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
        return _of_modules(modules, self.reporter, allow_guesses=self.allow_guesses)

    def _host_channel(
        self, python: Interpreter, pip: tuple[str, ...], fetching: ResolutionContext | None
    ) -> HostChannel:
        """Make the host channel; without another channel, what is missing comes from PyPI."""
        with self.reporter.task(f"taking what is installed for {python.executable}"):
            return make_host_channel(
                python,
                modules=self._modules(),
                requirements=pip,
                packages=self.requirements.dependencies,
                fetching=fetching,
                cache=self.cache,
                reporter=self.reporter,
                jobs=self.jobs,
                allow_guesses=self.allow_guesses,
                standard=(*self.requirements.standard, *self.requirements.modules),
            )


def _python_spec(requirements: Requirements, reporter: Reporter) -> list[str]:
    """Return Python's match spec unless a package is one; by default this machine's version."""
    if requirements.python:
        return [f"python={requirements.python}"]
    if any(python_version(spec) is not None for spec in requirements.dependencies):
        return []
    here = ".".join(interpreter.environment().version.split(".")[:2])
    reporter.debug(f"no version of Python is asked for: taking {here}, as it is here")
    return [f"python={here}"]


def _constraints(requirements: Requirements) -> tuple[str, ...]:
    """Return match specs of the pins, and of the constraints on PyPI packages."""
    parsed = [closure.parse(text) for text in requirements.constraints]
    named = ((package_names.conda_name(one.name) or normalize(one.name), one) for one in parsed)
    ranges = [f"{name}{conda_range(str(one.specifier))}" for name, one in named]
    return (*requirements.pinned, *ranges)


def _of_modules(
    modules: Sequence[str], reporter: Reporter, *, allow_guesses: bool
) -> tuple[list[str], tuple[str, ...]]:
    """Look up the packages of modules in the table; an unknown one is guessed, if allowed.

    Returns:
        Conda packages, and those that only PyPI has.
    """
    if not allow_guesses:
        package_names.refuse_unknown(modules)
    known = {module: package_names.find(module) for module in modules}
    guessed = [module for module, packages in known.items() if not packages]
    if guessed:
        reporter.warning(
            f"taking the packages to be named like the modules: {', '.join(guessed)}; "
            "name them under conda.dependencies where they are not"
        )
    found = [packages[0] for packages in known.values() if packages]
    conda = [package.conda for package in found if package.conda]
    wheels = [package.pypi for package in found if not package.conda]
    return conda + [normalize(module) for module in guessed], tuple(wheels)


def _installed(python: Interpreter, requirements: Requirements) -> tuple[str, ...]:
    """Return installed PyPI requirements that are allowed, not to be built, without hashes."""
    have = {one.key: one for one in distributions.installed(python)}
    alone = {"PIP_CONFIG_FILE": os.devnull}  # a site's settings are for what is fetched
    built = pip_settings.to_build(python.prefix, alone, requirements.pip_options)
    if ":all:" in built:
        return ()
    return tuple(
        text
        for text in requirements.pip
        if (parsed := closure.parse(text)) and normalize(parsed.name) in have
        if normalize(parsed.name) not in {*requirements.hashes, *built}
        if closure.satisfies(one := have[normalize(parsed.name)], parsed)
        and closure.is_allowed(one, requirements.constraints, python.markers)
    )


_CHANNELS = "a channel is a name, a URL, a folder or 'host'"


def channel_of(name: str) -> str:
    """Return a channel as the engine takes it: folders by their absolute path."""
    if not name.strip():
        raise SolveError("a channel has no name", _CHANNELS)
    folder = Path(os.path.expanduser(name))
    is_path = name.startswith((".", "/", "~"))
    if "://" in name or not (is_path or os.path.isdir(folder / "noarch")):
        return name
    if not os.path.isdir(folder):
        raise SolveError(f"the channel {name} cannot be read: there is no such folder", _CHANNELS)
    if not (folder / "noarch" / "repodata.json").is_file():
        raise SolveError(
            f"{name} is not a conda channel: it has no noarch/repodata.json",
            "make one with 'conda index' or 'rattler-index'",
        )
    return str(folder.resolve())


def _host_python(requirements: Requirements, host: str) -> Interpreter:
    """Return the interpreter that the host channel is made of."""
    named = host_python([host])
    try:
        python = interpreter.find(named or requirements.python or None)
    except InputPathError as error:
        raise SolveError(
            f"the host channel cannot be made: {error.message}",
            f"{error.hint}\n'-c host:PATH' names it; or change the version in the requirements",
        ) from error
    asked = requirements.python
    if asked and not f"{python.version}.".startswith(f"{asked}."):
        raise SolveError(
            f"{named} is Python {python.version}, and the requirements ask for "
            f"{requirements.python}",
            f'write "python": "{python.major_minor}" there, or name another interpreter',
        )
    return python
