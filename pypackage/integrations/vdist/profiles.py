"""Load vdist's profiles: the kind of package, its machines, its clean root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pypackage.archive.ospackages import FORMATS
from pypackage.core.errors import InputPathError, UsageError
from pypackage.requirements.formats import document
from pypackage.requirements.formats.document import Node

FILE = "profiles.json"


@dataclass(frozen=True)
class Profile:
    """What a package is made for.

    Attributes:
        format: One of `FORMATS`.
        platform: Conda's name of its platform; empty for this machine's.
        glibc: The glibc of the target machines; empty for any.
        root: The clean root that the package is tested in; empty for the default.
        allow_sdist: Whether packages of PyPI may be built from source for it.
        build_deps: OS packages that must be installed on the build machine.
    """

    format: str
    platform: str = ""
    glibc: str = ""
    root: str = ""
    allow_sdist: bool = False
    build_deps: tuple[str, ...] = ()


KNOWN: Mapping[str, Profile] = {
    "deb": Profile("deb"),
    "debian-bullseye": Profile("deb", glibc="2.31", root="debian:bullseye"),
    "debian-bookworm": Profile("deb", glibc="2.36", root="debian:bookworm"),
    "debian-trixie": Profile("deb", glibc="2.41", root="debian:trixie"),
    "ubuntu-focal": Profile("deb", glibc="2.31", root="ubuntu:focal"),
    "ubuntu-jammy": Profile("deb", glibc="2.35", root="ubuntu:jammy"),
    "ubuntu-noble": Profile("deb", glibc="2.39", root="ubuntu:noble"),
    "rpm": Profile("rpm"),
    "centos7": Profile("rpm", glibc="2.17"),
    "rhel8": Profile("rpm", glibc="2.28"),
    "rhel9": Profile("rpm", glibc="2.34"),
}
"""The profiles that need no file."""

# vdist's profiles of old systems: the format, the glibc, and a present system to use instead.
_DEAD = {
    "ubuntu-trusty": ("deb", "2.19", "ubuntu-jammy"),
    "ubuntu-xenial": ("deb", "2.23", "ubuntu-jammy"),
    "ubuntu-bionic": ("deb", "2.27", "ubuntu-jammy"),
    "debian-wheezy": ("deb", "2.13", "debian-bookworm"),
    "debian-jessie": ("deb", "2.19", "debian-bookworm"),
    "debian-stretch": ("deb", "2.24", "debian-bookworm"),
    "debian-buster": ("deb", "2.28", "debian-bookworm"),
    "centos5": ("rpm", "2.5", "rhel8"),
    "centos6": ("rpm", "2.12", "rhel8"),
    "centos8": ("rpm", "2.28", "rhel8"),
}

_KEYS = ("format", "platform", "glibc", "root", "allow_sdist", "build_deps")
_VDIST = ("docker_image", "script")


def load(folder: Path | None) -> dict[str, Profile]:
    """All profiles: the known ones, and those in a folder's `profiles.json`.

    Args:
        folder: The folder of the file; None for no file.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is invalid; the message names the place.
    """
    if folder is None:
        return dict(KNOWN)
    path = folder / FILE
    with InputPathError.wrapping("cannot read the profiles", path):
        content = path.read_bytes()
    top = document.of_json(content, str(path))
    own = {name: _profile(node, folder) for name, node in top.entries()}
    return {**KNOWN, **own}


def _profile(node: Node, folder: Path) -> Profile:
    for key, one in node.entries():
        if key in _VDIST:
            hint = "name its format, deb or rpm, and the root that it is tried in; see the manual"
            raise one.invalid("Docker images and scripts are not used here", hint)
        if key not in _KEYS:
            raise one.invalid(f"expected one of {', '.join(_KEYS)}")
    root = node.get("root", "").string()
    near = folder / os.path.expanduser(root) if root else folder
    return Profile(
        node.get("format", "").one_of(FORMATS),
        node.get("platform", "").string(),
        node.get("glibc", "").string(),
        str(near.absolute()) if root and near.exists() else root,
        node.get("allow_sdist", False).boolean(),
        tuple(node.get("build_deps", []).strings()),
    )


def find(profiles: Mapping[str, Profile], name: str) -> Profile:
    """Find a profile by name.

    Raises:
        UsageError: There is no such profile.
    """
    if name not in profiles and name in _DEAD:
        format_, glibc, living = _DEAD[name]
        own = f'{{"{name}": {{"format": "{format_}", "glibc": "{glibc}"}}}}'
        raise UsageError(
            f"there is no profile {name}: the system is no longer supported",
            f"say {living}, or {format_}; if it must be: {own} in profiles.json, and packages "
            f"built for glibc {glibc}",
        )
    if name not in profiles:
        raise UsageError(f"there is no profile {name}", f"there are {', '.join(sorted(profiles))}")
    return profiles[name]
