"""Which packages an environment is to have: those of a lock, else what solver and uv choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.backends import conda as engine
from pypackage.backends import conda_executable, locate, request
from pypackage.backends.conda import channel_urls, condarc
from pypackage.backends.conda.condarc import Condarc
from pypackage.backends.lock import Lock
from pypackage.backends.pypi import choose, install, uv
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.request import SolveRequest
from pypackage.core import platforms, preload
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline.options import Options
from pypackage.prefix import datasets, own_code, user_content
from pypackage.prefix.user_content import UserContent
from pypackage.requirements.model import Requirements

if TYPE_CHECKING:
    from rattler import RepoDataRecord

DEFAULT_CHANNEL = "conda-forge"


@dataclass(frozen=True)
class Plan:
    """What is to be installed, and how.

    Attributes:
        needed: What is required.
        options: How the environment is made.
        added: The user's own code, and data.
        settings: How the conda packages are fetched.
        channels: URLs that the conda packages come from.
        asked: The question that the packages answer; None when they come from a lock.
        program: The conda that is used instead of the engine.
        lock: The packages; None when the program chooses them as it installs.
    """

    needed: Requirements
    options: Options
    added: UserContent
    settings: engine.Settings
    channels: tuple[str, ...] = ()
    asked: SolveRequest | None = None
    program: Path | None = None
    lock: Lock | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """What was asked for, as match specs and requirements."""
        if self.asked:
            return (*self.asked.specs, *self.asked.wheels, *self.added.requires)
        return tuple(record.name.normalized for record in self.lock.records) if self.lock else ()

    def with_wheels(self, locked: Lock) -> Lock:
        """The lock of conda's packages with the wheels that go with them.

        Raises:
            SolveError: There are none.
        """
        assert self.asked
        asked = (*self.asked.wheels, *self.added.requires)
        if not asked:
            return locked
        chosen = choose.resolve(asked, self.context(locked.records))
        choose.check_hashes(chosen, self.needed.hashes)
        return replace(locked, wheels=chosen)

    def context(self, records: Sequence[RepoDataRecord]) -> ResolutionContext:
        """What the packages of PyPI have to suit: conda's packages, and own projects."""
        known = [(one.name.normalized, str(one.version), one.depends) for one in records]
        python = next((version for name, version, _ in known if name == "python"), "")
        moment = self.settings.exclude_newer
        return ResolutionContext(
            python,
            {**choose.present(known), **self.added.distributions},
            platform=self.settings.platform,
            allow_sdist=self.options.allow_sdist,
            offline=self.settings.offline,
            exclude_newer=moment.isoformat() if moment else "",
            constraints=self.needed.constraints,
            indexes=self.needed.pip_options,
        )


@contextmanager
def prepare(
    given: Requirements | Lock, options: Options, cache: Path, reporter: Reporter
) -> Iterator[Plan]:
    """Choose what an environment consists of.

    Args:
        given: What is required, or a lock, which leaves no package to be chosen.
        options: From where, for which machines and of which time.
        cache: Folder for what can be made again.

    Raises:
        PackageError: The stage's own error.
    """
    preload.start("rattler")
    engine.check_platform(options.platform)
    known = given if isinstance(given, Lock) else options.locked
    program = _program(options, known)
    conda = condarc.load()
    needed = given if isinstance(given, Requirements) else Requirements("")
    needed = needed._replace(
        pinned=(*needed.pinned, *options.pinned),
        constraints=(*needed.constraints, *options.constraints),
    )
    settings = settings_of(options, conda)
    if settings.offline:
        datasets.check_local(needed.data, options.base)
    options = _with_own_python(options, needed.python, cache, reporter)
    named = _channels(needed, options, conda)
    needed, folders = _without_projects(needed, named, options.base)
    place = user_content.Place(options.base, cache)
    with user_content.prepared(needed, options.add, folders, place, reporter) as added:
        plan = Plan(needed, options, added, settings, program=program)
        if known:
            yield _as_locked(plan, known, conda, cache)
        else:
            yield _solved(plan, named, conda, cache, reporter)


