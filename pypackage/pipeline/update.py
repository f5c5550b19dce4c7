"""Create an environment again with more or fewer packages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.backends import conda_meta
from pypackage.core.errors import SolveError, UsageError
from pypackage.core.package_names import normalize
from pypackage.core.progress import Reporter
from pypackage.pipeline import create, environment_packages, environments, provenance, target
from pypackage.pipeline.environments import EnvironmentInfo
from pypackage.pipeline.options import Options
from pypackage.pipeline.target import NamedEnvironment
from pypackage.python import dist_info
from pypackage.requirements.match_specs import parse_match_spec, python_version
from pypackage.requirements.model import Requirements

if TYPE_CHECKING:
    from pypackage.archive.report.costs import Report

_PIP = "pip:"


def update(
    name: str,
    packages: Sequence[str],
    now: Options,
    cache: Path,
    reporter: Reporter,
    without: Sequence[str] = (),
) -> tuple[NamedEnvironment, Report | None]:
    """Create an environment again with more or fewer packages; the others keep their versions.

    Args:
        name: An environment created here.
        packages: Match specs, or `pip:` and a requirement (PEP 508).
        now: Options for this run; channels, if any, replace the former ones.
        without: The names of packages that it no longer requires.

    Returns:
        The environment, and the archive's size by package if requested.

    Raises:
        PackageError: It cannot be created; the former environment is left as it was.
    """
    if not packages and not without:
        raise UsageError(
            f"no package to add to {name} is named", "to remove one: --without PACKAGE"
        )
    found = environments.find(name, cache)
    if found.kind != "environment":
        raise UsageError(f"{name} is an interpreter, to which no packages can be added")
    known = provenance.read(found.folder)
    made = NamedEnvironment(found.folder, target.parse(name, known.format).output)
    options = _options(known.options, now)
    needed = _without_packages(known.requirements, without, name, found.folder)
    needed = _with_packages(needed, packages)
    try:
        costs = create.create(needed, made, _pinned(options, packages, found), reporter)
    except SolveError:
        reporter.warning("cannot keep every version that is installed: looking for others")
        costs = create.create(needed, made, options, reporter)
    there = {normalize(one.name) for one in environment_packages.listed(found.folder)}
    for one in without:
        if normalize(one) in there:
            reporter.warning(f"{one} is still in {name}: another package needs it")
    return made, costs


def _without_packages(
    needed: Requirements, names: Sequence[str], environment: str, prefix: Path
) -> Requirements:
    """Remove packages, and the modules that they contain, from requirements.

    Args:
        names: The packages to remove.
        environment: The environment's name.
        prefix: Its folder.

    Raises:
        UsageError: A package is not required, or is Python.
    """
    if not names:
        return needed
    gone = {normalize(name) for name in names}
    required = {normalize(_name(spec)) for spec in needed.dependencies}
    required |= {_distribution(text) for text in needed.pip}
    for name in names:
        if normalize(name) == "python":
            raise UsageError("an environment keeps its Python", "--remove removes all of it")
        if normalize(name) not in required:
            raise UsageError(
                f"{environment} does not require {name}",
                f"it requires {', '.join(sorted(required)) or 'no package'}; the others are "
                "dependencies of these",
            )
    lost = environment_packages.modules(prefix, gone)
    return needed._replace(
        dependencies=tuple(s for s in needed.dependencies if normalize(_name(s)) not in gone),
        pip=tuple(text for text in needed.pip if _distribution(text) not in gone),
        modules=tuple(one for one in needed.modules if one not in lost),
        submodules=tuple(one for one in needed.submodules if one.partition(".")[0] not in lost),
    )


def _with_packages(needed: Requirements, packages: Sequence[str]) -> Requirements:
    """Add packages to requirements; they replace requirements on the same package."""
    pip = [text.removeprefix(_PIP) for text in packages if text.startswith(_PIP)]
    conda = [text for text in packages if not text.startswith(_PIP)]
    python = [version for spec in conda if (version := python_version(spec)) is not None]
    specs = [spec for spec in conda if python_version(spec) is None]
    names = {_name(spec) for spec in conda}
    wheels = {_distribution(text) for text in pip}
    return needed._replace(
        python=(python or [needed.python])[-1],
        dependencies=(*(s for s in needed.dependencies if _name(s) not in names), *specs),
        pip=(*(text for text in needed.pip if _distribution(text) not in wheels), *pip),
    )


def _options(former: Options, now: Options) -> Options:
    return replace(
        former,
        channels=now.channels or former.channels,
        add=(*former.add, *now.add),
        allow_sdist=former.allow_sdist or now.allow_sdist,
        allow_guesses=former.allow_guesses or now.allow_guesses,
        verify=former.verify and now.verify,
        lock=now.lock,
        sbom=now.sbom,
        jobs=now.jobs,
        offline=now.offline,
        rebuild=now.rebuild,
        cache_limit=now.cache_limit,
        report=now.report,
    )


def _pinned(options: Options, packages: Sequence[str], found: EnvironmentInfo) -> Options:
    """Add pins to the options that keep the installed packages in their versions."""
    if options.conda_executable:
        return options
    free = {_name(one) for one in packages} | {_distribution(one) for one in packages}
    conda = conda_meta.versions(found.folder)
    owned = {name.replace("_", "-") for name in conda}
    wheels = sorted(dist_info.installed(found.folder).items())
    return replace(
        options,
        pinned=tuple(f"{name} =={one}" for name, one in conda.items() if name not in free),
        constraints=tuple(
            f"{key}=={one.version}" for key, one in wheels if key not in free and key not in owned
        ),
    )


def _name(spec: str) -> str:
    return parse_match_spec(spec)[0].lower()


def _distribution(text: str) -> str:
    """The normalized name at the beginning of a requirement."""
    return normalize(re.split(r"[^\w.-]", text.removeprefix(_PIP).strip(), maxsplit=1)[0])
