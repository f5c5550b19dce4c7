"""Determine the blocks around a line from headers and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.analysis.imports.prescan.text import TOKEN, NeedsTree, SourceText
from pypackage.core.typed import NamedTuple

# For lines indented no further than the deepest import: others do not matter.
_HEADER = (
    r"\n( {0,%d}(?:[\t\f][ \t\f]*)?)"
    r"(if|elif|else|for|while|try|except|finally|with|def|class|async|match|case"
    r"|return|raise|continue|break)\b([^\n]*)"
)
# The rest of a header that needs no closer look.
_SIMPLE = re.compile(r"[^()\[\]{}\"'#\\]*(?:\([^()\[\]{}\"'#\\]*\)[^()\[\]{}\"'#\\]*)*")
_PART = re.compile(
    rf"{TOKEN.pattern}|[()\[\]{{}}\n]|[ \t\f]+|\\\\.|[^\"'#()\[\]{{}}\n\\\\ \t\f]+", re.DOTALL
)
_CHECKING = re.compile(r"[ \t]*\(?[ \t]*(?:\w+\.)?TYPE_CHECKING[ \t]*\)?[ \t]*:")
# A constant operand, or two compared constants: the condition may be decidable.
_LITERAL = (
    r"(?:True|False|None|\.?\d[\w.]*|[bBrRuUfF]{0,2}(?:\"[^\"\n]*\"|'[^'\n]*')|\(\)|\[\]|\{\})"
)
_CONSTANT = re.compile(
    r"(?:^|\b(?:and|or)\b|(?<!is )\bnot\b)[ \t(]*"
    rf"{_LITERAL}(?:[ \t]*(?:[=!<>]=?|(?:not )?in|is(?: not)?)[ \t]*{_LITERAL})?"
    r"[ \t]*(?:$|:|\)|\b(?:and|or)\b)"
)
_LEAVING = ("return", "raise", "continue", "break")
_CONTINUING = ("elif", "else", "except", "finally")
_OPENING = ("def", "class", "with", "try", "except", "finally", "elif")
OF_TRY = ("try", "except", "finally", "try-else")


class Block(NamedTuple):
    """An open block: its indentation and kind, and where the whole statement begins.

    Attributes:
        checking: Whether its condition is TYPE_CHECKING.
    """

    indent: int
    kind: str
    begin: int
    checking: bool = False


class Blocks:
    """Follows the headers of a source from top to bottom.

    Args:
        source: The source.
        deepest: The indentation of the deepest line to be queried.
        end: The beginning of the last line to be queried.

    Attributes:
        checking: The number of blocks whose condition is TYPE_CHECKING.
    """

    def __init__(self, source: SourceText, deepest: int, end: int) -> None:
        self._source = source
        self._headers = self._found(deepest, end)
        self._next = next(self._headers, None)
        self._stack: list[Block] = []
        self._left: list[int] = []  # indentations at which a block was left
        self.checking = 0

    def around(self, at: int, indent: int) -> list[Block]:
        """The blocks around a line, outermost first; lines must be queried from top to bottom.

        Raises:
            NeedsTree: The line is in no block, or something above it is unusual.
        """
        while self._next is not None and self._next.start(1) < at:
            self._open(self._next)
            self._next = next(self._headers, None)
        found = [block for block in self._stack if block.indent < indent]
        if not found or any(end <= indent for end in self._left):
            raise NeedsTree
        return found

    def _found(self, deepest: int, end: int) -> Iterator[re.Match[str]]:
        for header in re.compile(_HEADER % deepest).finditer(self._source.text, 0, end):
            if not self._source.is_in_string(header.start(1)):
                yield header

    def _open(self, header: re.Match[str]) -> None:
        """Handle a line that begins like a header, or like a statement that leaves a block."""
        lead, kind, rest = header.groups()
        if lead.strip(" "):
            raise NeedsTree
        indent = len(lead)
        self._left[:] = [end for end in self._left if end <= indent]
        if kind in _LEAVING:
            self._left.append(indent)
            return
        if not self._opens(kind, header):
            return
        opener = None
        while self._stack and self._stack[-1].indent >= indent:
            popped = self._stack.pop()
            opener = popped if popped.indent == indent else opener
        if kind == "async":
            kind = rest.split()[0] if rest.split() else ""
        begin = header.start(1)
        if kind in _CONTINUING:
            if opener is None:
                raise NeedsTree
            begin = opener.begin
            if kind == "else" and opener.kind in OF_TRY:
                kind = "try-else"
            elif kind == "else" and opener.kind == "while-true":
                raise NeedsTree
        kind, checking = _with_condition(kind, rest)
        self.checking += checking
        self._stack.append(Block(indent, kind, begin, checking))

    def _opens(self, kind: str, header: re.Match[str]) -> bool:
        """Whether a line that begins with a keyword opens a block.

        A line inside brackets may begin so too, as part of a comprehension or a conditional
        expression: it does not end with a colon outside all brackets.
        """
        if kind in _OPENING:
            return True
        if _SIMPLE.fullmatch(header[3]):
            return header[3].rstrip(" \t\f").endswith(":")
        depth, last = 0, ""
        for part in _PART.finditer(self._source.text, header.start(3)):
            mark = part[0]
            if mark in "([{":
                depth += 1
            elif mark in ")]}":
                depth -= 1
            elif mark == "\n" and depth <= 0:
                break
            if depth < 0:
                return False
            if mark[0] not in "# \t\f\n":
                last = mark[-1]
        return last == ":" and depth == 0


def _with_condition(kind: str, rest: str) -> tuple[str, bool]:
    """The kind of a block with a condition, and whether the condition is TYPE_CHECKING."""
    if kind == "if" and _CHECKING.match(rest):
        return kind, True
    if kind in ("if", "elif", "while", "match") and _CONSTANT.search(rest):
        if kind != "while" or not re.match(r"[ \t]*(?:True|1)[ \t]*:", rest):
            raise NeedsTree
        return "while-true", False
    return kind, False
