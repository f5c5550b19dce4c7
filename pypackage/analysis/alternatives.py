"""Choose between the two branches of a fork, such as `try: import a` / `except: import b`.

What both branches need is required. Where each needs a package that nothing else requires, one
branch is provided for: the first whose packages are installed on the target, else the first
whose packages are known. Where the body of a `try` needs none, the body is chosen; where its
handler needs none, the body's packages are optional.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum

from pypackage.analysis.imports import Import, Why
from pypackage.analysis.imports.model import BODY, HANDLER
from pypackage.core.typed import NamedTuple

_DEEPEST = 30  # recursion limit: local modules imported by a branch that contain forks themselves


class Standing(IntEnum):
    """How surely the target can provide a module, best first; a declared one is INSTALLED."""

    INSTALLED = 0
    KNOWN = 1
    UNKNOWN = 2
    ABSENT = 3  # such as a module in the standard library of another Python version only


Standings = Callable[[str], Standing]


class Guard(NamedTuple):
    """A condition on a flag that another file sets.

    Attributes:
        path: The file that sets it.
        fork: The number of the `try` in that file that sets the flag; -1 if none does.
        way: The branch of that `try` that makes the condition true.
    """

    path: str
    fork: int
    way: int


class Edge(NamedTuple):
    """One file importing another, both by path; other fields are as in `Import`.

    Attributes:
        guards: The flags of other files that the import depends on, if on nothing else.
    """

    origin: str
    target: str
    why: Why
    reason: str
    deferred: bool = False
    choices: tuple[tuple[int, int], ...] = ()
    guards: tuple[Guard, ...] = ()


class Undecided(NamedTuple):
    """A fork of which both branches need modules whose packages are unknown.

    Attributes:
        label: The name of the source in messages.
        first: The first import in it.
        modules: The modules.
    """

    label: str
    first: Import
    modules: tuple[str, ...]


class _Need(NamedTuple):
    """What one import in a branch needs: a top-level module of a package, or a local file.

    Attributes:
        choices: The enclosing forks, outermost first, each with the branch taken.
        module: The dotted name of a package's module; empty if it is not one.
        file: The local file; empty if there is none.
        deferred: Whether the import is in a function.
        absent: Whether the import cannot succeed on the target.
    """

    choices: tuple[tuple[int, int], ...]
    module: str = ""
    file: str = ""
    deferred: bool = False
    absent: bool = False

    @property
    def key(self) -> str:
        """The local file's path, or else the top-level module's name."""
        return self.file or self.module.partition(".")[0]


class _Decision(NamedTuple):
    """The branch that is provided for, None if neither is, and what both branches need."""

    way: int | None
    common: frozenset[str]


Raw = tuple[str, str, Import, str]
Guards = Mapping[tuple[str, int, int], tuple[Guard, ...]]


class Alternatives:
    """Decides the forks of programs.

    Args:
        raw: All imports, as in `Findings.raw`.
        packages: Those of kind `package`.
        edges: Which files import which.
        standing: Says how surely the target can provide a module, given its dotted name.
        guards: The flags of other files that imports depend on, by file, line and column.

    Attributes:
        undecided: The forks of which both branches need modules whose packages are unknown.
    """

    def __init__(
        self,
        raw: Sequence[Raw],
        packages: Sequence[Raw],
        edges: Iterable[Edge],
        standing: Standings,
        guards: Guards,
    ) -> None:
        self.undecided: list[Undecided] = []
        self._guards = guards
        self._packages = packages
        self._standing = standing
        self._outgoing: dict[str, list[Edge]] = {}
        for edge in edges:
            self._outgoing.setdefault(edge.origin, []).append(edge)
        self._forked: dict[str, list[_Need]] = {}
        self._first: dict[tuple[str, int], tuple[str, Import]] = {}
        for path, label, one, kind in raw:
            if one.choices:
                self._add(path, label, one, kind)
        for origin, some in self._outgoing.items() if self._forked else ():
            needs = (
                _Need(edge.choices, file=edge.target, deferred=edge.deferred)
                for edge in some
                if edge.choices
            )
            self._forked.setdefault(origin, []).extend(needs)
        self._decisions: dict[str, dict[int, _Decision]] = {}
        self._plain: dict[str, set[str]] | None = None
        self._satisfied: frozenset[str] | None = None
        self._working: list[str] = []

    def requires(self, path: str, one: Import | Edge) -> bool:
        """Whether an import, of a module or of a file, is required once the forks are decided."""
        if one.why is not Why.OPTIONAL:
            return one.why is Why.REQUIRED
        if not one.choices:
            if isinstance(one, Edge):
                guards = one.guards
            else:
                guards = self._guards.get((path, one.line, one.column), ())
            return bool(guards) and all(map(self._holds, guards))
        decisions = self._decided(path)
        key = one.target if isinstance(one, Edge) else one.top
        return _leads(one.choices, decisions, key)

    def _holds(self, guard: Guard) -> bool:
        """Whether the branch that is provided for sets another file's flag as the guard needs."""
        if guard.fork < 0:
            return guard.way == HANDLER
        decision = self._decided(guard.path).get(guard.fork)
        return decision is not None and decision.way == guard.way

    def _add(self, path: str, label: str, one: Import, kind: str) -> None:
        dotted, absent = dotted_name(one), kind == "unresolved"
        if kind in ("package", "standard"):
            absent = self._standing(dotted) is Standing.ABSENT
        module = dotted if kind == "package" and not absent else ""
        need = _Need(one.choices, module, deferred=one.deferred, absent=absent)
        self._forked.setdefault(path, []).append(need)
        for fork, _ in one.choices:
            self._first.setdefault((path, fork), (label, one))

    # --- one file ------------------------------------------------------------------------

    def _decided(self, path: str) -> Mapping[int, _Decision]:
        """Return the decisions on a file's forks, made from the innermost outwards."""
        if path in self._decisions:
            return self._decisions[path]
        needs = self._forked.get(path, [])
        if path in self._working or len(self._working) > _DEEPEST:
            return {}
        self._working.append(path)
        by_fork: dict[int, list[tuple[_Need, int]]] = {}
        for need in needs:
            for at, (fork, _) in enumerate(need.choices):
                by_fork.setdefault(fork, []).append((need, at))
        depths = {fork: max(at for _, at in some) for fork, some in by_fork.items()}
        decisions: dict[int, _Decision] = {}
        for fork in sorted(depths, key=lambda fork: (-depths[fork], fork)):
            decisions[fork] = self._decide(path, fork, by_fork[fork], decisions)
        self._working.pop()
        self._decisions[path] = decisions
        return decisions

    def _decide(
        self,
        path: str,
        fork: int,
        inside: Sequence[tuple[_Need, int]],
        decisions: Mapping[int, _Decision],
    ) -> _Decision:
        # Imports in functions that test a flag do not count if the fork is at module level.
        if not all(need.deferred for need, _ in inside):
            inside = [(need, at) for need, at in inside if not need.deferred]
        ways: tuple[dict[str, list[str]], ...] = ({}, {})  # needs with their dotted names
        absent = [False, False]
        for need, at in inside:
            if _leads(need.choices[at + 1 :], decisions, need.key):
                way = need.choices[at][1]
                absent[way] = absent[way] or need.absent
                self._add_needs(need, ways[way])
        common = frozenset(ways[BODY].keys() & ways[HANDLER].keys())
        if absent[BODY] != absent[HANDLER]:
            return _Decision(HANDLER if absent[BODY] else BODY, common)
        rest = [self._rest(way, common) for way in ways]
        if not all(rest):
            return _Decision(HANDLER if rest[BODY] else BODY, common)
        standings = [max(map(self._standing, modules)) for modules in rest]
        if min(standings) >= Standing.UNKNOWN:
            self._tell_undecided(path, fork, rest)
            return _Decision(None, common)
        return _Decision(standings.index(min(standings)), common)

    def _add_needs(self, need: _Need, way: dict[str, list[str]]) -> None:
        if need.key:
            way.setdefault(need.key, []).extend([need.module] if need.module else ())
        for module in self._needs(need.file) if need.file else ():
            way.setdefault(module, [module])

    def _rest(self, way: Mapping[str, Sequence[str]], common: frozenset[str]) -> list[str]:
        """The modules that this branch alone needs and nothing else requires."""
        return [
            module
            for key, modules in way.items()
            if key not in common and key not in self._anyway()
            for module in modules
        ]

    def _tell_undecided(self, path: str, fork: int, rest: Sequence[Sequence[str]]) -> None:
        label, one = self._first[(path, fork)]
        modules = dict.fromkeys(name.partition(".")[0] for way in rest for name in way)
        self.undecided.append(Undecided(label, one, tuple(modules)))

    # --- what files need -----------------------------------------------------------------

    def _needs(self, file: str) -> set[str]:
        """The top-level modules that importing a local file requires."""
        needs: set[str] = set()
        for one in self._reached_from(file):
            needs |= self._plain_of(one)
            decisions = self._decided(one) if one in self._forked else {}
            for need in self._forked.get(one, ()) if decisions else ():
                if need.module and _leads(need.choices, decisions, need.key):
                    needs.add(need.key)
        return needs

    def _anyway(self) -> frozenset[str]:
        """The modules that are required whichever branches are chosen."""
        if self._satisfied is None:
            files = self._reached_from("")
            self._satisfied = frozenset().union(*map(self._plain_of, files))
        return self._satisfied

    def _reached_from(self, file: str) -> set[str]:
        """A file and all files that it imports unconditionally, directly or not."""
        found, todo = {file}, [file]
        while todo:
            for edge in self._outgoing.get(todo.pop(), ()):
                if edge.why is Why.REQUIRED and edge.target not in found:
                    found.add(edge.target)
                    todo.append(edge.target)
        return found

    def _plain_of(self, file: str) -> set[str]:
        if self._plain is None:
            self._plain = {}
            for path, _, one, _ in self._packages:
                if one.why is Why.REQUIRED:
                    self._plain.setdefault(path, set()).add(one.top)
        return self._plain.get(file, set())


def _leads(
    choices: Iterable[tuple[int, int]], decisions: Mapping[int, _Decision], key: str
) -> bool:
    """Whether the decisions on all enclosing forks make something required."""
    for fork, way in choices:
        decision = decisions.get(fork)
        if decision is None or (decision.way != way and key not in decision.common):
            return False
    return True


def dotted_name(one: Import) -> str:
    """The dotted name of what is imported, including the name taken by `from`."""
    if one.name and one.name not in ("*", "__main__"):
        return f"{one.module}.{one.name}"
    return one.module
