"""Which parts of an input are taken, where it has several to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from pypackage.core.errors import RequirementsError
from pypackage.core.package_names import normalize
from pypackage.core.typed import NamedTuple


class Selected(NamedTuple):
    """What is taken beside what an input always asks for.

    Attributes:
        environment: The environment of a pixi manifest or lock; empty for `default`.
        extras: Of a project.
        groups: Dependency groups of a project (PEP 735, Poetry).
        categories: Of a conda-lock.yml, beside `main`.
    """

    environment: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The options by which something was selected."""
        names = ("--environment", "--extra", "--group", "--category")
        return [name for name, value in zip(names, self, strict=True) if value]


def known_names(asked: Iterable[str], known: Iterable[str], what: str, label: str) -> list[str]:
    """Names as they are declared; case, `-`, `_` and `.` do not matter, as PEP 685 has it.

    Args:
        what: Of what they are, such as `extra`; it is the option's name, too.

    Raises:
        RequirementsError: One is not known; says those that are, and which may be meant.
    """
    by_key = {normalize(name): name for name in known}
    found = []
    for name in asked:
        key = normalize(name)
        if key not in by_key:
            raise RequirementsError(
                f"{label}: has no {what} {name!r}", hint_of(name, by_key.values(), f"--{what}")
            )
        found.append(by_key[key])
    return found


def hint_of(name: str, known: Iterable[str], option: str) -> str:
    """The names that are known, and the one that may be meant."""
    every = sorted(known)
    if not every:
        return f"it has none: leave {option} out"
    near = get_close_matches(name, every, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}{option} names one; it has {', '.join(every)}"
