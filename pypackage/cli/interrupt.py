"""Let Ctrl-C end the command within a second, whatever it is waiting for.

An interrupt becomes an exception as soon as Python code runs again, and what is half-made is
cleaned up on its way. But the solver may be at work for long, and pools of threads wait for those
that are running. A thread of its own hears of the signal at once, and ends the process if that
has not happened soon: what is left behind has a name that a later run sweeps.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

GRACE = 0.7  # seconds for the orderly way

INTERRUPTED = 130


def watch(program: str) -> None:
    """Begin to watch for interrupts.

    Args:
        program: What the message begins with.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # then it is another's concern
    heard, said = os.pipe()
    os.set_blocking(said, False)
    signal.set_wakeup_fd(said, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(heard, program), daemon=True).start()


def _watch(heard: int, program: str) -> None:
    while signal.SIGINT not in os.read(heard, 64):
        pass
    time.sleep(GRACE)
    for child in _children():
        with suppress(OSError):
            os.kill(child, signal.SIGTERM)
    with suppress(OSError, ValueError, AttributeError):
        shown = "\x1b[?25h\r\x1b[K" if sys.stderr.isatty() else ""  # the cursor, below no bar
        sys.stderr.write(f"{shown}{program}: error: interrupted\n")
        sys.stderr.flush()
    os._exit(INTERRUPTED)


def _children() -> list[int]:
    """The processes that this one has started, where the system tells."""
    found: list[int] = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, path.read_text().split())
    return found
