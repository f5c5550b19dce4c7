"""Check that an environment can run with the C library of a base image."""

from __future__ import annotations

import re
import tarfile
from contextlib import suppress
from pathlib import Path

from pypackage.archive.image.base import Base
from pypackage.archive.manifest import numbers
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter

# In Debian until 2021 libc.so.6 was a link to libc-2.31.so; elsewhere it is the file itself.
_GLIBC = re.compile(r"(?:\./)?(?:usr/)?lib(?:32|64)?/(?:[\w-]+/)?libc(?:\.so\.6|-2\.\d+\.so)")
_MUSL = re.compile(r"(?:\./)?(?:usr/)?lib/ld-musl-[\w-]+\.so\.1")
_VERSION = re.compile(rb"GNU C Library [^\n]*release version (\d+\.\d+)")


def check(base: Base, name: str, needed: str, reporter: Reporter) -> None:
    """Reject a base that an environment cannot run on, judging by its layers.

    Args:
        name: The name of the base.
        needed: The lowest glibc that the environment runs with; empty for any.

    Raises:
        PackError: The base has an older glibc, or musl.
    """
    found = next(filter(None, map(_library, reversed(base.paths()))), "")
    if found == "musl":
        raise PackError(
            f"the base {name} has musl, and the environment needs glibc",
            "choose one of Debian, Ubuntu, Fedora, Rocky or distroless",
        )
    if found and needed and numbers(found) < numbers(needed):
        raise PackError(
            f"the environment needs glibc {needed}, and the base {name} has {found}",
            "choose a newer base, or packages for older machines (CONDA_OVERRIDE_GLIBC)",
        )
    if not found:
        reporter.debug(f"the base {name} does not tell which C library it has")


def _library(layer: Path) -> str:
    """The version of glibc in a layer, or `musl`; empty if there is neither."""
    musl = ""
    with suppress(tarfile.TarError, EOFError), tarfile.open(layer, "r|*") as archive:
        for member in archive:
            if member.isreg() and _GLIBC.fullmatch(member.name):
                file = archive.extractfile(member)
                version = _VERSION.search(file.read()) if file else None
                if version:
                    return version[1].decode()
            elif _MUSL.fullmatch(member.name):
                musl = "musl"  # glibc may also be there, in this layer or another
    return musl
