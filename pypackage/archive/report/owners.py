"""Determine the package of each file: conda's, or a wheel; byte code belongs to its module's."""

from __future__ import annotations

import csv
import io
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pypackage.archive import tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.core import package_names


@dataclass(frozen=True)
class ReportedPackage:
    """An installed package of either kind.

    Attributes:
        name: The conda package's name, or the normalized name on PyPI of a wheel.
        version: Its version.
        origin: `conda` or `PyPI`.
        needs: The names of its dependencies, which need not be installed.
    """

    name: str
    version: str
    origin: str
    needs: tuple[str, ...]


def packages(contents: Contents) -> dict[str, ReportedPackage]:
    """All packages by name."""
    found = {
        one.name: ReportedPackage(one.name, one.version, "conda", tuple(map(name_of, one.depends)))
        for one in contents.packages
    }
    conda = {package_names.normalize(package_names.pypi_name(name) or name): name for name in found}
    for wheel, _ in _wheels(contents):
        needs = tuple(conda.get(name, name) for name in wheel.needs)
        found.setdefault(wheel.name, ReportedPackage(wheel.name, wheel.version, "PyPI", needs))
    return found


def owners(contents: Contents) -> dict[str, str]:
    """The package of each path; paths without a package are left out."""
    found = {entry.target: entry.package for entry in contents.entries if entry.package}
    for wheel, paths in _wheels(contents):
        for path in paths:
            found.setdefault(path, wheel.name)
    for entry in contents.entries:
        owner = found.get(entry.target) or _derived(entry, found)
        if owner:
            found[entry.target] = owner
    return found


def name_of(spec: str) -> str:
    """The name in a match spec or requirement, such as `numpy` in `conda-forge::numpy >=2`."""
    found = re.match(r"\s*(?:\S+::)?([\w.-]*)", spec)
    return found[1].lower() if found else ""


def _derived(entry: Entry, known: Mapping[str, str]) -> str:
    """The package of a byte code file or of a conda record."""
    compiled = re.fullmatch(r"(.*/)__pycache__/([^/.]+)\.[^/]+\.pyc", entry.target)
    if compiled:
        return known.get(f"{compiled[1]}{compiled[2]}.py", "")
    record = re.fullmatch(r"conda-meta/(.+)-[^-]+-[^-]+\.json", entry.target)
    return record[1] if record else ""


def _wheels(contents: Contents) -> Iterator[tuple[ReportedPackage, list[str]]]:
    """The distributions that no conda package owns, and their files."""
    for entry in contents.entries:
        folder, name = posixpath.split(entry.target)
        if name == "RECORD" and folder.endswith(".dist-info") and not entry.package:
            metadata = next(
                (one for one in contents.entries if one.target == f"{folder}/METADATA"), None
            )
            if metadata:
                root = posixpath.dirname(folder)
                rows = csv.reader(io.StringIO(_text(entry)))
                paths = [posixpath.normpath(posixpath.join(root, row[0])) for row in rows if row]
                yield _wheel(_text(metadata)), paths


def _wheel(metadata: str) -> ReportedPackage:
    head = metadata.split("\n\n", 1)[0]
    said = dict(re.findall(r"^(Name|Version):[ \t]*(.+?)[ \t]*$", head, re.M))
    asked = re.findall(r"^Requires-Dist:[ \t]*(.+?)[ \t]*$", head, re.M)
    needs = [package_names.normalize(name_of(one)) for one in asked if "extra ==" not in one]
    name = package_names.normalize(said.get("Name", ""))
    return ReportedPackage(name, said.get("Version", ""), "PyPI", tuple(needs))


def _text(entry: Entry) -> str:
    content = b"".join(tar_stream.content(entry, tar_stream.size(entry)))
    return content.decode("utf-8", "replace")
