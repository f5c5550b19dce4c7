"""Run this package's work from an event loop; cancelling ends its child processes."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from pypackage.core import process
from pypackage.pipeline.child import OnStart

_T = TypeVar("_T")


async def run(work: Callable[[OnStart], _T]) -> _T:
    """Run a function in a thread.

    Args:
        work: The function; it must call its argument with each process that it starts.
    """
    children: list[subprocess.Popen[bytes]] = []
    cancelled = threading.Event()

    def on_start(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        if cancelled.is_set():
            process.end(child)

    future = asyncio.get_running_loop().run_in_executor(None, work, on_start)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        cancelled.set()
        for child in children:
            await asyncio.to_thread(process.end, child)
        with suppress(Exception):  # raised because the process was ended
            await future
        raise
