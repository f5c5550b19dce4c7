"""Read conda's package lists: `@EXPLICIT` files and `conda list --export`.

Source: conda's documentation, "Managing environments", on building identical environments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import conda_lock
from pypackage.requirements.model import Requirements

# conda-lock renders packages from PyPI as comments, which conda ignores; before its version 2 with
# a digest in the form of pip's options.
_PIP = re.compile(r"# pip (\S+) @ (\S+?)(?:(?:#| --hash=)sha256[:=]([0-9a-f]{64}))?\s*")

# What conda writes instead of a token, which is looked up when the package is fetched.
_MASKED = "/t/<TOKEN>"

_DIGESTS = "conda list --explicit --sha256 writes them"


def explicit(text: str, label: str, platform: str) -> bytes:
    """Convert an explicit list to the content of pixi's lock file.

    Args:
        text: The list.
        label: The name shown in messages.
        platform: Conda's name of the target platform.

    Raises:
        RequirementsError: A line is not valid, or the list is for another platform.
    """
    _check_platform(text, label, platform)
    found = list(_packages(text, label))
    for package in found:
        if "conda" in package and not {"md5", "sha256"} & set(package):
            raise RequirementsError(f"{label}: {package['conda']} has no digest", _DIGESTS)
        if "pypi" in package:
            package["version"] = _version(package["pypi"], label)
    return conda_lock.pixi_lock(found, platform)


def has_digests(text: str) -> bool:
    """Whether an explicit list has digests of all packages, which conda writes on request."""
    lines = (line.strip() for line in text.splitlines())
    return all("#" in line for line in lines if "://" in line and line[0] != "#")


def exact(text: str, label: str, platform: str) -> Requirements:
    """Convert an explicit list without digests to requirements for exactly its packages.

    Args:
        text: The list.
        label: The name shown in messages.
        platform: Conda's name of the target platform.

    Raises:
        RequirementsError: A line is not valid, or the list is for another platform.
    """
    _check_platform(text, label, platform)
    specs, channels, pip = [], [], []
    for package in _packages(text, label):
        if "pypi" in package:
            digest = f"#sha256={package['sha256']}" if "sha256" in package else ""
            pip.append(f"{package['name']} @ {package['pypi']}{digest}")
            continue
        folder, _, file = package["conda"].rpartition("/")
        channel, _, subdir = folder.rpartition("/")
        parts = re.sub(r"\.conda$|\.tar\.bz2$", "", file).rsplit("-", 2)
        if len(parts) < 3 or subdir not in (platform, "noarch"):
            raise RequirementsError(
                f"{label}: {package['conda']} is no package for {platform}",
                "say with --platform which platform the list is for",
            )
        specs.append(f"{channel}::{parts[0]} =={parts[1]} {parts[2]}")
        channels.append(channel)
    return Requirements(
        python="",
        channels=tuple(dict.fromkeys(channels)),
        dependencies=tuple(specs),
        pip=tuple(pip),
    )


def _check_platform(text: str, label: str, platform: str) -> None:
    told = re.search(r"^# platform:\s*(\S+)", text, re.M)
    if told and told[1] != platform:
        raise RequirementsError(
            f"{label}: is a list for {told[1]}, not for {platform}",
            "make one on a machine of this kind; there are no environments for Windows"
            if told[1].startswith("win")
            else f"say --platform {told[1]}",
        )


def _packages(text: str, label: str) -> Iterator[dict[str, Any]]:
    """Yield the packages of an explicit list as entries of pixi's lock, with known digests."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        pip = _PIP.fullmatch(line)
        if pip:
            yield {"pypi": pip[2], "name": pip[1]} | ({"sha256": pip[3]} if pip[3] else {})
        if not line or line.startswith(("#", "@EXPLICIT")):
            continue
        url, mark, told = line.replace(_MASKED, "").partition("#")
        found = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})|([0-9a-f]{32})", told)
        if "://" not in url or not url.endswith((".conda", ".tar.bz2")):
            raise RequirementsError(f"{label}:{number}: not the URL of a conda package: {line}")
        if mark and not found:
            raise RequirementsError(f"{label}:{number}: not a digest: {told}", _DIGESTS)
        sha256, md5 = found.groups() if found else (None, None)
        kinds = {"sha256": sha256, "md5": md5}
        yield conda_lock.conda_entry(url, {kind: one for kind, one in kinds.items() if one})


def _version(url: str, label: str) -> str:
    """Return the version in the file name of a wheel or sdist: the list has no other."""
    from packaging import utils

    file = unquote(url.rpartition("/")[2])
    parse = utils.parse_wheel_filename if file.endswith(".whl") else utils.parse_sdist_filename
    try:
        return str(parse(file)[1])
    except ValueError:
        raise RequirementsError(
            f"{label}: {url} does not say its version", "give the conda-lock.yml that has it"
        ) from None


def exported(text: str, label: str) -> Requirements:
    """Read the output of `conda list --export`: NAME=VERSION=BUILD, pip's with the build `pypi_0`.

    Raises:
        RequirementsError: A line is not valid.
    """
    specs, pip = [], []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"([\w.-]+)=([^=\s]+)=([^=\s]+)", line)
        if not found:
            raise RequirementsError(f"{label}:{number}: expected NAME=VERSION=BUILD, not {line!r}")
        if found[3] in ("pypi_0", "<pip>"):
            pip.append(f"{found[1]}=={found[2]}")
        else:
            specs.append(line)
    return Requirements(python="", dependencies=tuple(specs), pip=tuple(pip))
