"""Describe an OS package as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from pypackage.archive.ospackages import FORMATS

RELATIONS = ("recommends", "suggests", "provides", "conflicts", "replaces")
"""The fields that name other packages, besides those that are needed."""

# By conda's platform, the architecture's names in Debian and RPM.
_ARCHITECTURES = {
    "linux-64": ("amd64", "x86_64"),
    "linux-aarch64": ("arm64", "aarch64"),
    "linux-ppc64le": ("ppc64el", "ppc64le"),
    "linux-s390x": ("s390x", "s390x"),
    "linux-riscv64": ("riscv64", "riscv64"),
    "linux-32": ("i386", "i686"),
    "linux-armv7l": ("armhf", "armv7hl"),
}


@dataclass(frozen=True)
class OsPackage:
    """An OS package: its name, and what it has besides the environment.

    Attributes:
        format: One of `FORMATS`.
        app: The package's name, and that of its folder.
        version: A version that dpkg or rpm accepts.
        maintainer: Name and address: `Jane Doe <jane@example.org>`.
        description: The first line is the summary.
        license: The name of its license, such as `MIT`.
        install_root: The parent of the application's folder.
        runtime_deps: The packages that it depends on: `libgl1`, `libssl3 (>= 3.0.2)`.
        build_deps: OS packages that must be installed on this machine.
        scripts: Shell scripts by the event at which they are run.
        commands: Programs of the environment to be linked into /usr/bin.
        systemd_unit: The file of a service.
        config_files: Configuration that keeps the user's changes: a path in the environment, or
            `FILE:/etc/DEST` for a file to be installed there.
        try_command: A command to test the package in a clean root; empty for no test.
        try_root: The clean root: `debian:SUITE`, a folder or a tar file.
        glibc: The glibc of the machines that it is for; empty for any.
        release: The revision of the package: `1`; empty for none with dpkg, 1 with rpm.
        epoch: The epoch, which takes precedence over the version; empty for none.
        url: The application's home page.
        section: The section of Debian's archive, such as `net`; the group of an RPM package.
        priority: Debian's priority.
        vendor: The vendor.
        provides: Virtual packages that it provides.
        conflicts: Packages that cannot be installed with it.
        replaces: Packages that it replaces, including their files.
        recommends: Packages that are usually installed with it.
        suggests: Packages that may be useful with it.
        directories: Absolute paths of empty folders that belong to it.
        sign: The name of the gpg key that signs it; empty for none.
    """

    format: str
    app: str
    version: str
    maintainer: str = ""
    description: str = ""
    license: str = ""
    install_root: str = "/opt"
    runtime_deps: tuple[str, ...] = ()
    build_deps: tuple[str, ...] = ()
    scripts: Mapping[str, Path] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    systemd_unit: Path | None = None
    config_files: tuple[str, ...] = ()
    try_command: str = ""
    try_root: str = ""
    glibc: str = ""
    release: str = ""
    epoch: str = ""
    url: str = ""
    section: str = ""
    priority: str = ""
    vendor: str = ""
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    sign: str = ""

    @property
    def full_version(self) -> str:
        """The version with the release, as in file names."""
        release = self.release or ("1" if self.format == "rpm" else "")
        version = self.version.partition(":")[2] or self.version  # dpkg's may include the epoch
        return f"{version}-{release}" if release else version

    @property
    def prefix(self) -> PurePosixPath:
        """The environment's folder on machines that install the package."""
        return PurePosixPath(self.install_root) / self.app

    @property
    def summary(self) -> str:
        """The description's first line."""
        return (self.description.strip().splitlines() or [f"Python application {self.app}"])[0]

    @property
    def details(self) -> list[str]:
        """The description's other lines."""
        told = [line.rstrip() for line in self.description.strip().splitlines()[1:]]
        return told or [f"{self.app} with its own Python and all packages that it needs."]

    @property
    def contact(self) -> str:
        """The maintainer with an address, or a substitute if none is given."""
        if "<" not in self.maintainer and "@" in self.maintainer:
            return f"{self.maintainer.partition('@')[0]} <{self.maintainer}>"
        return self.maintainer or f"{self.app} maintainers <{self.app}@users.noreply.invalid>"

    def identity(self, environ: Mapping[str, str] = os.environ) -> list[object]:
        """Everything that the package's content depends on besides the environment."""
        named = [*self.scripts.values(), *self.config_sources.values(), self.systemd_unit]
        contents = [sha256(path.read_bytes()).hexdigest() for path in named if path]
        return [repr(self), contents, environ.get("SOURCE_DATE_EPOCH", "")]

    @property
    def config_sources(self) -> dict[str, Path]:
        """The user's own configuration files, by the absolute path that they are installed to."""
        pairs = (text.rpartition(":") for text in self.config_files if ":/" in text)
        return {dest: Path(source) for source, _, dest in pairs}

    @property
    def config_paths(self) -> tuple[str, ...]:
        """The absolute paths of all configuration files."""
        own = [str(self.prefix / one) for one in self.config_files if ":/" not in one]
        return tuple(sorted({*own, *self.config_sources}))


def architecture(format_: str, platform: str) -> str:
    """The system's name of a platform's architecture; empty if there is none."""
    names = _ARCHITECTURES.get(platform)
    return names[FORMATS.index(format_)] if names else ""


def platform_of(architecture_: str) -> str:
    """Conda's platform for a system's architecture; empty if there is none."""
    return next((name for name, both in _ARCHITECTURES.items() if architecture_ in both), "")


def architectures() -> list[str]:
    """The names of all known architectures."""
    return sorted({name for both in _ARCHITECTURES.values() for name in both})


def file_name(package: OsPackage, platform: str) -> str:
    """The conventional file name of a package."""
    arch = architecture(package.format, platform)
    if package.format == "deb":
        return f"{package.app}_{package.full_version}_{arch}.deb"
    return f"{package.app}-{package.full_version}.{arch}.rpm"
