"""Import modules in a thread, while other processes work."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from threading import Thread

_threads: list[Thread] = []


def start(*names: str) -> None:
    """Start to import modules in the background; users import them as usual."""
    thread = Thread(target=_load, args=names, daemon=True)
    thread.start()
    _threads.append(thread)


def finish() -> None:
    """Wait until all of them are imported."""
    while _threads:
        _threads.pop().join()


def _load(*names: str) -> None:
    for name in names:
        with suppress(Exception):  # raised again where the module is needed
            import_module(name)
