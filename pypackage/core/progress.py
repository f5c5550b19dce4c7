"""Progress, as the library reports it.

The library itself never prints: it reports to a `Reporter`, whose default does nothing.
The executables give it one of the two of `pypackage.cli.terminal`: bars on a terminal, plain
lines elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Task:
    """A long step under way; `advance` is called by the stage that does it."""

    def advance(self, amount: float = 1) -> None:
        """Say that `amount` more of the step's total is done (its own unit)."""

    def grow(self, amount: float) -> None:
        """Say that the total is `amount` larger than was known so far."""


class Reporter:
    """Hears what is going on; this one, the default, keeps it to itself."""

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Announce a step.

        Args:
            title: What is being done, in a few words ("linking packages").
            total: How much there is to do, in the unit of `Task.advance`; None when unknown.
        """
        yield Task()

    def debug(self, message: str) -> None:
        """Tell a detail that only matters to who asked for details (`-v`)."""

    def warning(self, message: str) -> None:
        """Tell something that the user should know although the work goes on."""


SILENT = Reporter()
