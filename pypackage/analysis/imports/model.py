"""What the analyzer finds in a source, as values."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from pypackage.core.typed import NamedTuple

# The two ways of a `try`: its body and `else`, or the handler that catches a failing import.
BODY, HANDLER = 0, 1
# Among the flags of a source: what stands behind the name of a function that imports what it is
# given, and what in place of a fork says that without the module the program ends.
HELPER, REQUIRES = "(*)", -2

# Tuples, not dataclasses: making a dataclass costs more time than reading a script.


class Why(Enum):
    """What an import is for, from what a program cannot do without to what never runs."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    TYPE_CHECKING = "type-checking"
    TARGET = "not for this target"
    DEAD = "dead"

    @property
    def counts(self) -> bool:
        """Whether a program that runs may come to such an import."""
        return self in (Why.REQUIRED, Why.OPTIONAL)


class Import(NamedTuple):
    """One import of one module; lines and columns (in characters) count from 1.

    Attributes:
        module: The module as it is named, with the leading dots of a relative import; of a file
            that is run, `./` and its path from the source's folder.
        name: What `from module import name` takes, which may be a module too; else empty.
        line: Where the statement or call begins; in a notebook, inside of its cell.
        column: Likewise.
        why: Whether the program needs it.
        reason: Why it is not required, such as `try/except ImportError`; else empty.
        deferred: Whether it stands in a function, and so does not run with its module.
        cell: The number of the notebook's cell, of all its cells from 1; 0 in other sources.
        choices: Where the program goes on in one of two ways, such as the body and the handler
            of a `try`: the numbers of these forks and of the ways that lead here, outermost
            first. On them alone it depends whether the import is required.
        flags: Conditions around it on names that are imported, which another file of the program
            may set where it tries an import: the module, the name, and whether it has to be true.
    """

    module: str
    name: str
    line: int
    column: int
    why: Why = Why.REQUIRED
    reason: str = ""
    deferred: bool = False
    cell: int = 0
    choices: tuple[tuple[int, int], ...] = ()
    flags: tuple[tuple[str, str, bool], ...] = ()

    @property
    def top(self) -> str:
        """The top-level module; empty when the import is relative."""
        return self.module.partition(".")[0]


class Remark(NamedTuple):
    """Something in a source that the user should know; the place as in `Import`."""

    line: int
    column: int
    text: str
    cell: int = 0


class Scan(NamedTuple):
    """What one source says.

    Attributes:
        imports: What it imports, in the order in which it stands there.
        remarks: Imports that cannot be known, syntax that is not understood.
        paths: The folders that it puts on sys.path: those put in front, in the order in
            which they are looked into, then those put at the end.
        front: How many of `paths` are in front.
        flags: The names of the module that tell whether an import succeeded (functions with `()`),
            each with its fork, or -1 where only the presence of a module was asked for, and the
            way in which it is true.
    """

    imports: tuple[Import, ...] = ()
    remarks: tuple[Remark, ...] = ()
    paths: tuple[str, ...] = ()
    front: int = 0
    flags: tuple[tuple[str, int, int], ...] = ()


class Target(NamedTuple):
    """For which Python conditions are evaluated; the platform is Linux.

    Attributes:
        version: Its numbers as far as they are known: (3, 11) or (3, 11, 7).
    """

    version: tuple[int, ...] = (3,)


def place(path: str, line: int, column: int, cell: int = 0) -> str:
    """A place as messages give it: `script.py:3:1`, or `notes.ipynb:cell 2:3:1`."""
    return f"{path}:cell {cell}:{line}:{column}" if cell else f"{path}:{line}:{column}"


def target_of(version: str) -> Target:
    """The target of a version such as `3.11`, `3.11.7` or `3.13.0rc1`."""
    numbers: list[int] = []
    for part in version.split("."):
        digits = "".join(_leading_digits(part))
        if digits:
            numbers.append(int(digits))
        if digits != part:
            break
    return Target(tuple(numbers) or (3,))


def _leading_digits(text: str) -> Iterator[str]:
    for character in text:
        if not character.isdigit():
            return
        yield character
