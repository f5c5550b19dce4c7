"""Explain why packages are there: their dependency chains, and what depends on them only."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

Needs = Mapping[str, Sequence[str]]


def roots(asked: Sequence[str], needs: Needs) -> tuple[str, ...]:
    """The requested packages that are there, then all packages that no other one needs.

    The latter are the user's own, which are requested by path.
    """
    needed = {other for name, others in needs.items() for other in others if other != name}
    found = [name for name in asked if name in needs] + sorted(set(needs) - needed)
    return tuple(dict.fromkeys(found or sorted(needs)))


def ways(start: Sequence[str], needs: Needs) -> dict[str, tuple[str, ...]]:
    """The shortest dependency chain to each reachable package, including itself."""
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in start}
    queue = deque(start)
    while queue:
        name = queue.popleft()
        for other in sorted(needs[name]):
            if other in needs and other not in found:
                found[other] = (*found[name], other)
                queue.append(other)
    return found


def only_through(name: str, start: Sequence[str], needs: Needs) -> Collection[str]:
    """A package and those that would not be there without it."""
    left = ways([one for one in start if one != name], {**needs, name: ()})
    return {one for one in ways(start, needs) if one not in left} | {name}
