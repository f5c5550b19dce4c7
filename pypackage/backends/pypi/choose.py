"""Resolve PyPI packages compatible with those already present.

They are chosen before anything is installed, for the Python and the packages that the
solver chose, or that are installed on this machine.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.backends.pypi import pip_settings, placeholders, pylock, uv
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.backends.pypi.placeholders import Present
from pypackage.core import files, package_names
from pypackage.core.errors import ProcessError, RequirementsError, SolveError
from pypackage.core.git import hide_logins, restore_login
from pypackage.core.urls import redact
from pypackage.python.interpreter import Interpreter
from pypackage.requirements.formats import requirements_txt

BUILDING = "--allow-sdist builds here what has no wheel (this runs its code)"
"""The hint on how to allow builds."""


@dataclass(frozen=True)
class ResolutionContext:
    """What the packages must be compatible with.

    Attributes:
        python: The version of Python.
        present: The distributions that are present already, by normalized name.
        interpreter: The interpreter of this machine that they are for; None if it is yet to be
            installed.
        platform: Conda's name of the platform; empty for this machine's.
        allow_sdist: Whether packages without a wheel may be built here.
        offline: Whether uv must do with its cache and local folders.
        exclude_newer: A date; packages uploaded later are ignored.
        constraints: Requirements that restrict what is chosen, and request nothing.
        indexes: pip's options for where to look, such as `--index-url=…`, and what to
            build, such as `--no-binary=…`.
    """

    python: str
    present: Mapping[str, Present]
    interpreter: Interpreter | None = None
    platform: str = ""
    allow_sdist: bool = False
    offline: bool = False
    exclude_newer: str = ""
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    @property
    def prefix(self) -> Path:
        """The environment on this machine whose pip.conf applies."""
        return self.interpreter.prefix if self.interpreter else Path(sys.prefix)


def present(records: Iterable[tuple[str, str, Sequence[str]]]) -> dict[str, Present]:
    """Return the distributions among conda packages: those that depend on Python.

    Args:
        records: Name, version and match specs of each package.

    Returns:
        The distributions by PyPI's normalized names.
    """
    return {
        pypi_key(name): Present(version)
        for name, version, depends in records
        if any(spec.split()[0] in ("python", "python_abi") for spec in depends)
    }


def pypi_key(name: str) -> str:
    """Return the normalized PyPI name of a conda package that is a distribution."""
    return package_names.normalize(package_names.pypi_name(name) or name)


def exactly(pins: Sequence[str], context: ResolutionContext) -> tuple[PyPIPackage, ...]:
    """Return those of the pinned packages that PyPI has, without their dependencies.

    Args:
        pins: As `NAME==VERSION`.
        context: What they must be compatible with.

    Raises:
        SolveError: The index cannot be reached.
    """
    if not pins:
        return ()
    try:
        locked = _compile(pins, (), context, "--no-deps")
    except ProcessError as error:
        if error.returncode != uv.NO_SOLUTION:
            raise uv.unreachable(error) from error
        if len(pins) == 1:
            return ()
        middle = len(pins) // 2  # bisecting finds the few that are not there in few runs
        return (*exactly(pins[:middle], context), *exactly(pins[middle:], context))
    return tuple(pylock.loads(locked, placeholders=Path(os.devnull)))


def resolve(requirements: Sequence[str], context: ResolutionContext) -> tuple[PyPIPackage, ...]:
    """Resolve requirements and their dependencies.

    Args:
        requirements: As in PEP 508.
        context: What they must be compatible with; present packages are not chosen again.

    Returns:
        The packages, sorted by name, including those given as `NAME @ file:…`.

    Raises:
        RequirementsError: A requirement or a constraint is not valid.
        InputPathError: A constraints file that pip or uv is configured with is missing.
        SolveError: There is no such package, or it conflicts with what is present; or the
            index cannot be reached.
    """
    if not requirements:
        return ()
    repositories = [one for one in requirements if re.search(r"(^|@)\s*(git|hg|svn|bzr)\+", one)]
    if repositories and not context.allow_sdist:
        raise SolveError(f"{redact(repositories[0])} would have to be built", BUILDING)
    with files.private_folder() as folder:
        bounds = [*placeholders.write(context.present, folder), *_constraints(context)]
        try:
            locked = _compile(requirements, bounds, context)
        except ProcessError as error:
            raise _refused(error, requirements, context) from error
        chosen = sorted(pylock.loads(locked, placeholders=folder), key=lambda one: one.name)
    if not context.allow_sdist:
        # A wheel requested by its URL is what the user wants.
        by_name = [one for one in chosen if not any(one.url in text for text in requirements)]
        _refuse_builds(by_name, context)
    asked = "\n".join(repositories)
    return tuple(replace(one, url=restore_login(one.url, asked)) for one in chosen)


def with_names(requirements: Sequence[str], context: ResolutionContext) -> tuple[str, ...]:
    """Give requirements that are a mere URL the name of the distribution at that URL.

    Raises:
        SolveError: It cannot be fetched, or would have to be built.
    """
    return tuple(
        f"{_name_of(one, context)} @ {one}" if re.match(requirements_txt.URL, one) else one
        for one in requirements
    )


def _name_of(url: str, context: ResolutionContext) -> str:
    """Return the name of the distribution at a URL."""
    if not (context.allow_sdist or url.partition("#")[0].endswith(".whl")):
        raise SolveError(f"{redact(url)} would have to be built", BUILDING)
    here = replace(context, python=".".join(map(str, sys.version_info[:2])), platform="")
    try:
        locked = _compile([url], (), here, "--no-deps")
    except ProcessError as error:
        raise _refused(error, [url], here) from error
    return next(pylock.loads(locked, placeholders=Path(os.devnull))).name


def is_available(requirement: str, context: ResolutionContext) -> bool:
    """Whether a package satisfies a requirement; offline this is assumed.

    Raises:
        SolveError: The index cannot be reached.
    """
    if context.offline:
        return True
    try:
        _compile([requirement], _constraints(context), context, "--no-deps")
    except ProcessError as error:
        if error.returncode == uv.NO_SOLUTION:
            return False
        raise uv.unreachable(error) from error
    return True


def fingerprint(context: ResolutionContext) -> list[str]:
    """Return what determines the choice besides requirements, interpreter and date."""
    builds = [*_build_options(context), *_to_build(context)]
    return [*_constraints(context), *builds, *uv.choice(context.prefix, context.indexes)]


def _build_options(context: ResolutionContext) -> list[str]:
    return pip_settings.as_arguments(
        context.prefix, os.environ, context.indexes, sdists=context.allow_sdist
    )


def _to_build(context: ResolutionContext) -> tuple[str, ...]:
    return pip_settings.to_build(context.prefix, os.environ, context.indexes)


def _refuse_builds(packages: Iterable[PyPIPackage], context: ResolutionContext) -> None:
    """Refuse wheels of packages that the user wants built, if builds are not allowed."""
    sources = _to_build(context)
    for package in packages:
        if package.name in sources or ":all:" in sources:
            what = f"{package.name} {package.version} is to be built of its source (no-binary)"
            raise SolveError(what, BUILDING)


def _compile(
    requirements: Iterable[str],
    bounds: Iterable[str],
    context: ResolutionContext,
    *options: str,
) -> str:
    """Let uv resolve, and return the result as a pylock.toml."""
    here = context.interpreter
    builds = _build_options(context)
    lines = [f"{requirement}\n" for requirement in requirements]
    # Passwords of repositories are passed to git separately: uv starts it with the URLs.
    git, logins = hide_logins("".join(line for line in lines if "git+" in line))
    text = git + "".join(line for line in lines if "git+" not in line)
    with files.private_folder() as scratch:
        constraints = scratch / "constraints.txt"
        constraints.write_text("".join(f"{line}\n" for line in bounds), encoding="utf-8")
        argv = ["pip", "compile", "--quiet", "--no-header", "--format", "pylock.toml"]
        argv += ["--constraints", os.fspath(constraints), *builds, *platform_options(context)]
        return uv.run(
            [*argv, *options, "-"],
            here.executable if here else Path(sys.executable),
            context.prefix,
            choosing=True,
            options=context.indexes,
            stdin=text,
            env=logins,
        )


def _constraints(context: ResolutionContext) -> list[str]:
    """Return the lines of a constraints file: the requested and the configured ones."""
    return [*context.constraints, *_configured_constraints(context)]


def _configured_constraints(context: ResolutionContext) -> Iterator[str]:
    """Yield the constraints of pip's and uv's configuration, except on what is present.

    A site's constraints are for what is yet to be chosen: what conda's solver chose or
    is installed already is not chosen again, and may well be outside of them.
    """
    place = "the constraints that pip or uv is configured with"
    files, single = uv.constraints(context.prefix)
    local = [file.removeprefix("file://") for file in files]
    given = [requirements_txt.Line(f"-c {file}", place) for file in local if "://" not in file]
    found = requirements_txt.collect(requirements_txt.entries(given, os.getcwd()))
    yield from (f"-c {file}" for file in local if "://" in file)
    for text in (*found.constraints, *single):
        name = re.match(r"[\w.-]+", text)
        if not name or package_names.normalize(name[0]) not in context.present:
            yield text


_PLATFORMS = {
    "linux-64": "x86_64-unknown-linux-gnu",
    "linux-aarch64": "aarch64-unknown-linux-gnu",
    "osx-64": "x86_64-apple-darwin",
    "osx-arm64": "aarch64-apple-darwin",
}
_MANYLINUX = (17, 28, *range(31, 41))  # the glibc 2.N that uv has platforms for


def platform_options(context: ResolutionContext) -> list[str]:
    """Return uv's options for the target's Python and platform, offline use, and the date."""
    platform = _platform(context, os.environ.get("CONDA_OVERRIDE_GLIBC", ""))
    options = [] if context.interpreter else ["--python-version", context.python]
    options += ["--python-platform", platform] if platform else []
    options += ["--offline"] if context.offline else []
    return options + (["--exclude-newer", context.exclude_newer] if context.exclude_newer else [])


def _platform(context: ResolutionContext, glibc: str) -> str:
    """Return uv's name of the platform; empty for this machine's."""
    if context.platform and context.platform not in _PLATFORMS:
        known = ", ".join(sorted(_PLATFORMS))
        raise SolveError(
            f"packages of PyPI cannot be chosen for {context.platform}", f"they can for {known}"
        )
    version = re.fullmatch(r"2\.(\d+)", glibc)
    machine = {"": os.uname().machine, **_PLATFORMS}[context.platform].partition("-")[0]
    if version and not context.platform.startswith("osx"):
        fitting = [known for known in _MANYLINUX if known <= int(version[1])]
        return f"{machine}-manylinux_2_{max(fitting, default=_MANYLINUX[0])}"
    return _PLATFORMS.get(context.platform, "")


def _refused(
    error: ProcessError, requirements: Sequence[str], context: ResolutionContext
) -> Exception:
    """Explain why uv found no solution, naming the present packages that are involved."""
    said = uv.message(error)
    if error.returncode != uv.NO_SOLUTION:
        if "Couldn't parse requirement" in said:
            return RequirementsError("not a requirement of PyPI", said)
        return uv.unreachable(error)
    present = context.present
    named = [n for n in present if re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-])", said)]
    hints = [said]
    if named:
        fixed = ", ".join(f"{name} {present[name].version}" for name in named)
        what = "installed are" if context.interpreter else "conda brings"
        hints.append(f"{what} {fixed}: ask for other versions of them, or of these")
    unbuilt = re.search("no (usable )?wheels|--only-binary|no-build|is disabled", said)
    if unbuilt and not context.allow_sdist:
        hints.append(BUILDING)
    asked = ", ".join(map(redact, requirements))
    if context.allow_sdist and "Failed to build" in said:
        return SolveError(f"cannot build what {asked} needs", said)
    if context.offline:
        return SolveError(f"this is offline, and not in uv's cache: {asked}", "\n".join(hints))
    return SolveError(f"cannot get {asked} from PyPI", "\n".join(hints))


def conditional(requirements: Iterable[str]) -> set[str]:
    """Return the names of requirements with a marker, which not every machine needs."""
    found = (re.match(r"\s*([\w.-]+)[^;]*;", text) for text in requirements)
    return {package_names.normalize(one[1]) for one in found if one}


def check_hashes(
    packages: Iterable[PyPIPackage],
    hashes: Mapping[str, Sequence[str]],
    conditional: Container[str] = (),
) -> None:
    """Check that packages have the hashes that the user requires.

    Args:
        packages: As chosen.
        hashes: Digests, such as `sha256:…`, by normalized name.
        conditional: Names of those that need not be among the packages.

    Raises:
        SolveError: One has another digest, or does not come from PyPI.
    """
    chosen = {package.name: package for package in packages}
    for name, allowed in hashes.items():
        package = chosen.get(name)
        if package is None and name in conditional:
            continue
        if package is None:
            raise SolveError(
                f"{name} is required with certain hashes, but does not come from PyPI",
                "leave out its hash, or conda's package of it",
            )
        if f"sha256:{package.sha256}" not in allowed:
            raise SolveError(
                f"{name} {package.version} has none of the hashes required of it",
                f"the wheel for this Python has sha256:{package.sha256}",
            )
