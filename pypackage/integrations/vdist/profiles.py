"""vdist's vocabulary: profiles (kind of package, machines, clean root) and fpm options."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pypackage.archive.ospackages.model import FORMATS, HOOKS
from pypackage.core.errors import InputPathError, UsageError
from pypackage.requirements.formats import document
from pypackage.requirements.formats.document import Node

FILE = "profiles.json"


@dataclass(frozen=True)
class Profile:
    """What a package is made for.

    Attributes:
        format: One of `FORMATS`.
        platform: Conda's name of it; empty for machines such as this one.
        glibc: The glibc that they have; empty for any.
        root: The clean root that the package is tried in; empty for the default.
    """

    format: str
    platform: str = ""
    glibc: str = ""
    root: str = ""


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

_KEYS = ("format", "platform", "glibc", "root")
_VDIST = ("docker_image", "script")


def load(folder: Path | None) -> dict[str, Profile]:
    """All profiles: those that are known, and those of a folder's `profiles.json`.

    Args:
        folder: Where the file is; None for none.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is not valid; the message names the place.
    """
    if folder is None:
        return dict(KNOWN)
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputPathError.of(error, "cannot read the profiles", path) from error
    top = document.of_json(content, str(path))
    own = {name: _profile(node, folder) for name, node in top.entries()}
    return {**KNOWN, **own}


def _profile(node: Node, folder: Path) -> Profile:
    for key, one in node.entries():
        if key in _VDIST:
            hint = "name its format, deb or rpm, and the root that it is tried in; see the manual"
            raise one.invalid("there are no Docker images and scripts here", hint)
        if key not in _KEYS:
            raise one.invalid(f"expected one of {', '.join(_KEYS)}")
    root = node.get("root", "").string()
    near = folder / os.path.expanduser(root) if root else folder
    return Profile(
        node.get("format", "").one_of(FORMATS),
        node.get("platform", "").string(),
        node.get("glibc", "").string(),
        str(near.absolute()) if root and near.exists() else root,
    )


def find(profiles: Mapping[str, Profile], name: str) -> Profile:
    """A profile by its name.

    Raises:
        UsageError: There is none.
    """
    if name not in profiles:
        raise UsageError(f"there is no profile {name}", f"there are {', '.join(sorted(profiles))}")
    return profiles[name]


_OLD_NAMES = {
    "before-install": "--pre-install",
    "after-install": "--post-install",
    "before-remove": "--pre-uninstall",
    "after-remove": "--post-uninstall",
}


class _FpmParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"fpm_args: {message}", "known are those that docs/os-packages.md lists")


def fpm_options(text: str) -> dict[str, Any]:
    """What options of fpm ask for.

    Args:
        text: As on a command line.

    Returns:
        Arguments of `Builder.add_build`.

    Raises:
        UsageError: One has no counterpart here.
    """
    parser = _FpmParser(add_help=False, allow_abbrev=False)
    for moment in HOOKS:
        old = [_OLD_NAMES[moment]] if moment in _OLD_NAMES else []
        parser.add_argument(f"--{moment}", *old, default="")
    for short, long in (("-m", "--maintainer"), ("-a", "--architecture")):
        parser.add_argument(short, long, default="")
    for name in ("description", "license"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("-d", "--depends", action="append", default=[], dest="runtime_deps")
    parser.add_argument("--deb-systemd", default="", dest="systemd_unit")
    try:
        found = vars(parser.parse_args(shlex.split(text)))
    except ValueError as error:
        raise UsageError(f"fpm_args: {error}") from None
    scripts = {moment: found.pop(moment.replace("-", "_")) for moment in HOOKS}
    found["scripts"] = {moment: path for moment, path in scripts.items() if path}
    return {name: value for name, value in found.items() if value}
