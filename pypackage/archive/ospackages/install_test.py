"""Test a package in a clean root: install it with dpkg or rpm, run it, remove it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pypackage.archive.ospackages import roots
from pypackage.archive.ospackages.model import OsPackage
from pypackage.core import process
from pypackage.core.errors import ProcessError, VerificationError
from pypackage.core.progress import Reporter

TIMEOUT = 1800.0  # seconds for each step

# Where the system's own tools write on any installation.
_NOT_COUNTED = (
    *("/dev", "/proc", "/run", "/sys", "/tmp", "/var/cache", "/var/log"),
    *("/var/lib/apt", "/var/lib/dpkg", "/var/lib/rpm", "/usr/lib/sysimage/rpm"),
)
_RPM_DATABASES = ("var/lib/rpm", "usr/lib/sysimage/rpm")


def check(package: OsPackage, made: Path, kept: Path, scratch: Path, reporter: Reporter) -> None:
    """Test a package; files left over after its removal are reported as warnings.

    Args:
        package: Its description; `try_command` is run by sh.
        made: The package's file.
        kept: The cache of clean roots.
        scratch: A folder for a copy of one.

    Raises:
        PackError: There is no such root.
        VerificationError: It cannot be installed or removed, or the command fails.
    """
    name, command = package.try_root or roots.DEFAULT, package.try_command
    with (
        roots.fresh(name, kept, scratch / "trial", reporter) as root,
        reporter.task(f"trying the package in {name}"),
    ):
        if package.format == "deb":
            _told(f"its needs cannot be installed in {name}", _bring, root, package)
        before = set(_files(root))
        _told(f"the package cannot be installed in {name}", _install, root, package, made)
        said = _told(f"in {name} this fails: {command}", _inside, root, ["sh", "-c", command])
        _told(f"the package cannot be removed in {name}", _remove, root, package)
        left = sorted(set(_files(root)) - before)
    reporter.debug(f"{name}: {command}\n{said.decode(errors='replace')}".rstrip())
    reporter.debug(f"{name}: {len(left) or 'no'} files are left over when the package was removed")
    for path in left:
        reporter.warning(f"left behind in {name} when the package was removed: {path}")


def _told(what: str, step: Callable[..., bytes], *arguments: object) -> bytes:
    """Run a step; its failure is a failed verification."""
    try:
        return step(*arguments)
    except ProcessError as error:
        reason = f"status {error.returncode}"
        raise VerificationError(f"{what} ({reason})", error.output[-2000:]) from error


def _bring(root: Path, package: OsPackage) -> bytes:
    """Install the package's dependencies."""
    needed = [re.split(r"[ (|]", text)[0] for text in package.runtime_deps]
    if not needed:
        return b""
    _inside(root, ["apt-get", "-qq", "update"], network=True)
    options = ["-qq", "-y", "--no-install-recommends"]
    return _inside(root, ["apt-get", *options, "install", *needed], network=True)


def _install(root: Path, package: OsPackage, made: Path) -> bytes:
    if package.format == "deb":
        place = f"/tmp/{made.name}"
        return _inside(root, ["dpkg", "-i", place], ["--ro-bind", str(made), place])
    # Without an rpm database, dependencies cannot be looked up.
    return _rpm(root, "-i", *([] if _database(root) else ["--nodeps"]), str(made))


def _remove(root: Path, package: OsPackage) -> bytes:
    if package.format == "deb":
        return _inside(root, ["dpkg", "-P", package.app])
    return _rpm(root, "-e", package.app)


def _rpm(root: Path, *arguments: str) -> bytes:
    """Run this machine's rpm on a root."""
    own = ["bwrap", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    own += ["--dev-bind", "/", "/", "--"]
    database = f"/{_database(root) or _RPM_DATABASES[0]}"  # Debian's rpm has it in the home folder
    command = ["rpm", "--root", str(root.resolve()), "--dbpath", database, *arguments]
    return process.run(command if os.geteuid() == 0 else [*own, *command], timeout=TIMEOUT)


def _database(root: Path) -> str:
    """The path of rpm's database in a root; empty if there is none."""
    return next((one for one in _RPM_DATABASES if any((root / one).glob("*"))), "")


def _inside(
    root: Path, argv: Sequence[str], binds: Sequence[str] = (), *, network: bool = False
) -> bytes:
    """Run a command in a root as its only user, without this machine's files and network."""
    own = [] if os.geteuid() == 0 else ["--unshare-user", "--uid", "0", "--gid", "0"]
    apart = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "clean"]
    apart += ["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf"] if network else ["--unshare-net"]
    places = ["--bind", str(root), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    variables = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    told = [word for name, value in variables.items() for word in ("--setenv", name, value)]
    command = ["bwrap", *own, "--cap-add", "ALL", "--die-with-parent", "--new-session", *places]
    command += [*apart, *binds, "--clearenv", *told, "--chdir", "/", "--", *argv]
    return process.run(command, timeout=TIMEOUT)


def _files(root: Path) -> Iterator[str]:
    """All files and folders of a root, except what the system's tools write for themselves."""
    for folder, folders, names in os.walk(root):
        place = folder[len(str(root)) :]
        folders[:] = [one for one in folders if f"{place}/{one}" not in _NOT_COUNTED]
        yield from (f"{place}/{one}" for one in (*folders, *names))
