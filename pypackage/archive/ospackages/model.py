"""An OS package's description, as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

FORMATS = ("deb", "rpm")

HOOKS = (
    "before-install",
    "after-install",
    "before-remove",
    "after-remove",
    "before-upgrade",
    "after-upgrade",
)
"""When scripts of the user's own are run."""

# Conda's name of a platform, Debian's and RPM's of its architecture.
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
    """An OS package: what it is called, and what it has beside the environment.

    Attributes:
        format: One of `FORMATS`.
        app: The package's name, and that of its folder.
        version: As dpkg or rpm takes it.
        maintainer: Name and address: `Jane Doe <jane@example.org>`.
        description: The first line is the summary.
        license: Its name, such as `MIT`.
        install_root: The folder above that of the application.
        runtime_deps: What it needs installed beside it: `libgl1`, `libssl3 (>= 3.0.2)`.
        build_deps: OS packages that have to be installed on this machine.
        scripts: Files of sh by the moment when they are run.
        commands: Programs of the environment that are linked into /usr/bin.
        systemd_unit: The file of a service.
        config_files: What stays as the user changed it: a path in the environment, or
            `FILE:/etc/DEST` for a file that is put there.
        try_command: What is run in a clean root to try the package; empty for no trial.
        try_root: The clean root: `debian:SUITE`, a folder or a tar file.
        glibc: The glibc of the machines that it is for; empty for any.
        release: The revision of the package: `1`; empty for none with dpkg, 1 with rpm.
        epoch: What counts before the version; empty for none.
        url: The application's page.
        section: Of Debian's archive, such as `net`; the group of an RPM package.
        priority: Debian's.
        vendor: Who delivers it.
        provides: Names by which others may ask for it.
        conflicts: What cannot be installed beside it.
        replaces: What it takes the place of, files included.
        recommends: What belongs to it, and may be left out.
        suggests: What goes well with it.
        directories: Empty folders that belong to it, by their absolute paths.
        sign: The name of gpg's key by which it is signed; empty for none.
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
        """The version with the release, as file names have it."""
        release = self.release or ("1" if self.format == "rpm" else "")
        version = self.version.partition(":")[2] or self.version  # dpkg's may have the epoch
        return f"{version}-{release}" if release else version

    @property
    def prefix(self) -> PurePosixPath:
        """Where the environment is on the machines that install the package."""
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
        """The maintainer, or who stands for one that is not named; an address is a name as well."""
        if "<" not in self.maintainer and "@" in self.maintainer:
            return f"{self.maintainer.partition('@')[0]} <{self.maintainer}>"
        return self.maintainer or f"{self.app} maintainers <{self.app}@users.noreply.invalid>"

    def identity(self, environ: Mapping[str, str] = os.environ) -> list[object]:
        """All that the package's content depends on, beside the environment."""
        named = [*self.scripts.values(), *self.config_sources.values(), self.systemd_unit]
        contents = [sha256(path.read_bytes()).hexdigest() for path in named if path]
        return [repr(self), contents, environ.get("SOURCE_DATE_EPOCH", "")]

    @property
    def config_sources(self) -> dict[str, Path]:
        """The user's own configuration files by the absolute path that they get."""
        pairs = (text.rpartition(":") for text in self.config_files if ":/" in text)
        return {dest: Path(source) for source, _, dest in pairs}

    @property
    def config_paths(self) -> tuple[str, ...]:
        """All configuration files by their absolute paths."""
        own = [str(self.prefix / one) for one in self.config_files if ":/" not in one]
        return tuple(sorted({*own, *self.config_sources}))


def architecture(format_: str, platform: str) -> str:
    """The system's name for the machines of a platform; empty where there is none."""
    names = _ARCHITECTURES.get(platform)
    return names[FORMATS.index(format_)] if names else ""


def platform_of(architecture_: str) -> str:
    """Conda's name of the platform that a system's architecture is; empty where there is none."""
    return next((name for name, both in _ARCHITECTURES.items() if architecture_ in both), "")


def architectures() -> list[str]:
    """All names of architectures that are known."""
    return sorted({name for both in _ARCHITECTURES.values() for name in both})


def file_name(package: OsPackage, platform: str) -> str:
    """The name that a package's file has by the system's custom."""
    arch = architecture(package.format, platform)
    if package.format == "deb":
        return f"{package.app}_{package.full_version}_{arch}.deb"
    return f"{package.app}-{package.full_version}.{arch}.rpm"
