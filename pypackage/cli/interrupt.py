"""Let Ctrl-C end the command within a second, whatever it is waiting for.

An interrupt becomes an exception as soon as Python code runs again, which cleans up partial
results. But the solver may run for long, and thread pools wait for threads that are
running. A thread of its own receives the signal at once, and ends the process if that
has not happened soon: partial results have names that a later run removes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

GRACE = 0.7  # seconds for the exception to end the command

INTERRUPTED = 130


def watch(program: str) -> None:
    """Start to watch for interrupts.

    Args:
        program: The name that starts the message.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # signals are handled by another part of the program then
    heard, said = os.pipe()
    os.set_blocking(said, False)
    signal.set_wakeup_fd(said, warn_on_full_buffer=False)
    with suppress(RuntimeError):  # no more threads are allowed, which is an error later
        threading.Thread(target=_watch, args=(heard, program), daemon=True).start()
    sys.unraisablehook = _report_others


def _report_others(dropped: sys.UnraisableHookArgs) -> None:
    """Report errors that Python drops, as in a callback of importlib, but no interrupt."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


def _watch(heard: int, program: str) -> None:
    while signal.SIGINT not in os.read(heard, 64):
        pass
    time.sleep(GRACE)
    for child in _children():
        with suppress(OSError):
            os.kill(child, signal.SIGTERM)
    with suppress(OSError, ValueError, AttributeError):
        shown = "\x1b[?25h\r\x1b[K" if sys.stderr.isatty() else ""  # the cursor; no bar
        sys.stderr.write(f"{shown}{program}: error: interrupted\n")
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def _children() -> list[int]:
    """Return this process's children, if the system tells them."""
    found: list[int] = []
    for thread in os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else ():
        with suppress(OSError), open(f"/proc/self/task/{thread}/children") as file:
            found += map(int, file.read().split())
    return found
