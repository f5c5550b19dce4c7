"""Write a Debian package with dpkg-deb."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import format_datetime
from hashlib import md5
from pathlib import Path

from pypackage.archive.ospackages import lintian, scripts
from pypackage.archive.ospackages.model import RELATIONS, OsPackage, architecture
from pypackage.archive.ospackages.staging import Staged
from pypackage.core import process
from pypackage.core.errors import PackError, ProcessError

LEVEL = 2  # of xz: half the time of gzip's best level, and smaller


def write(package: OsPackage, staged: Staged, output: Path, level: int | None) -> None:
    """Make the package.

    Args:
        level: The compression level; None for the default.

    Raises:
        PackError: dpkg-deb failed.
    """
    _add_documents(package, staged)
    sums, size = _measured(package, staged)
    staged.normalize_metadata()
    _add_control(package, staged, sums, size)
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{LEVEL if level is None else level}"]
    try:
        process.run(
            [*command, "--build", staged.root, output],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(staged.epoch), "LC_ALL": "C.UTF-8"},
        )
    except ProcessError as error:
        raise PackError("dpkg-deb failed", error.output) from error


def _add_documents(package: OsPackage, staged: Staged) -> None:
    """Add the documents that Debian's policy requires of each package."""
    folder = f"usr/share/doc/{package.app}"
    date = datetime.fromtimestamp(staged.epoch, timezone.utc)
    staged.add(f"{folder}/copyright", _copyright(package, date.year).encode())
    changes = (
        f"{package.app} ({_version(package)}) unstable; urgency=medium\n\n"
        f"  * Version {_version(package)}.\n\n -- {package.contact}  {format_datetime(date)}\n"
    )
    native = "-" not in package.full_version
    name = "changelog.gz" if native else "changelog.Debian.gz"
    staged.add(f"{folder}/{name}", gzip.compress(changes.encode(), 9, mtime=0))
    staged.add(f"usr/share/lintian/overrides/{package.app}", lintian.overrides(package).encode())


def _version(package: OsPackage) -> str:
    epoch = package.epoch or package.version.rpartition(":")[0]
    return f"{epoch}:{package.full_version}" if epoch else package.full_version


def _copyright(package: OsPackage, year: int) -> str:
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {package.app}\n"
        f"Upstream-Contact: {package.contact}\n\n"
        "Files: *\n"
        f"Copyright: {year} {package.contact}\n"
        f"License: {package.license or 'unstated'}\n"
        " The packages that the application brings along have licences of their own, told in\n"
        f" {package.prefix}/conda-meta and in\n"
        f" {package.prefix}/lib/python3*/*-packages/*.dist-info.\n"
    )


def _measured(package: OsPackage, staged: Staged) -> tuple[str, int]:
    """The digests of all files that are not configuration, and the size in KiB."""
    lines, size = [], 0
    kept = set(package.config_paths)
    for name, path in staged.paths():
        if path.is_symlink() or path.is_dir():
            size += 1
            continue
        content = path.read_bytes()
        size += -(-len(content) // 1024)
        if name not in kept:
            digest = md5(content, usedforsecurity=False).hexdigest()
            lines.append(f"{digest}  {name[1:]}\n")
    return "".join(lines), size


def _add_control(package: OsPackage, staged: Staged, sums: str, size: int) -> None:
    fields = "".join(f"{line}\n" for line in _fields(package, staged, size))
    staged.add("DEBIAN/control", fields.encode())
    staged.add("DEBIAN/md5sums", sums.encode("utf-8", "surrogateescape"))
    if package.config_paths:
        staged.add("DEBIAN/conffiles", "".join(f"{one}\n" for one in package.config_paths).encode())
    for name, script in scripts.make(package).items():
        text = f"#!{script.shell}\n{script.body}"
        staged.add(f"DEBIAN/{name}", text.encode("utf-8", "surrogateescape"), 0o755)
    (staged.root / "DEBIAN").chmod(0o755)


def _fields(package: OsPackage, staged: Staged, size: int) -> Iterator[str]:
    yield f"Package: {package.app}"
    yield f"Version: {_version(package)}"
    yield f"Architecture: {architecture('deb', staged.platform)}"
    yield f"Maintainer: {package.contact}"
    yield f"Installed-Size: {size}"
    needed = [f"libc6 (>= {staged.glibc})"] if staged.glibc else []
    relations = {name.title(): getattr(package, name) for name in RELATIONS}
    relations = {"Depends": (*needed, *package.runtime_deps), **relations}
    yield from (f"{name}: {', '.join(listed)}" for name, listed in relations.items() if listed)
    yield f"Section: {package.section or 'misc'}"
    yield f"Priority: {package.priority or 'optional'}"
    if package.vendor:
        yield f"Origin: {package.vendor}"
    if package.url:
        yield f"Homepage: {package.url}"
    yield f"Description: {package.summary}"
    for line in package.details:
        yield f" {line}" if line.strip() else " ."
