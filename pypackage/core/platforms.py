"""This machine's platform, by conda's and the kernel's names, and its processors."""

from __future__ import annotations

import os
import sys

# Conda's names of machines and the kernel's, where they differ.
_MACHINES = {"64": "x86_64", "32": "i686"}


def here() -> str:
    """Return conda's name of this machine's platform, such as `linux-64`."""
    machine = os.uname().machine
    system = "osx" if sys.platform == "darwin" else "linux"
    return f"{system}-{next((name for name, one in _MACHINES.items() if one == machine), machine)}"


def machine(platform: str) -> str:
    """Return what `uname -m` prints on a conda platform; empty: on this machine."""
    name = platform.partition("-")[2]
    return _MACHINES.get(name, name) or os.uname().machine


def cores() -> int:
    """Return how many threads can run at the same time here."""
    return len(os.sched_getaffinity(0))
