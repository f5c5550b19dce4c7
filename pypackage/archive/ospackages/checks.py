"""Check, before any work, that an OS package can be made as requested."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pypackage.archive.ospackages import repository, roots, scripts, signing
from pypackage.archive.ospackages.model import RELATIONS, OsPackage
from pypackage.core import process
from pypackage.core.errors import InputPathError, PackError, ProcessError, UsageError

_NAMES = {"deb": r"[a-z0-9][a-z0-9+.-]+", "rpm": r"[A-Za-z0-9][A-Za-z0-9._+-]*"}
_VERSIONS = {
    "deb": r"(\d+:)?\d[A-Za-z0-9.+~]*(-[A-Za-z0-9.+~-]*[A-Za-z0-9.+~])?",
    "rpm": r"[A-Za-z0-9][A-Za-z0-9._+~^]*",
}
_SYSTEMS = {"deb": "dpkg", "rpm": "rpm"}
_RULES = {
    "deb": "it begins with a digit and has letters, digits and . + ~ - alone",
    "rpm": "it has letters, digits and . _ + ~ ^ alone, no hyphen",
}
_DEPENDENCY = r"[A-Za-z0-9][\w.+:/()-]*( ?\(?(<<|<=|=|>=|>>|<|>) ?[\w.+:~^-]+\)?)?"


def check(package: OsPackage, *, published: bool = False) -> None:
    """Check that a package can be made as requested.

    Args:
        published: Whether it is to be added to a repository.

    Raises:
        UsageError: Its name, version or another option is invalid.
        InputPathError: A file to be included cannot be read.
        PackError: A program or another OS package is missing on this machine.
    """
    check_words(package)
    scripts.check(package)
    for path in (*package.config_sources.values(), package.systemd_unit):
        if path and not path.is_file():
            raise InputPathError(f"cannot read {path}: there is no such file")
    if package.try_command:
        roots.check(package.try_root or roots.DEFAULT)
    _check_programs(package, published=published)
    if package.sign:
        signing.check(package.sign)


def check_words(package: OsPackage) -> None:
    """Check that the description of a package is valid, independent of this machine.

    Raises:
        UsageError: Its name, version or another option is invalid.
    """
    kind, system = package.format, _SYSTEMS[package.format]
    if package.sign:
        signing.check_name(package.sign)
    if not re.fullmatch(_NAMES[kind], package.app):
        raise UsageError(f"{system} takes no package named {package.app!r}", "see --app")
    if not re.fullmatch(_VERSIONS[kind], package.version):
        raise UsageError(f"{system} takes no version {package.version!r}", _RULES[kind])
    root = package.install_root
    if not re.fullmatch(r"(/[\w.+-]+)+", root) or ".." in root.split("/"):
        raise UsageError(f"--install-root: {root!r} is not the path of a folder such as /opt")
    for text in (package.maintainer, package.license, package.vendor, package.url):
        if "\n" in text:
            raise UsageError(f"{text!r} has more than one line")
    if package.maintainer and not re.fullmatch(
        r"[^<>]+ <[^<>@\s]+@[^<>\s]+>|[^<>@\s]+@[^<>@\s]+", package.maintainer
    ):
        raise UsageError(f"--maintainer: {package.maintainer!r} is not 'NAME <ADDRESS>'")
    _check_fields(package)
    for name in ("runtime_deps", *RELATIONS):
        for text in getattr(package, name):
            if not all(re.fullmatch(_DEPENDENCY, one.strip()) for one in text.split("|")):
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option}: {text!r} is not a package name", _DEPENDENCY_HINT)
    for dest in package.config_paths:
        if not re.fullmatch(_ABSOLUTE, dest) or ".." in dest.split("/"):
            raise UsageError(f"--config-file: {dest!r} is not the path of a file")
    for path in package.directories:
        if not re.fullmatch(_ABSOLUTE, path) or ".." in path.split("/"):
            raise UsageError(f"directories: {path!r} is not the path of a folder")


_ABSOLUTE = r"(/[^/\s]+)+"

# Valid values of dpkg's or rpm's fields, by the name in `OsPackage`, which is the option's.
_FIELDS = {
    "release": (r"[A-Za-z0-9.+~]+", "a revision such as 1"),
    "epoch": (r"\d+", "a number"),
    "url": (r"[a-z][a-z0-9+.-]*://[^\s<>]+", "a URL"),
    "section": (r"[\w./+-]+( ?[\w./+-]+)*", "a section such as net"),
    "priority": ("required|important|standard|optional|extra", "one of Debian's priorities"),
}


def _check_fields(package: OsPackage) -> None:
    for name, (pattern, what) in _FIELDS.items():
        text = getattr(package, name)
        if text and not re.fullmatch(pattern, text, re.A):
            raise UsageError(f"--{name}: {text!r} is not {what}")
    if package.format == "deb" and package.release and "-" in package.version:
        raise UsageError(
            f"--release {package.release}: the version {package.version} has a revision already"
        )
    if package.epoch and ":" in package.version:
        raise UsageError(f"--epoch {package.epoch}: the version {package.version} has one already")


_DEPENDENCY_HINT = "it is like libgl1, or 'libssl3 (>= 3.0)' for dpkg, 'openssl >= 3.0' for rpm"


def _check_programs(package: OsPackage, *, published: bool) -> None:
    needed = [("dpkg-deb", "dpkg")] if package.format == "deb" else [("rpmbuild", "rpm-build")]
    if package.try_command:
        needed += [("bwrap", "bubblewrap"), ("rpm", "rpm")][: 2 if package.format == "rpm" else 1]
    if package.sign:
        needed.append(signing.PROGRAMS[package.format])
    if published:
        needed.append(repository.PROGRAMS[package.format])
    for program, where in needed:
        if not shutil.which(program):
            raise PackError(
                f"a .{package.format} needs the program {program}, which is not installed",
                f"install {where} (on Debian and Ubuntu: {'rpm' if 'rpm' in where else where})",
            )
    absent = [name for name in package.build_deps if not _is_installed(name)]
    if absent:
        install = "apt-get install" if shutil.which("apt-get") else "dnf install"
        raise PackError(
            f"not installed here: {', '.join(absent)} (--build-deps)",
            f"{install} {' '.join(absent)}",
        )


def _is_installed(name: str) -> bool:
    """Whether an OS package is installed on this machine."""
    try:
        if Path("/var/lib/dpkg/status").exists():
            said = process.run(["dpkg-query", "-W", "-f", "${db:Status-Status}\n", name])
            return b"installed" in said.split()
        process.run(["rpm", "-q", "--whatprovides", name])
    except ProcessError:
        return False
    return True
