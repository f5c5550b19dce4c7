"""Collect the imports of programs, which file imports which, and the resulting modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pypackage.analysis.alternatives import (
    Alternatives,
    Edge,
    Guard,
    Raw,
    Standing,
    Undecided,
    dotted_name,
)
from pypackage.analysis.imports import Import, Why, place
from pypackage.core.typed import NamedTuple


class ImportRecord(NamedTuple):
    """An import of a program, classified.

    Attributes:
        label: The name of the source in messages.
        found: The import as it is in the source.
        kind: `package`, `standard`, `local`, or `unresolved` if nothing is found.
        why: Whether the program needs it, given how its source is itself imported.
        reason: Why it is not required.
        path: The path of the source; empty if it has none.
    """

    label: str
    found: Import
    kind: str
    why: Why
    reason: str
    path: str = ""

    @property
    def place(self) -> str:
        """The label, line and column for messages."""
        return place(self.label, self.found.line, self.found.column, self.found.cell)


class ImportRecords:
    """All imports of programs, by source and place; each record is built when iterated."""

    def __init__(
        self,
        raw: Sequence[Raw],
        packages: Sequence[Raw],
        why: _Whys,
        files: Iterable[tuple[str, str]],
    ) -> None:
        self._raw = raw
        self._packages = packages
        self._why = why
        self._files = files

    def __iter__(self) -> Iterator[ImportRecord]:
        for path, label, found, kind in self._raw:
            why, reason = self._why(path, found)
            yield ImportRecord(label, found, kind, why, reason, path)

    def by_file(self) -> dict[tuple[str, str], set[str]]:
        """The dotted names that each file, by path and label, imports from packages."""
        found: dict[tuple[str, str], set[str]] = {file: set() for file in self._files}
        for path, label, one, _ in self._packages:
            if one.why.counts:
                found[(path, label)].add(dotted_name(one))
        return found


_Reason = tuple[Why, str]
_Whys = Callable[[str, Import], _Reason]


class Analysis(NamedTuple):
    """What programs import.

    Attributes:
        entries: All imports, by source and place.
        modules: The required top-level modules that are neither standard nor local, sorted,
            with the dotted names imported from each.
        submodules: The dotted names among these that are certainly modules, sorted.
        standard: The required top-level modules of the standard library.
        optional: As `modules`, for the modules that the programs can do without.
        reasons: The first reason for each optional module.
        local: The user's own modules and packages, as absolute paths.
        edges: Which file imports which.
        undecided: The forks that need one of several modules whose packages are unknown.
    """

    entries: ImportRecords
    modules: Mapping[str, frozenset[str]]
    optional: Mapping[str, frozenset[str]]
    reasons: Mapping[str, str]
    local: tuple[str, ...]
    submodules: tuple[str, ...] = ()
    standard: frozenset[str] = frozenset()
    undecided: tuple[Undecided, ...] = ()
    edges: tuple[Edge, ...] = ()


class Findings:
    """Collects imports.

    Attributes:
        files: The path and label of each file.
        raw: Each import, with its file's path and label before it, and its kind after it.
        local: The user's own modules and packages, as absolute paths.
        guards: The flags of other files that imports depend on, by file, line and column.
    """

    def __init__(self) -> None:
        self.guards: dict[tuple[str, int, int], tuple[Guard, ...]] = {}
        self.files: list[tuple[str, str]] = []
        self.local: set[str] = set()
        self.raw: list[Raw] = []
        self._edges: list[Edge] = []

    def add_edge(self, origin: str, target: str, one: Import | None = None) -> None:
        """Record that one file imports another; the origin of a program's own source is empty."""
        if one is None:
            self._edges.append(Edge(origin, target, Why.REQUIRED, ""))
        else:
            guards = self.guards.get((origin, one.line, one.column), ())
            said = (one.why, one.reason, one.deferred, one.choices)
            self._edges.append(Edge(origin, target, *said, guards))

    def result(self, standing: Callable[[str], Standing]) -> Analysis:
        """Evaluate the findings.

        Args:
            standing: Says how surely the target can provide a module, given its dotted name;
                called only where a program can do with one of several.
        """
        packages = [one for one in self.raw if one[3] == "package"]  # which are few
        alternatives = Alternatives(self.raw, packages, self._edges, standing, self.guards)
        weak = _weak(self._edges, alternatives)

        def why_of(path: str, found: Import) -> _Reason:
            """Why an import counts; in a file that is itself imported optionally, optional."""
            why, reason = found.why, found.reason
            if why is Why.OPTIONAL and alternatives.requires(path, found):
                why, reason = Why.REQUIRED, ""
            if why is Why.REQUIRED and path in weak:
                return Why.OPTIONAL, weak[path]
            return why, reason

        modules: dict[str, set[str]] = {}
        optional: dict[str, set[str]] = {}
        reasons: dict[str, str] = {}
        submodules: set[str] = set()
        required = Why.REQUIRED  # looked up once: there are many
        standard = {
            one.module for *_, one, kind in self.raw if kind == "standard" and one.why is required
        }
        for path, _, found, _ in packages:
            why, reason = why_of(path, found)
            if why is Why.REQUIRED:
                modules.setdefault(found.top, set()).add(dotted_name(found))
                if "." in found.module and not found.choices:
                    submodules.add(found.module)
            elif not found.choices or standing(dotted_name(found)) is not Standing.ABSENT:
                optional.setdefault(found.top, set()).add(dotted_name(found))
                reasons.setdefault(found.top, reason)
        only = sorted(set(optional) - set(modules))
        return Analysis(
            ImportRecords(self.raw, packages, why_of, self.files),
            {top: frozenset(modules[top]) for top in sorted(modules)},
            {top: frozenset(optional[top]) for top in only},
            {top: reasons[top] for top in only},
            tuple(sorted(self.local)),
            tuple(sorted(submodules)),
            frozenset(module.partition(".")[0] for module in standard),
            tuple(alternatives.undecided),
            tuple(self._edges),
        )


def _weak(edges: list[Edge], alternatives: Alternatives) -> dict[str, str]:
    """The files that are only imported optionally, each with the reason."""
    outgoing: dict[str, list[Edge]] = {}
    weak: dict[str, str] = {}
    for edge in edges:
        outgoing.setdefault(edge.origin, []).append(edge)
        weak[edge.target] = weak.get(edge.target) or edge.reason
    todo = [""]
    while todo:
        origin = todo.pop()
        for edge in outgoing.pop(origin, ()):
            if edge.target in weak and alternatives.requires(origin, edge):
                del weak[edge.target]
                todo.append(edge.target)
    return weak
