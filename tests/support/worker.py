"""The bare worker: a minimal root file system without Python, entered by bubblewrap.

There are two kinds. `busybox` has only busybox's applets and this machine's glibc: what runs
there needs nothing else. `debian` is a minimal installation of Debian.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.support.elf import GLIBC
from tests.support.needs import lacks
from tests.support.once import one_at_a_time

Kind = Literal["busybox", "debian"]

WORKERS = ["busybox", pytest.param("debian", marks=pytest.mark.root)]
"""For `@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)`."""

ORDINARY_ID = 1000

PATH = "/usr/local/bin:/usr/bin:/bin"


class NoWorkerError(Exception):
    """This machine lacks something that the bare worker needs; the message says what."""


@dataclass(frozen=True)
class Bind:
    """A folder or file of this machine as the worker sees it."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Worker:
    """A machine with a minimal root file system.

    /tmp and /home/worker are writable, empty at the start of each command and discarded after it;
    the rest is read-only, and there is no network.
    """

    root: Path
    kind: Kind

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/home/worker",
        env: Mapping[str, str] | None = None,
        binds: Sequence[Bind] = (),
        stdin: str = "",
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the worker to its end.

        Args:
            argv: The command, with paths in the worker.
            cwd: The folder it starts in.
            env: Variables added to HOME, PATH and USER, or overriding them. It has no others.
            binds: What else is mounted in the worker.
            stdin: Its input.
            timeout: Seconds until it is killed.

        Returns:
            Its exit status (128 + N after signal N), stdout and stderr.
        """
        return subprocess.run(
            self.command(argv, cwd=cwd, env=env, binds=binds),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )

    def command(
        self,
        argv: Sequence[str],
        *,
        cwd: str = "/home/worker",
        env: Mapping[str, str] | None = None,
        binds: Sequence[Bind] = (),
        network: bool = False,
    ) -> list[str]:
        """The command that `run` starts, for a test that handles the process itself.

        Args:
            argv: The command, with paths in the worker.
            cwd: The folder it starts in.
            env: As for `run`.
            binds: What else is mounted in the worker.
            network: Whether it has this machine's network, which daemons of engines need.
        """
        variables = {"HOME": "/home/worker", "PATH": PATH, "USER": "worker", **(env or {})}
        return [
            _bubblewrap(),
            *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
            *(["--share-net"] if network else []),
            *("--uid", str(ORDINARY_ID), "--gid", str(ORDINARY_ID), "--hostname", "worker"),
            *mounts(self.root),
            *(word for bind in binds for word in _mount(bind)),
            *("--remount-ro", "/"),
            *(word for name, value in variables.items() for word in ("--setenv", name, value)),
            *("--chdir", cwd, "--", *argv),
        ]


def make(kind: Kind, folder: Path) -> Worker:
    """Make a worker, or reuse the `debian` one made before.

    Args:
        kind: Which kind.
        folder: Where to make it: a new one for `busybox`, that of `debian_folder` for `debian`.

    Raises:
        NoWorkerError: It cannot be made or entered here, or has a Python.
    """
    if kind == "busybox":
        root = _make_busybox(folder)
    else:
        with one_at_a_time(folder.with_name(f"{folder.name}.lock")):
            root = _make_debian(folder)
    worker = Worker(root, kind)
    ensure_bare(worker)
    return worker


def ensure_bare(worker: Worker) -> None:
    """Enter the worker once, and make sure that there is no Python, on PATH or elsewhere.

    Raises:
        NoWorkerError: It cannot be entered, or has one.
    """
    try:
        done = worker.run(["/bin/sh", "-c", _LOOK_FOR_PYTHON])
    except OSError as error:
        raise NoWorkerError(f"bubblewrap does not start: {error}") from error
    if done.returncode:
        raise NoWorkerError(f"the {worker.kind} worker cannot be entered: {done.stderr.strip()}")
    if done.stdout:
        raise NoWorkerError(f"the {worker.kind} worker has a Python: {done.stdout.split()}")


_LOOK_FOR_PYTHON = r"""
for name in python python2 python3 pypy pypy3 conda; do command -v $name; done
find / \( -path /proc -o -path /dev \) -prune -o ! -type d \
    \( -name python -o -name 'python[23]*' -o -name 'libpython*' \) -print 2> /dev/null
exit 0
"""


def _bubblewrap() -> str:
    found = shutil.which("bwrap")
    if not found:
        raise NoWorkerError(lacks("bwrap"))
    return found


def mounts(root: Path) -> list[str]:
    """Options to mount the root's folders in a new, empty /, so that anything can be added."""
    words = []
    for path in sorted(root.iterdir()):
        if path.name in ("dev", "home", "proc", "tmp"):
            continue
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), f"/{path.name}"]
        else:
            words += ["--ro-bind", str(path), f"/{path.name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/home"]
    return [*words, "--dir", "/home/worker"]


def _mount(bind: Bind) -> list[str]:
    return ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]


def _make_busybox(root: Path) -> Path:
    busybox = shutil.which("busybox")
    if not busybox:
        raise NoWorkerError(lacks("busybox"))
    for name in ("bin", "etc", "usr"):
        (root / name).mkdir(parents=True)
    shutil.copy2(busybox, root / "bin" / "busybox")
    listed = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True)
    for applet in listed.stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    for name in ("bin", "sbin"):
        (root / "usr" / name).symlink_to("../bin")
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/:/bin/sh\nworker:x:{ORDINARY_ID}:{ORDINARY_ID}::/home/worker:/bin/sh\n"
    )
    (root / "etc/group").write_text(f"root:x:0:\nworker:x:{ORDINARY_ID}:\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost worker\n::1 localhost\n")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    _copy_glibc(root)
    return root


def _copy_glibc(root: Path) -> None:
    """Copy the loader and glibc's libraries to where this machine's programs expect them."""
    told = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True).stdout
    loader = re.search(r"^\s*(/\S*/ld-linux\S*) ", told, re.MULTILINE)
    libc = re.search(r"=> (/\S*/libc\.so\.6) ", told)
    if not loader or not libc:
        raise NoWorkerError("the C library of this machine is not glibc")
    folder = Path(libc[1]).parent
    wanted = [Path(loader[1]), *(p for p in folder.iterdir() if GLIBC.fullmatch(p.name))]
    for path in wanted:
        copy = root / path.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)


def _make_debian(root: Path) -> Path:
    """Install Debian's minbase, once; the folder's name gives the suite."""
    if root.is_dir():
        return root
    debootstrap = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not debootstrap:
        raise NoWorkerError(lacks("debootstrap"))
    if os.geteuid() != 0:
        raise NoWorkerError("debootstrap needs root")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=".making-") as temporary:
        unfinished = Path(temporary) / "root"
        command = [debootstrap, "--variant=minbase", root.name.partition("-")[2], str(unfinished)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise NoWorkerError(f"debootstrap failed: {done.stdout[-500:]}{done.stderr[-500:]}")
        for useless in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(unfinished / useless)
        unfinished.rename(root)
    return root


def debian_folder(suite: str = "trixie") -> Path:
    """Where the `debian` worker is kept between test runs."""
    return Path(__file__).parents[2] / ".pytest_cache" / f"debian-{suite}"
