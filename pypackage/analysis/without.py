"""Describe what a program does without an optional module."""

from __future__ import annotations

import ast
import warnings
from functools import cache

_LONGEST = 60  # characters of quoted source
_MOST_STATEMENTS = 2


def describe(path: str, line: int) -> str:
    """Describe what runs when the import in a line of a file fails; empty if unknown.

    Args:
        path: The file.
        line: The line of the import, from 1.
    """
    tree = _parsed(path)
    handlers = [
        handler
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.Try)
        and node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        for handler in node.handlers[:1]
    ]
    if not handlers:
        return ""
    body = max(handlers, key=lambda handler: handler.lineno if handler.lineno > line else 0).body
    if all(isinstance(one, ast.Pass | ast.Continue) for one in body):
        return "goes on"
    told = "; ".join(ast.unparse(one).partition("\n")[0] for one in body[:_MOST_STATEMENTS])
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"


@cache
def _parsed(path: str) -> ast.AST | None:
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
