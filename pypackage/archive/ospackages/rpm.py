"""Write an RPM package with rpmbuild."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from pypackage.archive.ospackages import scripts
from pypackage.archive.ospackages.model import OsPackage, architecture
from pypackage.archive.ospackages.staging import Staged
from pypackage.core import process
from pypackage.core.errors import PackError, ProcessError

LEVEL = 2  # of xz, as for Debian packages

# Turn off rpmbuild's changes to the files, and its traces of this machine in the package.
_MACROS = {
    "__os_install_post": "%{nil}",
    "__spec_install_post": "%{nil}",
    "__arch_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "_build_id_links": "none",
    "_buildhost": "localhost",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "source_date_epoch_from_changelog": "0",
}

# rpmbuild only accepts English, and strftime depends on the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Folders that belong to the system.
_COMMON = ("/etc", "/opt", "/srv", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var")
_UNITS = ("/usr/lib/systemd", "/usr/lib/systemd/system")


def write(package: OsPackage, staged: Staged, output: Path, level: int | None) -> None:
    """Make the package.

    Args:
        staged: Its files; they are moved away.
        level: The compression level; None for the default.

    Raises:
        PackError: rpmbuild failed.
    """
    staged.normalize_metadata()
    top = output.parent / "rpm"
    top.mkdir()
    spec = top / "package.spec"
    text = "".join(f"{line}\n" for line in _spec(package, staged))
    spec.write_text(text, "utf-8", "surrogateescape")
    macros = {
        **_MACROS,
        "_topdir": str(top),
        "_rpmdir": str(top),
        "_dbpath": str(top / "database"),  # by default it is created in the home folder
        "_rpmfilename": "made.rpm",
        "_binary_payload": f"w{LEVEL if level is None else level}.xzdio",
    }
    defined = [word for name, text in macros.items() for word in ("--define", f"{name} {text}")]
    target = architecture("rpm", staged.platform)
    try:
        process.run(
            ["rpmbuild", "-bb", "--target", f"{target}-linux", *defined, spec],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(staged.epoch), "LC_ALL": "C.UTF-8"},
        )
    except ProcessError as error:
        raise PackError("rpmbuild failed", error.output) from error
    (top / "made.rpm").rename(output)


def _spec(package: OsPackage, staged: Staged) -> Iterator[str]:
    yield f"Name: {package.app}"
    yield f"Version: {package.version}"
    yield f"Release: {package.release or 1}"
    if package.epoch:
        yield f"Epoch: {package.epoch}"
    yield f"Summary: {_plain(package.summary)}"
    yield f"License: {_plain(package.license or 'unstated')}"
    yield f"Packager: {_plain(package.contact)}"
    yield "AutoReqProv: no"
    needed = [f"glibc >= {staged.glibc}"] if staged.glibc else []
    relations = {
        "Requires": (*needed, *package.runtime_deps),
        "Recommends": package.recommends,
        "Suggests": package.suggests,
        "Provides": package.provides,
        "Conflicts": package.conflicts,
        "Obsoletes": package.replaces,
        "Group": (package.section,),
        "Vendor": (package.vendor,),
        "URL": (package.url,),
    }
    for name, listed in relations.items():
        yield from (f"{name}: {_plain(one)}" for one in listed if one)
    yield "\n%description"
    yield from (_plain(line) for line in package.details)
    yield "\n%install"
    yield 'mkdir -p "%{buildroot}"'
    yield f'mv {_plain(shlex.quote(str(staged.root)))}/* "%{{buildroot}}/"'
    for name, script in scripts.make(package).items():
        yield f"\n%{name} -p {script.shell}"
        yield _plain(script.body)
    yield "\n%changelog"
    date = datetime.fromtimestamp(staged.epoch, timezone.utc)
    day = f"{_DAYS[date.weekday()]} {_MONTHS[date.month - 1]} {date.day:02} {date.year}"
    yield _plain(f"* {day} {package.contact} - {package.full_version}")
    yield _plain(f"- Version {package.version}.")
    yield "\n%files"
    yield "%defattr(-,root,root,-)"
    yield from _files(package, staged)


def _files(package: OsPackage, staged: Staged) -> Iterator[str]:
    kept = set(package.config_paths)
    above = {*_COMMON, *_UNITS, *map(str, package.prefix.parents)}
    if package.install_root not in _COMMON:
        above.discard(package.install_root)
    for name, path in staged.paths():
        if path.is_dir() and not path.is_symlink():
            if name not in above:
                yield f"%dir {_pattern(name)}"
        elif name in kept:
            yield f"%config(noreplace) {_pattern(name)}"
        else:
            yield _pattern(name)


def _plain(text: str) -> str:
    """Escape a text so that rpm expands no macros in it."""
    return text.replace("%", "%%")


def _pattern(path: str) -> str:
    """A path for %files: special characters are replaced by `?`, which matches any character."""
    return re.sub(r"[\s%\"'*?\[\]{}\\]", "?", path)
