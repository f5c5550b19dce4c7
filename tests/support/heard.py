"""A reporter that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pypackage.core.progress import Reporter, Task


class Heard(Reporter):
    """Keeps the titles of steps, the warnings, and the details."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.warnings: list[str] = []
        self.details: list[str] = []

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        self.steps.append(title)
        yield Task()

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def debug(self, message: str) -> None:
        self.details.append(message)
