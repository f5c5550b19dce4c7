"""Value types for what the analyzer finds in a source."""

from __future__ import annotations

from enum import Enum

from pypackage.core.typed import NamedTuple

# The two branches of a `try`: its body and `else`, or the handler that catches the import error.
BODY, HANDLER = 0, 1
# In the flags of a source, HELPER follows the name of a function that imports its argument, and
# REQUIRES in place of a fork says that the program ends without that module.
HELPER, REQUIRES = "(*)", -2

Target = tuple[int, ...]
"""The Python to evaluate conditions for, by the known components of its version: (3, 11) or
(3, 11, 7); the platform is Linux."""

# NamedTuples, not dataclasses: creating a dataclass takes longer than scanning a script.


class Why(Enum):
    """How much an import is needed, from indispensable to never run."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    TYPE_CHECKING = "type-checking"
    TARGET = "not for this target"
    DEAD = "dead"

    @property
    def counts(self) -> bool:
        """Whether such an import may run."""
        return self in (Why.REQUIRED, Why.OPTIONAL)


class Import(NamedTuple):
    """One import of one module; lines and columns (in characters) count from 1.

    Attributes:
        module: The module as written, with the leading dots of a relative import; for a file that
            is run, `./` and its path from the source's folder.
        name: The name taken by `from module import name`, which may be a submodule; else empty.
        line: The first line of the statement or call; in a notebook, within its cell.
        column: Its column.
        why: Whether the program needs it.
        reason: Why it is not required, such as `try/except ImportError`; else empty.
        deferred: Whether it is in a function, so that importing its module does not run it.
        cell: The number of the notebook's cell, counting all cells from 1; 0 in other sources.
        choices: The enclosing forks, such as a `try` whose body or handler runs: the number of each
            and the branch that the import is in, outermost first. If not empty, these alone decide
            whether the import is required.
        flags: Enclosing conditions on imported names that another file of the program may set where
            it tries an import: the module, the name, and the truth value that it must have.
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
        """The top-level module; empty if the import is relative."""
        return self.module.partition(".")[0]


class Remark(NamedTuple):
    """Something in a source that the user should know; the place is as in `Import`."""

    line: int
    column: int
    text: str
    cell: int = 0


class Scan(NamedTuple):
    """The result of scanning one source.

    Attributes:
        imports: Its imports, in source order.
        remarks: Imports that cannot be determined, and syntax that does not parse.
        paths: The folders that it adds to sys.path: first those inserted in front, in search order,
            then those appended.
        front: How many of `paths` are in front.
        flags: The module's names that show whether an import succeeded (functions with `()`), each
            with its fork, or -1 if it only tests whether a module exists, and with the branch that
            makes it true.
    """

    imports: tuple[Import, ...] = ()
    remarks: tuple[Remark, ...] = ()
    paths: tuple[str, ...] = ()
    front: int = 0
    flags: tuple[tuple[str, int, int], ...] = ()


def place(path: str, line: int, column: int, cell: int = 0) -> str:
    """Format a place for messages: `script.py:3:1`, or `notes.ipynb:cell 2:3:1`."""
    return f"{path}:cell {cell}:{line}:{column}" if cell else f"{path}:{line}:{column}"


def target_of(version: str) -> Target:
    """The target for a version such as `3.11`, `3.11.7` or `3.13.0rc1`."""
    numbers: list[int] = []
    for part in version.split("."):
        after = part.lstrip("0123456789")
        digits = part.removesuffix(after)
        if digits:
            numbers.append(int(digits[:9]))
        if after:
            break
    return tuple(numbers) or (3,)
