"""Compute the figures of a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pypackage.archive import members, slim, tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Omitted
from pypackage.archive.parts import whole_size
from pypackage.archive.report import duplicates, graph, owners
from pypackage.archive.report.duplicates import Copies
from pypackage.archive.report.owners import ReportedPackage
from pypackage.core import platforms


@dataclass(frozen=True)
class Cost:
    """A package's share of an environment; files without a package have one without a name.

    Attributes:
        version: Its version.
        origin: `conda`, `PyPI` or nothing.
        way: The dependency chain from a requested package to it; empty if nothing needs it.
        files: The number of files.
        size: Its size in bytes on the worker's disk.
        packed: Its estimated size in bytes in the archive.
        saves: The bytes on disk that it and everything needed only by it take.
    """

    name: str
    version: str
    origin: str
    way: tuple[str, ...]
    files: int
    size: int
    packed: int
    saves: int


@dataclass(frozen=True)
class Saving:
    """Files of a kind that programs do not need, which `--slim` leaves out."""

    kind: str
    files: int
    size: int


@dataclass(frozen=True)
class Report:
    """What an archive consists of.

    Attributes:
        archive: Its file name.
        packed: Its size in bytes.
        costs: The packages, largest first.
        same_content: Files that are in several packages.
        same_library: Several versions of one library.
        savings: What could be left out, largest first.
        omitted: What was left out.
    """

    archive: str
    packed: int
    costs: tuple[Cost, ...]
    same_content: tuple[Copies, ...]
    same_library: tuple[Copies, ...]
    savings: tuple[Saving, ...]
    omitted: Omitted | None

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(cost.size for cost in self.costs)

    @property
    def files(self) -> int:
        """The number of files, links and empty folders."""
        return sum(cost.files for cost in self.costs)


def report(contents: Contents, asked: Sequence[str], archive: Path, compressed: bool) -> Report:
    """See `pypackage.archive.report.of`."""
    whose = owners.owners(contents)
    known = owners.packages(contents)
    parts: dict[str, list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        parts[whose.get(entry.target, "")].append(entry)
    if compressed:
        packed = _packed(parts, _bytes(archive))
    else:
        packed = {name: _size(entries) for name, entries in parts.items()}
    same = duplicates.same_content(contents.entries, whose)
    return Report(
        archive=archive.name,
        packed=sum(packed.values()),
        costs=_costs(parts, packed, known, [owners.name_of(spec) for spec in asked]),
        same_content=same,
        same_library=duplicates.same_library(contents.entries, whose, same),
        savings=_savings(contents),
        omitted=contents.omitted,
    )


def _costs(
    parts: Mapping[str, Sequence[Entry]],
    packed: Mapping[str, int],
    known: Mapping[str, ReportedPackage],
    asked: Sequence[str],
) -> tuple[Cost, ...]:
    needs = {name: package.needs for name, package in known.items()}
    start = graph.roots(asked, needs)
    ways = graph.ways(start, needs)
    sizes = {name: _size(parts.get(name, ())) for name in [*known, *parts]}
    found = []
    for name, size in sizes.items():
        package = known.get(name, ReportedPackage(name, "", "", ()))
        with_it = graph.only_through(name, start, needs) if name in ways else [name]
        found.append(
            Cost(
                name=name,
                version=package.version,
                origin=package.origin,
                way=ways.get(name, ()),
                files=len(parts.get(name, ())),
                size=size,
                packed=packed.get(name, 0),
                saves=sum(sizes[one] for one in with_it),
            )
        )
    return tuple(sorted(found, key=lambda cost: (-cost.size, cost.name)))


def _size(entries: Sequence[Entry]) -> int:
    """The size of files in bytes; links count as 0."""
    return sum(tar_stream.tar_info(entry).size for entry in entries)


def _bytes(archive: Path) -> int:
    if (archive / "oci-layout").is_file():
        return sum(path.stat().st_size for path in archive.rglob("*") if path.is_file())
    return whole_size(archive)


def _packed(parts: Mapping[str, Sequence[Entry]], whole: int) -> dict[str, int]:
    """Divide the archive's size by package, in proportion to their compressed sizes."""
    with ThreadPoolExecutor(platforms.cores()) as pool:
        sizes = dict(zip(parts, pool.map(_compressed, parts.values()), strict=True))
    scale = whole / max(1, sum(sizes.values()))
    return {name: round(size * scale) for name, size in sizes.items()}


def _compressed(entries: Sequence[Entry]) -> int:
    part = members.Part(entries)
    made = (members.compress(part.listed(index), members.LEVEL) for index in range(part.number))
    return sum(one.length for one in made)


def _savings(contents: Contents) -> tuple[Saving, ...]:
    by_kind: dict[str, list[Entry]] = defaultdict(list)
    kinds = slim.kinds(contents)
    for entry in contents.entries:
        if entry.target in kinds:
            by_kind[kinds[entry.target]].append(entry)
    found = [Saving(kind, len(group), _size(group)) for kind, group in by_kind.items()]
    return tuple(sorted(found, key=lambda one: (-one.size, one.kind)))