def _solved(
    plan: Plan, named: Sequence[str], conda: Condarc, cache: Path, reporter: Reporter
) -> Plan:
    """What the solver and uv choose; with a program of conda's the question alone."""
    asked = request.of(plan.needed, named, plan.settings, plan.context(()), cache, reporter)
    channels = channel_urls.resolve(asked.channels, conda)
    settings = replace(plan.settings, credentials=channels.credentials)
    urls = tuple(url for tier in channels.tiers for url in tier.urls)
    plan = replace(plan, asked=asked, settings=settings, channels=urls)
    if plan.program:
        if asked.constraints:
            raise UsageError("constraints and pinned packages need the built-in solver")
        return plan
    with reporter.task("solving"):
        records = engine.solve(asked.specs, channels.tiers, settings, asked.constraints)
        platform = plan.options.platform or platforms.here()
        return replace(plan, lock=plan.with_wheels(Lock(platform, urls, tuple(records))))


def _as_locked(plan: Plan, known: Lock, conda: Condarc, cache: Path) -> Plan:
    """What a lock says; its packages are looked for in the folders that are at hand."""
    named = [channel for channel in plan.options.channels if not request.is_host(channel)]
    channels = channel_urls.resolve([request.channel_of(name) for name in named], conda)
    urls = [url for tier in channels.tiers for url in tier.urls if url.startswith("file:")]
    folders = [*map(locate.folder_of, urls), cache / "host" / "packages"]
    located = locate.located(known, folders, uv.links(plan.needed.pip_options))
    if not plan.options.allow_sdist:
        install.check_built(located.wheels)
    settings = replace(plan.settings, credentials=channels.credentials)
    return replace(plan, lock=located, settings=settings, channels=known.channels)


def _with_own_python(options: Options, version: str, cache: Path, reporter: Reporter) -> Options:
    """Let the host channel be that of the interpreter that is wanted from source, if one is."""
    if not options.python_source:
        return options
    if engine.is_foreign(options.platform):
        raise UsageError("--python-source builds for machines such as this one, not --platform")
    python = own_python(options, version, cache, reporter)
    host = f"{request.HOST}:{python}"
    named = [host if request.is_host(name) else name for name in options.channels]
    channels = tuple(named) if host in named else (host, *named)
    return replace(options, channels=channels, python_source="")


def own_python(options: Options, version: str, cache: Path, reporter: Reporter) -> Path:
    """Build the interpreter that is wanted from source; see `pythonsource.interpreter`.

    Args:
        options: Tell which source, and how it is built.
        version: That it has to be of; empty for any.
        cache: Folder for what can be made again.
    """
    from pypackage.backends import cpython

    offline = options.offline or condarc.load().offline
    flags = cpython.Flags(options.optimize, options.ensurepip)
    jobs = options.jobs or platforms.cores()
    build = cpython.BuildRequest(options.python_source, flags, version, jobs, offline)
    return cpython.interpreter(build, cache, reporter)


def _program(options: Options, known: Lock | None) -> Path | None:
    """The conda that is to be used instead of the engine, if any."""
    if not options.conda_executable:
        return None
    if options.platform or options.exclude_newer or known:
        raise UsageError(
            "--platform, --exclude-newer and locks need the built-in solver, not --conda-executable"
        )
    return conda_executable.find(options.conda_executable)


def _without_projects(
    requirements: Requirements, channels: Sequence[str], base: Path
) -> tuple[Requirements, tuple[own_code.Project, ...]]:
    """Take the folders of projects out of what is asked of PyPI."""
    asked: Sequence[str] = requirements.pip
    if len(channels) == 1 and request.is_host(channels[0]):
        asked = [text for text in asked if "@" not in text]  # it knows what is installed
    found = own_code.projects_among(asked, base)
    left = tuple(text for text in requirements.pip if text not in found)
    return requirements._replace(pip=left), tuple(found.values())


def settings_of(options: Options, conda: Condarc) -> engine.Settings:
    """How conda's packages are to be chosen and fetched."""
    return engine.Settings(
        platform=options.platform if engine.is_foreign(options.platform) else "",
        channel_priority=conda.channel_priority or "strict",
        exclude_newer=options.exclude_newer,
        offline=options.offline or conda.offline,
        verify=conda.ssl_verify,
        proxies=conda.proxies,
        package_caches=conda.pkgs_dirs,
        timeout=conda.read_timeout or engine.TIMEOUT,
        retries=engine.RETRIES if conda.retries is None else conda.retries,
    )


def _channels(requirements: Requirements, options: Options, conda: Condarc) -> list[str]:
    named = options.channels or requirements.channels or conda.channels
    return [channel for channel in named if channel != "nodefaults"] or [DEFAULT_CHANNEL]
