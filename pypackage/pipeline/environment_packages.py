"""List the packages of an environment, and the modules of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pypackage.archive import pip_installed
from pypackage.backends import conda_meta
from pypackage.core.package_names import normalize
from pypackage.core.urls import redact
from pypackage.python import dist_info

PYPI = "pypi"
_HOST = "/pypackage/host/"  # in the URLs of the channels that make up the host channel


class PackageInfo(NamedTuple):
    """A package of an environment.

    Attributes:
        name: The name as in its metadata.
        version: Its version.
        build: Conda's build string; empty for packages from PyPI.
        origin: A channel's name or URL, `host`, `pypi`, or where else it was installed from.
    """

    name: str
    version: str
    build: str
    origin: str


def listed(prefix: Path) -> list[PackageInfo]:
    """The packages in a prefix: conda's first, then pip's, each sorted by name."""
    records = conda_meta.records(prefix)
    conda = [
        PackageInfo(one["name"], one["version"], one["build"], _channel(one)) for one in records
    ]
    others = [
        PackageInfo(one.name, one.version, "", one.reference or PYPI)
        for one in pip_installed.not_of_conda(prefix, records)
    ]
    return [*sorted(conda), *sorted(others, key=lambda one: one.name.lower())]


def modules(prefix: Path, names: Iterable[str]) -> set[str]:
    """The top-level modules of some packages, given by their normalized names."""
    wanted = set(names)
    found: set[str] = set()
    for record in conda_meta.records(prefix):
        if normalize(record["name"]) in wanted:
            tops = (
                re.match(r"(?:lib/python[^/]+/)?(?:site|dist)-packages/(\w+)", f)
                for f in record["files"]
            )
            found.update(top[1] for top in tops if top)
    for key, distribution in dist_info.installed(prefix).items():
        if key in wanted:
            found.update(name.partition(".")[0] for name in distribution.modules)
    return found


def _channel(record: dict[str, Any]) -> str:
    """The name of a channel on anaconda.org, the URL of any other."""
    text = record.get("channel") or record.get("url") or ""
    if _HOST in text:
        return "host"
    named = re.match(r"https://conda\.anaconda\.org/([^/]+)/?(?:[\w-]+)?$", text)
    return named[1] if named else redact(text)
