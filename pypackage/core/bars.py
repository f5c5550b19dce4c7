"""A step as a bar of rich, on a terminal or in a notebook."""

from __future__ import annotations

from pypackage.core.progress import Task
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar(Task):
    """A step that is shown as a bar of rich."""

    def __init__(self, progress: Progress, bar: TaskID, total: float | None) -> None:
        self._progress = progress
        self._bar = bar
        self._total = total

    def advance(self, amount: float = 1) -> None:
        """Move the bar on."""
        self._progress.advance(self._bar, amount)

    def grow(self, amount: float) -> None:
        """Lengthen what the bar stands for; other threads may do so, too, as rich allows."""
        self._total = (self._total or 0) + amount
        self._progress.update(self._bar, total=self._total)
