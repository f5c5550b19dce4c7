"""Options of python_package_create for OS packages."""

from __future__ import annotations

import os
import re

from pypackage.archive import ospackages
from pypackage.cli.options import Group, Option
from pypackage.core import platforms
from pypackage.core.errors import UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path
    from typing import Any

    from pypackage.archive.ospackages.model import OsPackage
    from pypackage.pipeline.target import OsPackageFile

FORMATS = ospackages.FORMATS
_RELATIONS = {
    "recommends": "OS packages that are normally installed with it",
    "suggests": "OS packages that go well with it",
    "provides": "names that it can be required by",
    "conflicts": "OS packages that cannot be installed together with it",
    "replaces": "OS packages that it replaces",
}
_FIELDS = ("vendor", "url", "section", "priority", "release", "epoch", "sign")

_OPTIONS = (
    Option("--app", "the package's name (default: from the file's name)", "NAME"),
    Option("--app-version", "its version; required", "VERSION"),
    Option("--maintainer", "name and address: 'Jane Doe <jane@example.org>'", "WHO"),
    Option("--description", "what it is; the first line is the summary", "TEXT"),
    Option("--license", "such as MIT", "NAME"),
    Option("--vendor", "who distributes it", "NAME"),
    Option("--url", "its home page", "URL"),
    Option("--section", "Debian's section, such as net, or the group of an rpm", "NAME"),
    Option("--priority", "Debian's priority (default: optional)", "NAME"),
    Option(
        "--release", "the package's revision, such as 2 (default: none for deb, 1 for rpm)", "N"
    ),
    Option("--epoch", "the epoch, which is compared before the version", "N"),
    Option("--architecture", "such as arm64 or aarch64 (default: that of --platform)", "ARCH"),
    Option("--install-root", "the folder that NAME is installed in (default: /opt)", "FOLDER"),
    Option(
        "--command",
        "link a program of the environment into /usr/bin; repeatable",
        "PROGRAM",
        repeated=True,
    ),
    Option(
        "--runtime-deps",
        "OS packages that it needs, separated by commas; repeatable",
        "PACKAGES",
        repeated=True,
    ),
    *(
        Option(f"--{name}", f"{what}, separated by commas; repeatable", "PACKAGES", repeated=True)
        for name, what in _RELATIONS.items()
    ),
    Option(
        "--build-deps",
        "OS packages that have to be installed on this machine; repeatable",
        "PACKAGES",
        repeated=True,
    ),
    Option(
        "--config-file",
        "a file of the environment, or FILE:/etc/DEST, whose changes by the user survive "
        "upgrades; repeatable",
        "PATH",
        repeated=True,
    ),
    Option(
        "--directory", "an empty folder that the package owns; repeatable", "PATH", repeated=True
    ),
    Option("--systemd-unit", "the service NAME.service", "FILE"),
    *(Option(f"--{hook}", "a shell script", "FILE") for hook in ospackages.HOOKS),
    Option("--sign", "sign the package with this gpg key, using debsigs or rpmsign", "KEY"),
    Option(
        "--repository",
        "copy it into this folder, an apt or dnf repository, and write its index, which --sign "
        "signs",
        "FOLDER",
    ),
    Option(
        "--try",
        "install the package in a clean root, run a command there, and remove it again",
        "COMMAND",
    ),
    Option(
        "--try-root",
        "the clean root: debian:SUITE (default: debian:stable), a folder, or a tar file",
        "ROOT",
    ),
)


GROUP = Group("OS packages (--format deb or rpm)", _OPTIONS, "os-packages")


OF_APPS = ("--app", "--app-version", "--maintainer", "--description", "--license")
"""Options that apply to Splunk apps as well."""

OF_IMAGES = (*OF_APPS, "--install-root", "--command")
"""Options that apply to container images as well."""


def platform(asked: str, architecture: str, format_: str) -> str:
    """Return the platform given by its name or its architecture; empty for this machine's.

    Raises:
        UsageError: There is none, or the two contradict each other.
    """
    from pypackage.archive.ospackages import model

    if asked and not model.architecture(format_, asked):
        raise UsageError(f"there are no .{format_} packages for {asked}")
    if not architecture:
        return asked
    told = model.platform_of(architecture)
    if not told:
        known = ", ".join(model.architectures())
        raise UsageError(f"no architecture {architecture}", f"there are {known}")
    if asked and told != asked:
        raise UsageError(f"--architecture {architecture} is not --platform {asked}")
    return "" if not asked and told == platforms.here() else told


def target(parsed: argparse.Namespace, path: Path, format_: str, platform: str) -> OsPackageFile:
    """Return the OS package to make.

    Args:
        parsed: The options.
        path: Its file; a mere name is replaced by the customary file name.
        format_: Its format.
        platform: Its platform; empty for this machine's.

    Raises:
        UsageError: An option is missing.
    """
    from pathlib import Path

    from pypackage.archive.ospackages import model
    from pypackage.pipeline.target import OsPackageFile

    package = _package(parsed, path, format_)
    if os.sep not in parsed.target and not parsed.target.endswith(f".{format_}"):
        path = path.with_name(model.file_name(package, platform or platforms.here()))
    return OsPackageFile(path, package, Path(parsed.repository) if parsed.repository else None)


def _package(parsed: argparse.Namespace, path: Path, format_: str) -> OsPackage:
    from pathlib import Path

    from pypackage.archive.ospackages.model import OsPackage

    if not parsed.app_version:
        raise UsageError("an OS package needs a version", "give --app-version 1.0")
    relations: dict[str, Any] = {name: _listed(getattr(parsed, name)) for name in _RELATIONS}
    return OsPackage(
        format=format_,
        app=parsed.app or re.split(r"[_-]\d|_|\.(deb|rpm)$", path.name)[0],
        version=parsed.app_version,
        maintainer=parsed.maintainer,
        description=parsed.description,
        license=parsed.license,
        install_root=parsed.install_root.rstrip("/") or OsPackage.install_root,
        runtime_deps=_listed(parsed.runtime_deps),
        build_deps=_listed(parsed.build_deps),
        **relations,
        **{name: getattr(parsed, name) for name in _FIELDS},
        directories=tuple(parsed.directory),
        scripts={hook: Path(path) for hook, path in _scripts(parsed).items()},
        commands=tuple(parsed.command),
        systemd_unit=Path(parsed.systemd_unit) if parsed.systemd_unit else None,
        config_files=tuple(parsed.config_file),
        try_command=getattr(parsed, "try"),
        try_root=parsed.try_root,
        glibc=os.environ.get("CONDA_OVERRIDE_GLIBC", ""),
    )


def _scripts(parsed: argparse.Namespace) -> dict[str, str]:
    given = {hook: getattr(parsed, hook.replace("-", "_")) for hook in ospackages.HOOKS}
    return {hook: path for hook, path in given.items() if path}


def _listed(given: list[str]) -> tuple[str, ...]:
    """Split the values of a repeatable option at commas."""
    return tuple(one.strip() for text in given for one in text.split(",") if one.strip())
