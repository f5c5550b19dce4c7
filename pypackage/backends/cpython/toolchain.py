"""What this machine has for building CPython: compiler, make, and library headers."""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from pypackage.backends.cpython.build import Flags
from pypackage.core import process
from pypackage.core.errors import InstallError, ProcessError
from pypackage.core.progress import Reporter

_FORMAT = 1  # of the way of building: increase it to rebuild all

# Variables that influence a build.
_HEEDED = ("CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "LIBS", "PKG_CONFIG_PATH")


@dataclass(frozen=True)
class Library:
    """A library that some modules of the standard library are built with.

    Attributes:
        modules: The modules, as they are imported.
        probe: The module whose import shows that they were built.
        header: The header that the compiler must find.
        debian: The package with it in Debian and Ubuntu.
        fedora: The package with it in Fedora and its relatives.
        since: The first version of Python that uses it.
    """

    modules: str
    probe: str
    header: str
    debian: str
    fedora: str
    since: tuple[int, int] = (3, 0)


LIBRARIES = (
    Library("ssl", "_ssl", "openssl/ssl.h", "libssl-dev", "openssl-devel"),
    Library("sqlite3", "_sqlite3", "sqlite3.h", "libsqlite3-dev", "sqlite-devel"),
    Library("ctypes", "_ctypes", "ffi.h", "libffi-dev", "libffi-devel"),
    Library("zlib", "zlib", "zlib.h", "zlib1g-dev", "zlib-devel"),
    Library("bz2", "_bz2", "bzlib.h", "libbz2-dev", "bzip2-devel"),
    Library("lzma", "_lzma", "lzma.h", "liblzma-dev", "xz-devel"),
    Library("readline", "readline", "readline/readline.h", "libreadline-dev", "readline-devel"),
    Library("curses", "_curses", "curses.h", "libncurses-dev", "ncurses-devel"),
    Library("uuid", "_uuid", "uuid/uuid.h", "uuid-dev", "libuuid-devel"),
    Library("dbm.gnu", "_gdbm", "gdbm.h", "libgdbm-dev", "gdbm-devel"),
    Library("compression.zstd", "_zstd", "zstd.h", "libzstd-dev", "libzstd-devel", (3, 14)),
)


@dataclass(frozen=True)
class Toolchain:
    """The tools to build with.

    Attributes:
        compiler: The first line of the compiler's `--version`.
        absent: Libraries whose headers it does not find.
    """

    compiler: str
    absent: tuple[Library, ...]


def find() -> Toolchain:
    """Find the tools of this machine.

    Raises:
        InstallError: There is no compiler, or no make.
    """
    command = _compiler()
    compiles = bool(command and shutil.which(command[0]))
    if not compiles or not shutil.which("make"):
        raise InstallError(
            f"Python cannot be built here: there is no {'make' if compiles else 'C compiler'}",
            "Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc make",
        )
    try:
        said = process.run([*command, "--version"]).decode(errors="replace")
    except ProcessError as error:
        raise InstallError("the C compiler does not run", error.output) from error
    absent = tuple(one for one in LIBRARIES if not _has(command, one.header))
    return Toolchain(said.split("\n")[0], absent)


def setup(tools: Toolchain, flags: Flags) -> str:
    """Return a digest of all that the build depends on except the source."""
    heeded = {name: os.environ.get(name, "") for name in _HEEDED}
    absent = [one.header for one in tools.absent]
    machine = [platform.machine(), *platform.libc_ver()]
    told = [_FORMAT, tools.compiler, absent, asdict(flags), heeded, machine]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def tell_absent(tools: Toolchain, version: str, reporter: Reporter) -> None:
    """Warn before the build of modules that it will lack, with the packages to install."""
    absent = _known(tools.absent, version)
    if absent:
        reporter.warning(
            f"Python {version} will have no {', '.join(one.modules for one in absent)}; "
            "for these install, and start again, on Debian and Ubuntu: "
            f"{' '.join(one.debian for one in absent)}; "
            f"on Fedora: {' '.join(one.fedora for one in absent)}"
        )


def lacking(python: Path, version: str) -> tuple[str, ...]:
    """Return the optional modules that an interpreter lacks."""
    known = _known(LIBRARIES, version)
    names = [one.probe for one in known]
    try:
        said = process.run([python, "-I", "-S", "-c", _TRY, *names]).decode().split()
    except ProcessError as error:
        raise InstallError("the Python that was built does not run", error.output) from error
    return tuple(one.modules for one in known if one.probe in said)


_TRY = """\
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:
        print(name)
"""


def _known(libraries: Sequence[Library], version: str) -> list[Library]:
    """Return the libraries that a version of Python uses."""
    major, minor = version.split(".")[:2]
    return [one for one in libraries if (int(major), int(minor)) >= one.since]


def _compiler() -> list[str]:
    named = shlex.split(os.environ.get("CC", ""))
    return named or next(([name] for name in ("gcc", "cc", "clang") if shutil.which(name)), [])


def _has(compiler: Sequence[str], header: str) -> bool:
    """Whether the compiler finds a header; some headers need stdio.h before them."""
    flags = shlex.split(" ".join(os.environ.get(one, "") for one in ("CPPFLAGS", "CFLAGS")))
    code = f"#include <stdio.h>\n#include <{header}>\n".encode()
    try:
        process.run([*compiler, *flags, "-E", "-x", "c", "-"], stdin=code)
    except ProcessError:
        return False
    return True
