"""How the library reports progress.

The library itself never prints: it reports to a `Reporter`, which does nothing by default. The
executables pass one of the two in `pypackage.cli.terminal`: progress bars on a terminal, plain
lines elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Task:
    """A long step in progress; the stage that does it calls `advance`."""

    def advance(self, amount: float = 1) -> None:
        """Report that `amount` more of the step's total is done (in the step's own unit)."""

    def grow(self, amount: float) -> None:
        """Report that the total is `amount` larger than known so far."""


class Reporter:
    """Receives progress and messages; this one, the default, ignores them."""

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Start a step.

        Args:
            title: The step in a few words ("linking packages").
            total: How much there is to do, in the unit of `Task.advance`; None if unknown.
        """
        yield Task()

    def debug(self, message: str) -> None:
        """Report a detail, for users who asked for details (`-v`)."""

    def warning(self, message: str) -> None:
        """Report something that the user should know, although the work goes on."""


SILENT = Reporter()
