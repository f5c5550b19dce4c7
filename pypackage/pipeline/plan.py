"""Plan an environment: its packages, own code and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.backends import conda, conda_executable, locate, request
from pypackage.backends.conda import channel_urls, condarc
from pypackage.backends.conda.channel_urls import Channels, Tier
from pypackage.backends.conda.condarc import Condarc
from pypackage.backends.lock import Lock
from pypackage.backends.pypi import choose, install, uv
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.request import SolveRequest
from pypackage.core import platforms, preload
from pypackage.core.errors import ChannelError, SolveError, UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline.options import Options
from pypackage.pipeline.packages import Delegated, Locked, Packages, PyPIRequest, Solved
from pypackage.prefix import datasets, own_code, user_content
from pypackage.prefix.user_content import UserContent
from pypackage.requirements.model import Requirements

DEFAULT_CHANNEL = "conda-forge"


@dataclass(frozen=True)
class Plan:
    """The plan of an environment: what will be installed.

    Attributes:
        requirements: The requirements as given; empty if only a lock is given, except its projects.
        options: How the environment is made.
        packages: From conda's channels and PyPI.
        content: The user's own code, and data.
        context: What packages of PyPI must be compatible with besides conda's.
    """

    requirements: Requirements
    options: Options
    packages: Packages
    content: UserContent
    context: ResolutionContext

    @property
    def specs(self) -> tuple[str, ...]:
        """What was requested, as match specs and requirements of PyPI."""
        return (*self.packages.specs, *self.content.requires)


@contextmanager
def prepare(
    given: Requirements | Lock, options: Options, cache: Path, reporter: Reporter
) -> Iterator[Plan]:
    """Choose the packages and content of an environment.

    Args:
        given: Requirements, or a lock, which leaves nothing to solve.
        options: Channels, platform, dates and the like.

    Raises:
        PackageError: No solution is found, or own code cannot be built.
    """
    preload.start("rattler")
    conda.check_platform(options.platform)
    known = given if isinstance(given, Lock) else options.locked
    program = _program(options, known)
    rc = condarc.load()
    requirements = _required(given, known)
    settings = replace(settings_of(options, rc), system=requirements.system)
    datasets.check_own(requirements.data, options.base, reporter)
    if settings.offline:
        datasets.check_local(requirements.data, options.base)
    options = _with_own_python(options, requirements.python, cache, reporter)
    channels = _channels(requirements, options, rc)
    asked, folders = _asked(requirements, channels, options)
    place = user_content.Place(options.base, cache)
    with user_content.prepared(asked, options.add, folders, place, reporter) as content:
        context = _context(asked, options, settings, content)
        if known:
            packages: Packages = _locked(known, options, context, settings, rc, cache)
        else:
            asked = asked._replace(pip=choose.with_names(asked.pip, context))
            solve = request.of(
                asked,
                channels,
                settings,
                context,
                cache,
                reporter,
                jobs=options.workers,
                allow_guesses=options.allow_guesses,
                has_own_code=content.needs_python,
            )
            pypi = PyPIRequest((*solve.wheels, *content.requires), context, asked.hashes)
            where = channel_urls.resolve(solve.channels, rc)
            if program:
                packages = _delegated(program, solve, pypi, where)
            else:
                packages = _solved(solve, pypi, where, rc, settings, reporter)
        yield Plan(requirements, options, packages, content, context)


def _context(
    asked: Requirements, options: Options, settings: conda.Settings, content: UserContent
) -> ResolutionContext:
    moment = settings.exclude_newer
    return ResolutionContext(
        python="",
        present=content.distributions,
        platform=settings.platform,
        allow_sdist=options.allow_sdist,
        offline=settings.offline,
        exclude_newer=moment.isoformat() if moment else "",
        constraints=asked.constraints,
        indexes=asked.pip_options,
    )


# --- the packages ------------------------------------------------------------------------


def _solved(
    solve: SolveRequest,
    pypi: PyPIRequest,
    where: Channels,
    rc: Condarc,
    settings: conda.Settings,
    reporter: Reporter,
) -> Solved:
    """Solve with the built-in solver, and with uv for PyPI."""

    def has(package: str, url: str) -> bool:
        reached = replace(settings, credentials=where.credentials)
        return bool(conda.versions(package, Tier(url, (url,)), reached))

    with reporter.task("solving"):
        specs, where = channel_urls.qualified(solve.specs, where, rc, has)
        bounds, where = channel_urls.qualified(solve.constraints, where, rc, has)
        settings = replace(settings, credentials=where.credentials)
        try:
            records = conda.solve(specs, where.tiers, settings, (*bounds, *solve.preferred))
        except SolveError as error:
            if not solve.preferred or isinstance(error, ChannelError):
                raise
            records = conda.solve(specs, where.tiers, settings, bounds)
        platform = settings.platform or platforms.here()
        locked = pypi.beside(Lock(platform, where.urls, tuple(records)))
    return Solved(locked, settings, solve)


def _delegated(program: Path, solve: SolveRequest, pypi: PyPIRequest, where: Channels) -> Delegated:
    if solve.constraints:
        raise UsageError("constraints and pinned packages need the built-in solver")
    return Delegated(program, solve, pypi, where.urls)


def _locked(
    known: Lock,
    options: Options,
    context: ResolutionContext,
    settings: conda.Settings,
    rc: Condarc,
    cache: Path,
) -> Locked:
    """Take the packages of a lock, locating local ones in the folders on this machine."""
    named = [channel for channel in options.channels if not request.is_host(channel)]
    where = channel_urls.resolve([request.channel_of(name) for name in named], rc)
    urls = [url for url in where.urls if url.startswith("file:")]
    folders = [*map(locate.folder_of, urls), cache / "host" / "packages"]
    local = locate.relocate_local(known, folders, uv.links(context.indexes))
    if not context.allow_sdist:
        install.check_built(local.wheels)
    return Locked(local, replace(settings, credentials=where.credentials))


# --- what must be known before -----------------------------------------------------------


def _with_own_python(options: Options, version: str, cache: Path, reporter: Reporter) -> Options:
    """Replace the host channel by that of an interpreter built from source, if requested."""
    if not options.python_source:
        return options
    if conda.is_foreign(options.platform):
        raise UsageError("--python-source builds for machines such as this one, not --platform")
    python = own_python(options, version, cache, reporter)
    host = f"{request.HOST}:{python}"
    named = [host if request.is_host(name) else name for name in options.channels]
    channels = tuple(named) if host in named else (host, *named)
    return replace(options, channels=channels, python_source="")


def own_python(options: Options, version: str, cache: Path, reporter: Reporter) -> Path:
    """Build the interpreter that is requested from source; see `cpython.interpreter`.

    Args:
        options: Which source, and how it is built.
        version: The version that it must have; empty for any.
    """
    from pypackage.backends import cpython

    offline = options.offline or condarc.load().offline
    flags = cpython.Flags(options.optimize, options.ensurepip)
    source, jobs = options.python_source, options.workers
    build = cpython.BuildRequest(source, flags, version, jobs, offline)
    return cpython.interpreter(build, cache, reporter)


def _program(options: Options, known: Lock | None) -> Path | None:
    """The conda executable to use instead of the built-in solver, if any."""
    if not options.conda_executable:
        return None
    if options.platform or options.exclude_newer or known:
        raise UsageError(
            "--platform, --exclude-newer and locks need the built-in solver, not --conda-executable"
        )
    return conda_executable.find(options.conda_executable)


def _required(given: Requirements | Lock, known: Lock | None) -> Requirements:
    """The given requirements, plus the projects of a lock."""
    requirements = given if isinstance(given, Requirements) else Requirements("")
    return requirements._replace(pip=(*requirements.pip, *(known.projects if known else ())))


def _asked(
    requirements: Requirements, channels: Sequence[str], options: Options
) -> tuple[Requirements, tuple[own_code.Project, ...]]:
    """Split requirements: those for channels and PyPI, and projects that are local folders."""
    named: Sequence[str] = requirements.pip
    if len(channels) == 1 and request.is_host(channels[0]):
        named = [text for text in named if "@" not in text]  # the host channel has them
    found = own_code.projects_among(named, options.base)
    asked = requirements._replace(
        pip=tuple(text for text in requirements.pip if text not in found),
        pinned=(*requirements.pinned, *options.pinned),
        constraints=(*requirements.constraints, *options.constraints),
    )
    return asked, tuple(found.values())


def settings_of(options: Options, rc: Condarc) -> conda.Settings:
    """The settings for solving and fetching conda's packages."""
    return conda.Settings(
        platform=options.platform if conda.is_foreign(options.platform) else "",
        channel_priority=rc.channel_priority or "strict",
        exclude_newer=options.exclude_newer,
        offline=options.offline or rc.offline,
        verify=rc.ssl_verify,
        proxies=rc.proxies,
        package_caches=rc.pkgs_dirs,
        timeout=rc.read_timeout or conda.TIMEOUT,
        retries=conda.RETRIES if rc.retries is None else rc.retries,
    )


def _channels(requirements: Requirements, options: Options, rc: Condarc) -> list[str]:
    named = options.channels or requirements.channels or rc.channels
    for channel in named:
        request.check_channel(channel)
    return [channel for channel in named if channel != "nodefaults"] or [DEFAULT_CHANNEL]
