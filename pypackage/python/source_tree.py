"""Parse source text into a tree without the `ast` module, which is slow to import."""

from __future__ import annotations

import _ast
import re
import warnings
from collections.abc import Iterator

from pypackage.core.typed import NamedTuple

# A dotted name for which the parser takes time quadratic in its length.
_ENDLESS = r"(?:\.\w+){2000}"
_LONG = 4_000


class Parsed(NamedTuple):
    """A parsed source.

    Attributes:
        tree: The syntax tree.
        whole: Whether it is complete, not only of the parts that can be parsed.
    """

    tree: _ast.Module
    whole: bool = True


class NotParsed(NamedTuple):
    """Where and why a text cannot be parsed by this Python."""

    line: int
    column: int
    message: str


def parse(text: str) -> Parsed | NotParsed:
    """Parse a source, which may be indented as a whole.

    `inspect.getsource` returns nested functions so.
    """
    if len(text) > _LONG and re.search(_ENDLESS, text):
        return NotParsed(1, 1, "too many dots in a row")
    try:
        return Parsed(tree_of(text))
    except SyntaxError as error:
        if isinstance(error, IndentationError):
            tree = _indented(text)
            if tree is not None:
                return Parsed(tree)
        return NotParsed(error.lineno or 1, max(error.offset or 1, 1), error.msg)
    except (RecursionError, MemoryError):
        return NotParsed(1, 1, "nested too deeply to be parsed")
    except (ValueError, OverflowError, SystemError) as error:
        return NotParsed(1, 1, str(error))


def tree_of(text: str) -> _ast.Module:
    """Return the syntax tree of a text; raises what `compile` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes and the like: not ours to report
        tree = compile(text, "<source>", "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, _ast.Module)
    return tree


def _indented(text: str) -> _ast.Module | None:
    """Parse a text that is one indented block, as the body of an `if`."""
    try:
        tree = tree_of(f"if 1:\n{text}")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    # More than the `if`: only a part of the text was indented, which is an error.
    if len(tree.body) != 1 or not isinstance(tree.body[0], _ast.If):
        return None
    tree.body = tree.body[0].body
    for node in walk(tree):
        if hasattr(node, "end_lineno"):  # the `if` is no line of the text
            node.lineno -= 1  # type: ignore[attr-defined]
            node.end_lineno -= 1
    return tree


def children(node: _ast.AST) -> Iterator[_ast.AST]:
    """Yield the direct children of a node."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for one in value:
                if isinstance(one, _ast.AST):
                    yield one
        elif isinstance(value, _ast.AST):
            yield value


def walk(node: _ast.AST) -> Iterator[_ast.AST]:
    """Yield all nodes of a tree, itself first, in the order of the source."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        todo.extend(reversed(list(children(one))))


def dotted(node: _ast.AST | None) -> str:
    """Return `a.b.c` for the expression a.b.c; empty for any other."""
    names: list[str] = []
    while isinstance(node, _ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, _ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])
