"""Split a source into logical lines without its grammar.

Only strings, comments and brackets are recognized. Where brackets do not match, a line that
begins like a statement ends what is open, so that the rest of the source is split correctly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.core.typed import NamedTuple


class Line(NamedTuple):
    """A logical line.

    Attributes:
        number: The number of its first physical line, from 1.
        indent: Its indentation in columns, with tab stops every 8.
        column: The column of its text, from 1.
        text: As in the source, without indentation and trailing comments.
        whole: Whether its brackets and strings are closed.
    """

    number: int
    indent: int
    column: int
    text: str
    whole: bool


_TRIPLE = (
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\Z)'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\Z)"
)
_SINGLE = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?' + r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
_TOKEN = (
    rf"(?s)(?P<triple>{_TRIPLE})|(?P<single>{_SINGLE})|(?P<comment>#[^\n]*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<newline>\n)|\\.|[^\"'#()\[\]{}\n\\]+"
)
# In valid source, no line inside brackets begins like this.
_STATEMENT = (
    r"[ \t\f]*(?:(?:lazy[ \t]+)?import[ \t]+\w|(?:lazy[ \t]+)?from[ \t]+[.\w]+[ \t]+import\b"
    r"|(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w+[ \t]*[(:\[]|(?:try|finally)[ \t]*:"
    r"|except\b|return\b|raise\b|while\b|with\b|del\b|assert\b|global\b|pass\b|@\w)"
)


def logical_lines(text: str) -> Iterator[Line]:
    """Yield the logical lines of a text whose lines end with newlines, without blank ones."""
    statement = re.compile(_STATEMENT)
    number = first = 1
    begin = depth = 0
    closed = True
    for token in re.finditer(_TOKEN, text):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            closed = closed and depth > 0
            depth = max(depth - 1, 0)
        elif kind == "newline":
            number += 1
            broken = depth > 0 and statement.match(text, token.end())
            if depth == 0 or broken:
                yield from _line(text[begin : token.start()], first, closed and not broken)
                begin, first, depth, closed = token.end(), number, 0, True
        elif kind != "comment":
            closed = closed and _is_closed(token[0], kind)
            number += token[0].count("\n")
    yield from _line(text[begin:], first, closed and depth == 0)


def _line(text: str, number: int, whole: bool) -> Iterator[Line]:
    stripped = text.lstrip(" \t\f")
    if not stripped.strip() or stripped.startswith("#"):
        return
    lead = text[: len(text) - len(stripped)].rpartition("\f")[2]
    skipped = len(text) - len(stripped)
    yield Line(number, len(lead.expandtabs(8)), skipped + 1, stripped, whole)


def _is_closed(token: str, kind: str | None) -> bool:
    if kind == "triple":
        return len(token) >= 6 and token.endswith(token[:3])
    return kind != "single" or (len(token) > 1 and token.endswith(token[0]))
