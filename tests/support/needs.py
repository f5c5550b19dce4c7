"""What a test needs from the machine: if it is missing, the test is skipped, with the reason.

At its end, the session says in one line which packages to install for what was missing.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterable
from typing import NoReturn

import pytest

# Debian's packages, if their names differ from the program's.
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
    """Skip because something is missing; fail instead if CI is set, where nothing may be.

    Args:
        reason: Ends with ` (Debian: PACKAGE…)` or ` (PyPI: PACKAGE…)` if that would help.
    """
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need_of_ci(program: str) -> str:
    """The path of a program that needs a virtual environment of its own; see `missing`."""
    return shutil.which(program) or missing(
        f"{program} is not on PATH: .ci/run tells where to have it"
    )


def lacks(program: str) -> str:
    """The reason for a skip if a program is missing, with the package that has it."""
    return f"{program} is not installed (Debian: {_PACKAGES.get(program, program)})"


def need(*programs: str) -> str:
    """The path of the first of some programs, all of which are needed; see `missing`."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) or missing(lacks(program)) for program in programs]
    return found[0]


def need_module(name: str, distribution: str = "") -> None:
    """Skip the test if the Python that runs it has no such module; see `missing`."""
    if not importlib.util.find_spec(name):
        missing(f"there is no module {name} (PyPI: {distribution or name})")


def advice(reasons: Iterable[str]) -> str:
    """A line that says how to run the tests skipped for some reasons; may be empty."""
    named = [found for reason in reasons for found in _NAMED.findall(reason)]
    ways = []
    for source, command in (("Debian", "apt-get install"), ("PyPI", ".venv/bin/pip install")):
        told = " ".join(words for place, words in named if place == source)
        names = sorted(set(told.split()))
        if names:
            ways.append(f"{command} {' '.join(names)}")
    return f"for the tests that were skipped: {'; '.join(ways)}" if ways else ""
