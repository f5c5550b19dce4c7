"""The options of python_package_create that tell of an OS package."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.archive.ospackages import model
from pypackage.archive.ospackages.model import OsPackage
from pypackage.core import platforms
from pypackage.core.errors import UsageError

if TYPE_CHECKING:
    from pypackage.pipeline.target import Target

# Each with its metavar, whether it may be repeated, and what it does.
_OPTIONS = (
    ("app", "NAME", False, "the package's name (default: as the file's)"),
    ("app-version", "VERSION", False, "its version; needed"),
    ("maintainer", "WHO", False, "name and address: 'Jane Doe <jane@example.org>'"),
    ("description", "TEXT", False, "what it is; the first line is the summary"),
    ("license", "NAME", False, "such as MIT"),
    ("architecture", "ARCH", False, "such as arm64 or aarch64 (default: that of --platform)"),
    ("install-root", "FOLDER", False, "where the folder NAME will be (default: /opt)"),
    ("command", "PROGRAM", True, "link a program of the environment into /usr/bin"),
    ("runtime-deps", "PACKAGES", True, "OS packages that it needs, with commas in between"),
    ("build-deps", "PACKAGES", True, "OS packages that have to be installed here"),
    (
        "config-file",
        "PATH",
        True,
        "a file of the environment, or FILE:/etc/DEST, that upgrades leave as the user changed it",
    ),
    ("systemd-unit", "FILE", False, "the service NAME.service"),
    *((moment, "FILE", False, "a script of sh") for moment in model.HOOKS),
    (
        "try",
        "COMMAND",
        False,
        "install the package in a clean root, run a command there, and remove it again",
    ),
    (
        "try-root",
        "ROOT",
        False,
        "the clean root: debian:SUITE (default: debian:stable), a folder, or a tar file",
    ),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("OS packages (--format deb or rpm)")
    for name, metavar, repeated, does in _OPTIONS:
        if repeated:
            group.add_argument(
                f"--{name}",
                action="append",
                default=[],
                metavar=metavar,
                help=f"{does}; repeatable",
            )
        else:
            group.add_argument(f"--{name}", default="", metavar=metavar, help=does)


def named(parsed: argparse.Namespace, target: Target) -> Target:
    """What is made, under the name that the system's custom gives a package."""
    if target.format not in model.FORMATS or os.sep in parsed.target:
        return target
    package_ = package(parsed, target)
    if package_ is None or parsed.target.endswith(f".{target.format}"):
        return target
    name = model.file_name(package_, parsed.platform or platforms.here())
    return replace(target, archive=target.archive.with_name(name))


def platform(parsed: argparse.Namespace, target: Target) -> str:
    """The platform that is asked for by its name or by that of the architecture.

    Raises:
        UsageError: There is none, or the two contradict each other.
    """
    asked = str(parsed.platform)
    if target.format not in model.FORMATS:
        return asked
    if asked and not model.architecture(target.format, asked):
        raise UsageError(f"there are no .{target.format} packages for {asked}")
    if not parsed.architecture:
        return asked
    told = model.platform_of(parsed.architecture)
    if not told:
        known = ", ".join(model.architectures())
        raise UsageError(f"no architecture {parsed.architecture}", f"there are {known}")
    if asked and told != asked:
        raise UsageError(f"--architecture {parsed.architecture} is not --platform {asked}")
    return "" if not asked and told == platforms.here() else told


def package(parsed: argparse.Namespace, target: Target) -> OsPackage | None:
    """The package that is asked for; None for an archive.

    Raises:
        UsageError: An option is missing, or one stands where it means nothing.
    """
    if target.format not in model.FORMATS:
        _refuse(parsed)
        return None
    if not parsed.app_version:
        raise UsageError("an OS package has a version", "say --app-version 1.0")
    return OsPackage(
        format=target.format,
        app=parsed.app or re.split(r"[_-]\d|_|\.(deb|rpm)$", target.archive.name)[0],
        version=parsed.app_version,
        maintainer=parsed.maintainer,
        description=parsed.description,
        license=parsed.license,
        install_root=parsed.install_root.rstrip("/") or OsPackage.install_root,
        runtime_deps=_listed(parsed.runtime_deps),
        build_deps=_listed(parsed.build_deps),
        scripts=_scripts(parsed),
        commands=tuple(parsed.command),
        systemd_unit=Path(parsed.systemd_unit) if parsed.systemd_unit else None,
        config_files=tuple(parsed.config_file),
        try_command=getattr(parsed, "try"),
        try_root=parsed.try_root,
        glibc=os.environ.get("CONDA_OVERRIDE_GLIBC", ""),
    )


def _refuse(parsed: argparse.Namespace) -> None:
    for name, *_ in _OPTIONS:
        if getattr(parsed, name.replace("-", "_")):
            raise UsageError(f"--{name} is for OS packages", "say --format deb or --format rpm")


def _scripts(parsed: argparse.Namespace) -> dict[str, Path]:
    given = {moment: getattr(parsed, moment.replace("-", "_")) for moment in model.HOOKS}
    return {moment: Path(path) for moment, path in given.items() if path}


def _listed(given: list[str]) -> tuple[str, ...]:
    """The items of options that may be repeated and have commas in them."""
    return tuple(one.strip() for text in given for one in text.split(",") if one.strip())
