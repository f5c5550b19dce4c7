"""What a test needs of the machine: without it the test is skipped, with the reason.

At its end the session tells in one line which packages would bring what was missing.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterable
from typing import NoReturn

import pytest

# Those of Debian, where they are not called like the program.
_PACKAGES = {
    "apt-ftparchive": "apt-utils",
    "ar": "binutils",
    "bwrap": "bubblewrap",
    "busybox": "busybox-static",
    "java": "default-jre-headless",
    "createrepo_c": "createrepo-c",
    "dpkg-deb": "dpkg",
    "gpg": "gnupg",
    "gpgconf": "gnupg",
    "groff": "groff-base",
    "ksh": "ksh93u+m",
    "makeflow": "coop-computing-tools openmpi-bin",
    "mksquashfs": "squashfs-tools",
    "munged": "munge",
    "nginx": "nginx-light",
    "ps": "procps",
    "rpmbuild": "rpm",
    "rpmsign": "rpm",
    "sbatch": "slurm-wlm",
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "slurmstepd": "slurm-wlm",
    "strip": "binutils",
    "umount": "mount",
    "unshare": "util-linux",
    "unsquashfs": "squashfs-tools",
    "work_queue_worker": "coop-computing-tools",
}
_NAMED = re.compile(r"\((Debian|PyPI): ([^)]+)\)")


def missing(reason: str) -> NoReturn:
    """Skip for want of something; where all has to be there (CI is set), fail instead.

    Args:
        reason: With ` (Debian: PACKAGE…)` or ` (PyPI: PACKAGE…)` at its end if that would help.
    """
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need_of_ci(program: str) -> str:
    """Where a program is that wants a virtual environment of its own; see `missing`."""
    return shutil.which(program) or missing(
        f"{program} is not on PATH: .ci/run tells where to have it"
    )


def lacks(program: str) -> str:
    """The reason for doing without a program, with the package that has it."""
    return f"{program} is not installed (Debian: {_PACKAGES.get(program, program)})"


def need(*programs: str) -> str:
    """Where the first of some programs is, all of which are needed; see `missing`."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) or missing(lacks(program)) for program in programs]
    return found[0]


def need_module(name: str, distribution: str = "") -> None:
    """Skip the test if the Python that runs it has no such module; see `missing`."""
    if not importlib.util.find_spec(name):
        missing(f"there is no module {name} (PyPI: {distribution or name})")


def advice(reasons: Iterable[str]) -> str:
    """How to have the tests run that were skipped for some reasons, in a line; or nothing."""
    named = [found for reason in reasons for found in _NAMED.findall(reason)]
    ways = []
    for source, command in (("Debian", "apt-get install"), ("PyPI", ".venv/bin/pip install")):
        told = " ".join(words for place, words in named if place == source)
        names = sorted(set(told.split()))
        if names:
            ways.append(f"{command} {' '.join(names)}")
    return f"for the tests that were skipped: {'; '.join(ways)}" if ways else ""
