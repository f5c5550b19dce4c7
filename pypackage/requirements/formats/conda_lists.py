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

# conda-lock renders packages of PyPI as comments, which conda overlooks.
_PIP = re.compile(r"# pip (\S+) @ (\S+?)(?: --hash=sha256[:=]([0-9a-f]{64}))?\s*")


def explicit(text: str, label: str, platform: str) -> bytes:
    """The content of pixi's lock file that says the same as an explicit list.

    Args:
        text: The list.
        label: What messages call it.
        platform: Conda's name of the one that is wanted.

    Raises:
        RequirementsError: A line is not valid, or the list is for another platform.
    """
    told = re.search(r"^# platform:\s*(\S+)", text, re.M)
    if told and told[1] != platform:
        raise RequirementsError(
            f"{label}: is a list for {told[1]}, not for {platform}", f"say --platform {told[1]}"
        )
    return conda_lock.pixi_lock(list(_packages(text, label)), platform)


def _packages(text: str, label: str) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        pip = _PIP.fullmatch(line)
        if pip:
            version = unquote(pip[2].rpartition("/")[2]).split("-")[1:2]
            digest = {"sha256": pip[3]} if pip[3] else {}
            yield {"pypi": pip[2], "name": pip[1], "version": "".join(version), **digest}
        if not line or line.startswith(("#", "@EXPLICIT")):
            continue
        url, _, digest_text = line.partition("#")
        found = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})|([0-9a-f]{32})", digest_text)
        if "://" not in url or not url.endswith((".conda", ".tar.bz2")):
            raise RequirementsError(f"{label}:{number}: not the URL of a conda package: {line}")
        if not found:
            raise RequirementsError(
                f"{label}:{number}: {url} has no digest",
                "conda list --explicit --sha256 writes them",
            )
        kind = {"sha256": found[1]} if found[1] else {"md5": found[2]}
        yield conda_lock.conda_entry(url, kind)


def exported(text: str, label: str) -> Requirements:
    """The packages of `conda list --export`: NAME=VERSION=BUILD, pip's with the build `pypi_0`.

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
