"""Read TOML 1.1, as pixi and uv do: CPython's own reader only knows 1.0 until Python 3.15."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def loads(text: str) -> dict[str, Any]:
    """Parse a document.

    Raises:
        ValueError: It is not valid; the message ends with the place.
    """
    try:
        toml = import_module("tomllib" if sys.version_info >= (3, 15) else "tomli")
    except ImportError:  # OS packages that do without tomli read TOML 1.0
        toml = import_module("tomllib")
    found: dict[str, Any] = toml.loads(text)
    return found
