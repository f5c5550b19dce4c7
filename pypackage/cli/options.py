"""Command-line options as tables, one row for each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Option(NamedTuple):
    """An option.

    Attributes:
        flags: Its names, with dashes and spaces between them.
        help: What it does.
        metavar: What its value is called; empty for a flag, which has none.
        repeated: Whether it may be given several times.
        more: What argparse is to know besides.
    """

    flags: str
    help: str
    metavar: str = ""
    repeated: bool = False
    more: Mapping[str, Any] = {}


def add(group: argparse._ActionsContainer, options: Iterable[Option]) -> None:
    """Add options; those that are not given are False, empty, or an empty list."""
    for option in options:
        if not option.metavar:
            kind: dict[str, Any] = {"action": "store_true"}
        elif option.repeated:
            kind = {"action": "append", "default": [], "metavar": option.metavar}
        else:
            kind = {"default": "", "metavar": option.metavar}
        group.add_argument(*option.flags.split(), help=option.help, **{**kind, **option.more})
