"""Find distributions that pip or uv installed into a conda environment.

The files on disk define the environment: a file that pip replaced or removed with its distribution
is as it should be; any other missing file is lost.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypackage.backends import conda_meta
from pypackage.core.errors import PackError
from pypackage.core.package_names import normalize
from pypackage.python import dist_info, distributions, metadata
from pypackage.python.distributions import Distribution


@dataclass(frozen=True)
class PipInstalled:
    """What is installed besides conda's packages.

    Attributes:
        distributions: Those that belong to no conda package.
        files: Their files, relative to the prefix.
        editable: Those that link to a folder elsewhere.
        glibc: The lowest glibc that their wheels run with, such as `2.28`; empty if none says.
    """

    distributions: tuple[Distribution, ...]
    files: frozenset[str]
    editable: tuple[Distribution, ...]
    glibc: str


def look(prefix: Path, records: Sequence[Mapping[str, Any]]) -> PipInstalled:
    """Find the distributions that conda does not know.

    Args:
        records: Conda's records of its packages.
    """
    found = not_of_conda(prefix, records)
    files = {path for one in found for path in _paths(one, prefix)}
    return PipInstalled(
        tuple(found), frozenset(files), tuple(one for one in found if one.editable), _glibc(found)
    )


def not_of_conda(prefix: Path, records: Iterable[Mapping[str, Any]]) -> list[Distribution]:
    """The distributions that belong to no conda package."""
    of_conda = {file for record in records for file in record["files"]}
    return [one for one in _all(prefix) if not _is_in(one, prefix, of_conda)]


def check_lost(
    found: PipInstalled, records: Sequence[Mapping[str, Any]], there: Collection[str]
) -> None:
    """Reject an environment that has lost files.

    Missing byte code does not count: it is compiled again.

    Args:
        found: Distributions, which may replace conda's of the same name.
        records: Conda's records.
        there: The existing files, relative to the prefix.

    Raises:
        PackError: A package lacks files.
    """
    replaced = {distribution.key for distribution in found.distributions}
    for record in records:
        missing = set(record["files"]).difference(there)
        lost = sorted(path for path in missing if not _NO_LOSS.search(path))
        if lost and not replaced & _distributions_of(record):
            more = f" and {len(lost) - 1} more of its files" if lost[1:] else ""
            raise PackError(
                f"{record['name']} {record['version']} has lost {lost[0]}{more}",
                f"install it again: conda install --force-reinstall {record['name']}",
            )


def replaced(prefix: Path, names: Collection[str]) -> Iterator[str]:
    """Report which of conda's files were replaced by distributions.

    Args:
        prefix: An environment in which conda's packages were installed first.
        names: The normalized names of the distributions.
    """
    owners = conda_meta.owners(prefix) if names else {}
    for one in _all(prefix):
        taken = sorted(path for path in _paths(one, prefix) if path in owners)
        if one.key in names and taken:
            more = f" and {len(taken) - 1} more files" if taken[1:] else ""
            yield f"{one.key} of PyPI replaces {taken[0]} of conda's {owners[taken[0]]}{more}"


# Files that can be regenerated, and py-rattler's copies of files in several packages.
_NO_LOSS = re.compile(r"\.py[co]$|^\.nonadmin$|^__clobbers__/")


def _all(prefix: Path) -> Iterator[Distribution]:
    """All distributions in a prefix, including those that setuptools' develop mode links to."""
    for folder in map(str, dist_info.site_folders(prefix)):
        places = [folder, *_linked(Path(folder))]
        for place in places:
            for info in metadata.folders_in(place):
                found = distributions.load(place, info)
                if found and (place == folder or found.editable):
                    yield found


def _linked(folder: Path) -> list[str]:
    links = (link.read_text(errors="replace").splitlines() for link in folder.glob("*.egg-link"))
    return sorted(lines[0].strip() for lines in links if lines)


def _is_in(distribution: Distribution, prefix: Path, files: Collection[str]) -> bool:
    """Whether a distribution's metadata is among some files."""
    info = os.path.relpath(distribution.info, prefix)
    return any(path in files for path in (info, f"{info}/METADATA", f"{info}/PKG-INFO"))


def _paths(distribution: Distribution, prefix: Path) -> Iterator[str]:
    """The paths of a distribution's files in the prefix, except those outside it."""
    root = os.path.relpath(distribution.root, prefix)
    for path in distribution.listed:
        place = posixpath.normpath(posixpath.join(root, path))
        if not place.startswith("../"):
            yield place


def _distributions_of(record: Mapping[str, Any]) -> set[str]:
    """The normalized names of the distributions in a conda package."""
    found = (
        re.search(r"/([^/]+?)-\d[^/]*\.(dist|egg)-info(/|$)", path) for path in record["files"]
    )
    return {normalize(match[1]) for match in found if match}


def _glibc(found: Sequence[Distribution]) -> str:
    needed = [(0, 0)]
    for one in found:
        tags = re.findall(r"^Tag: *\S+-(\S+)$", metadata.read(f"{one.info}/WHEEL"), re.M)
        if tags:  # of several tags the lowest is enough
            needed.append(min(map(dist_info.glibc_of, tags)))
    highest = max(needed)
    return f"{highest[0]}.{highest[1]}" if any(highest) else ""
