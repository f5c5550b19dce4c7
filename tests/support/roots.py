"""Root file systems of workers with several distributions, made from Debian's files and busybox.

They have certificates, terminal descriptions and time zones where their distribution keeps
them, and no Python. Each is newly made, by hard links to a minimal installation of Debian, which
is kept between test runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from tests.support import worker
from tests.support.worker import Worker

Name = Literal["debian12", "debian13", "rhel", "busybox"]

NAMES: tuple[Name, ...] = ("debian12", "debian13", "rhel", "busybox")

BUNDLES: dict[Name, str] = {
    "debian12": "etc/ssl/certs/ca-certificates.crt",
    "debian13": "etc/ssl/certs/ca-certificates.crt",
    "rhel": "etc/pki/tls/certs/ca-bundle.crt",
    "busybox": "etc/ssl/cert.pem",
}
"""Where a root has its CA certificates."""

_SUITES: dict[Name, str] = {"debian12": "bookworm", "debian13": "trixie", "rhel": "trixie"}


def make(name: Name, folder: Path, authority: Path) -> Worker:
    """Make a root in a folder, to be removed by the caller.

    Args:
        name: Which root.
        folder: Its parent, which has to be on the file system of the roots that are kept.
        authority: The certificate of the only authority that it trusts.

    Raises:
        NoWorkerError: It cannot be made or entered here.
    """
    root = folder / name
    if name == "busybox":
        worker.make("busybox", root)
        _copy_data(_debian("trixie"), root)
    else:
        subprocess.run(["cp", "-al", _debian(_SUITES[name]), root], check=True)
    if name == "rhel":
        _be_like_rhel(root)
    bundle = root / BUNDLES[name]
    bundle.parent.mkdir(parents=True)
    shutil.copy(authority, bundle)
    made = Worker(root, "busybox" if name == "busybox" else "debian")
    worker.ensure_bare(made)
    return made


def _debian(suite: str) -> Path:
    return worker.make("debian", worker.debian_folder(suite)).root


def make_musl(folder: Path) -> Worker:
    """A root without glibc: busybox, and an empty file in place of musl's loader.

    Nothing is run by that loader; its presence shows which C library a machine has.

    Raises:
        NoWorkerError: It cannot be made or entered here.
    """
    made = worker.make("busybox", folder / "musl")
    for path in [*made.root.rglob("libc.so.6"), *made.root.rglob("ld-linux*")]:
        path.unlink()
    (made.root / "lib").mkdir(exist_ok=True)
    (made.root / "lib/ld-musl-x86_64.so.1").touch()
    return made


def _copy_data(debian: Path, root: Path) -> None:
    for path in ("usr/share/zoneinfo", "usr/share/terminfo"):
        shutil.copytree(debian / path, root / path, symlinks=True)


def _be_like_rhel(root: Path) -> None:
    """Move libraries to lib64, and make bash the sh."""
    lib64 = root / "usr/lib64"
    (folder,) = (root / "usr/lib").glob("*-linux-gnu")
    for path in lib64.iterdir():
        path.unlink()
    for path in [*folder.iterdir()]:
        path.rename(lib64 / path.name)
    folder.rmdir()
    shutil.rmtree(root / "etc/ld.so.conf.d")
    (root / "etc/ld.so.conf").unlink()
    (root / "etc/ld.so.conf").write_text("/usr/lib64\n")
    subprocess.run([shutil.which("ldconfig") or "/sbin/ldconfig", "-r", root], check=True)
    sh = root / "usr/bin/sh"
    sh.unlink()
    os.symlink("bash", sh)
    (root / "etc/debian_version").unlink()
    (root / "etc/redhat-release").write_text("Like Red Hat Enterprise Linux release 9\n")
