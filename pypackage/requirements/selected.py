"""Which parts of an input are used, if it has several to choose from."""

from __future__ import annotations

from collections.abc import Iterable

from pypackage.core.errors import RequirementsError
from pypackage.core.package_names import normalize
from pypackage.core.typed import NamedTuple


class Selected(NamedTuple):
    """The parts of an input that are used in addition to what it always requires.

    Attributes:
        environment: The environment of a pixi manifest or lock; empty for `default`.
        extras: Of a project.
        groups: Dependency groups of a project (PEP 735, Poetry).
        categories: Of a conda-lock.yml, besides `main`.
    """

    environment: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """Return the options that were given."""
        names = ("--environment", "--extra", "--group", "--category")
        return [name for name, value in zip(names, self, strict=True) if value]


def known_names(asked: Iterable[str], known: Iterable[str], what: str, label: str) -> list[str]:
    """Return names in their declared spelling; case, `-`, `_` and `.` do not matter (PEP 685).

    Args:
        what: What they name, such as `extra`; it is the option's name, too.

    Raises:
        RequirementsError: One is unknown; the hint lists the known ones and the closest match.
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
    """Return a hint with the known names, and the one that may be meant."""
    from difflib import get_close_matches

    every = sorted(known)
    if not every:
        return f"it has none: leave {option} out"
    near = get_close_matches(name, every, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}{option} names one; it has {', '.join(every)}"
