"""Get a Python program onto machines that have nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypackage.api import analyze, analyze_function, analyze_pickle, create, environment_for

__all__ = ["analyze", "analyze_function", "analyze_pickle", "create", "environment_for"]


def __getattr__(name: str) -> object:
    """The public functions, loaded when they are asked for: the executables need no time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pypackage import api

    return getattr(api, name)
