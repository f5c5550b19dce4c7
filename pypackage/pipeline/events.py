"""Send progress and errors between processes, as lines of JSON.

Each line is a list: the event's name, then its values. Tasks are numbered, since several may be
running at once.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import BinaryIO

from pypackage.core.errors import PackageError
from pypackage.core.progress import Reporter, Task

_INTERVAL = 0.05  # seconds between two events of a task, which may have thousands of steps


class Sender(Reporter):
    """Sends everything reported to it to another process; thread-safe.

    Args:
        descriptor: The pipe's file descriptor; child processes do not inherit it.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._pipe = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Send the beginning and end of a task, and its progress."""
        number = next(self._numbers)
        self.send("task", number, title, total)
        task = _SentTask(self, number)
        try:
            yield task
        finally:
            task.flush()
            self.send("end", number)

    def debug(self, message: str) -> None:
        """Send a detail."""
        self.send("debug", message)

    def warning(self, message: str) -> None:
        """Send a warning."""
        self.send("warning", message)

    def error(self, error: BaseException) -> None:
        """Send the error that ends the work, if it is one of this package."""
        if isinstance(error, PackageError):
            with suppress(OSError):  # nobody is reading
                self.send("error", error.to_dict())

    def close(self) -> None:
        """Close the pipe."""
        self._pipe.close()

    def send(self, *event: object) -> None:
        """Send an event.

        Raises:
            BrokenPipeError: The reader is gone, so nobody wants the result.
        """
        with self._lock:
            self._pipe.write(json.dumps(event).encode() + b"\n")


class _SentTask(Task):
    """Adds up a task's progress, and sends it from time to time."""

    def __init__(self, sender: Sender, number: int) -> None:
        self._sender = sender
        self._number = number
        self._done = 0.0
        self._told = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, amount: float = 1) -> None:
        with self._lock:
            self._done += amount
            due = time.monotonic() - self._told > _INTERVAL
        if due:
            self.flush()

    def grow(self, amount: float) -> None:
        self._sender.send("grow", self._number, amount)

    def flush(self) -> None:
        """Send the progress since the last time."""
        with self._lock:
            done, self._done, self._told = self._done, 0.0, time.monotonic()
        if done:
            self._sender.send("advance", self._number, done)


def receive(pipe: BinaryIO, reporter: Reporter) -> PackageError | None:
    """Pass all events to a reporter, until the sender has ended.

    Returns:
        The error that the sender ended with; None if it sent none.
    """
    error = None
    steps: dict[int, tuple[AbstractContextManager[Task], Task]] = {}
    try:
        for line in pipe:
            name, *values = json.loads(line)
            if name == "task":
                number, title, total = values
                step = reporter.task(title, total)
                steps[number] = step, step.__enter__()
            elif name == "end":
                steps.pop(values[0])[0].__exit__(None, None, None)
            elif name in ("advance", "grow"):
                getattr(steps[values[0]][1], name)(values[1])
            elif name == "error":
                error = PackageError.from_dict(values[0])
            else:
                getattr(reporter, name)(*values)
    finally:
        for left, _ in reversed(steps.values()):  # left open by a killed process
            left.__exit__(None, None, None)
    return error
