"""What has been found of programs: their imports, what leads to them, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pypackage.analysis.imports import Import, Why, place


class ImportRecord(NamedTuple):
    """An import of a program, and what became of it.

    Attributes:
        label: The source, as messages call it.
        found: The import as it stands there.
        kind: `package`, `standard`, `local`, or `unresolved` if it leads nowhere.
        why: Whether the program needs it, what leads to the source taken into account.
        reason: Why it is not required.
    """

    label: str
    found: Import
    kind: str
    why: Why
    reason: str

    @property
    def place(self) -> str:
        """Where it stands."""
        return place(self.label, self.found.line, self.found.column, self.found.cell)


class ImportRecords:
    """All imports of programs, by source and place; each is made when it is looked at."""

    def __init__(self, raw: list[_Raw], reached: Mapping[str, _Reason]) -> None:
        self._raw = raw
        self._reached = reached

    def __iter__(self) -> Iterator[ImportRecord]:
        for path, label, found, kind in self._raw:
            why, reason = _why(found, path, self._reached)
            yield ImportRecord(label, found, kind, why, reason)

    def by_file(self) -> dict[tuple[str, str], set[str]]:
        """The dotted names that each file (by its path and label) imports of packages."""
        found: dict[tuple[str, str], set[str]] = {}
        for path, label, one, kind in self._raw:
            if kind == "package" and one.why.counts:
                found.setdefault((path, label), set()).add(_dotted(one))
        return found


_Raw = tuple[str, str, Import, str]
_Reason = tuple[Why, str]


class Analysis(NamedTuple):
    """What programs import.

    Attributes:
        entries: All imports, by source and place.
        modules: The required top-level modules that are neither standard nor local, sorted,
            with the dotted names that are imported of each.
        submodules: The dotted ones among these that are modules for sure, sorted.
        standard: The required top-level modules of the standard library.
        optional: Likewise those that the programs can do without.
        reasons: The first reason of each optional one.
        local: The user's own modules and packages, as absolute paths.
    """

    entries: ImportRecords
    modules: Mapping[str, frozenset[str]]
    optional: Mapping[str, frozenset[str]]
    reasons: Mapping[str, str]
    local: tuple[str, ...]
    submodules: tuple[str, ...] = ()
    standard: frozenset[str] = frozenset()


class Edge(NamedTuple):
    """That one file imports another, both by their paths."""

    origin: str
    target: str
    why: Why
    reason: str


class Findings:
    """Collects what is found.

    Attributes:
        raw: The imports: the path and label of the file, the import, what it leads to.
        local: The user's own modules and packages, by their absolute paths.
    """

    def __init__(self) -> None:
        self.local: set[str] = set()
        self.raw: list[_Raw] = []
        self._edges: list[Edge] = []

    def add_edge(self, origin: str, target: str, why: Why, reason: str) -> None:
        """Note that one file imports another; a program's own source is imported by nothing."""
        self._edges.append(Edge(origin, target, why, reason))

    def result(self) -> Analysis:
        """All together."""
        reached = _reached(self._edges)
        weak = {path: how for path, how in reached.items() if how[0] is not Why.REQUIRED}
        modules: dict[str, set[str]] = {}
        optional: dict[str, set[str]] = {}
        reasons: dict[str, str] = {}
        submodules: set[str] = set()
        standard: set[str] = set()
        for path, _, found, kind in self.raw:
            if kind == "standard" and found.why is Why.REQUIRED:
                standard.add(found.top)
            if kind != "package":
                continue
            why, reason = _why(found, path, weak)
            if why is Why.REQUIRED:
                modules.setdefault(found.top, set()).add(_dotted(found))
                if "." in found.module:
                    submodules.add(found.module)
            else:
                optional.setdefault(found.top, set()).add(_dotted(found))
                reasons.setdefault(found.top, reason)
        only = sorted(set(optional) - set(modules))
        return Analysis(
            ImportRecords(self.raw, weak),
            {top: frozenset(modules[top]) for top in sorted(modules)},
            {top: frozenset(optional[top]) for top in only},
            {top: reasons[top] for top in only},
            tuple(sorted(self.local)),
            tuple(sorted(submodules)),
            frozenset(standard),
        )


def _why(found: Import, path: str, weak: Mapping[str, _Reason]) -> _Reason:
    """Why an import counts; in a file that is itself imported optionally it is optional."""
    if found.why is Why.REQUIRED and path in weak:
        return Why.OPTIONAL, weak[path][1]
    return found.why, found.reason


def _dotted(one: Import) -> str:
    if one.name and one.name not in ("*", "__main__"):
        return f"{one.module}.{one.name}"
    return one.module


def _reached(edges: Iterable[Edge]) -> dict[str, tuple[Why, str]]:
    """Whether each file is reached for sure.

    A file that is imported both where an error is caught and where it was caught
    (`try: from .a import x`, `except ImportError: from a import x`) is needed for sure.
    """
    outgoing: dict[str, list[Edge]] = {}
    reached: dict[str, tuple[Why, str]] = {}
    for edge in edges:
        outgoing.setdefault(edge.origin, []).append(edge)
        reached.setdefault(edge.target, (Why.OPTIONAL, ""))
        if edge.why is Why.OPTIONAL and not reached[edge.target][1]:
            reached[edge.target] = (Why.OPTIONAL, edge.reason)
    todo = [""]
    while todo:
        origin = todo.pop()
        caught: dict[str, set[bool]] = {}
        for edge in outgoing.pop(origin, ()):
            caught.setdefault(edge.target, set()).add(edge.reason.startswith("except"))
            sure = edge.why is Why.REQUIRED or len(caught[edge.target]) == 2
            if sure and reached[edge.target][0] is not Why.REQUIRED:
                reached[edge.target] = (Why.REQUIRED, "")
                todo.append(edge.target)
    return reached
