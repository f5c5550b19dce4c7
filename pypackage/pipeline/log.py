"""The default reporter, which writes to Python's `logging`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pypackage.core.progress import Reporter, Task

_LOGGER = logging.getLogger("pypackage")
_LOGGER.addHandler(logging.NullHandler())  # shows nothing unless the application configures logging


class LogReporter(Reporter):
    """Logs to the logger `pypackage`: tasks as INFO, warnings as WARNING, details as DEBUG."""

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Log the title when the task begins."""
        _LOGGER.info("%s", title)
        yield Task()

    def debug(self, message: str) -> None:
        """Log a detail."""
        _LOGGER.debug("%s", message)

    def warning(self, message: str) -> None:
        """Log a warning."""
        _LOGGER.warning("%s", message)


LOG = LogReporter()
