"""Check the limits of this process, under which the engine would panic, abort or hang."""

from __future__ import annotations

import errno
import os
import resource

# What a small environment takes on two processors, and some more; the memory in bytes.
_FILES = 64
_PROCESSES = 64
_MEMORY = 3 << 29


def check() -> None:
    """Check that there is room for the engine's files, threads and memory.

    Raises:
        OSError: Too few files or processes are allowed, or no valid number of threads.
        MemoryError: Too little memory is.
    """
    threads = os.environ.get("TOKIO_WORKER_THREADS", "1")
    if not threads.isdecimal() or int(threads) == 0:
        raise OSError(errno.EINVAL, "TOKIO_WORKER_THREADS is not a number of threads: unset it")
    if _limit(resource.RLIMIT_NOFILE) < _FILES:
        raise OSError(errno.EMFILE, f"fewer than {_FILES} files may be open at a time")
    if os.geteuid() and _limit(resource.RLIMIT_NPROC) < _PROCESSES:  # does not apply to root
        raise OSError(errno.EAGAIN, f"fewer than {_PROCESSES} processes and threads may run")
    if _limit(resource.RLIMIT_AS) < _MEMORY:
        raise MemoryError


def _limit(kind: int) -> float:
    limit = resource.getrlimit(kind)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit
