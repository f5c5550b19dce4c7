"""Locate strings and comments in a source text, and words outside them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence


class NeedsTree(Exception):
    """Only the syntax tree can show what the source imports."""


TOKEN = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'"
    r"|#[^\n]*|\"|'",  # no character class: each alternative has to begin with a literal
    re.DOTALL,
)
"""A string, a comment, or an unclosed quote."""


class SourceText:
    """A source in which every line, including the first, is preceded by a newline.

    Attributes:
        text: The source.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._strings: list[tuple[int, int]] = []  # triple-quoted ones

    def places(self, word: str) -> Iterator[int]:
        """Where a string occurs, in code, strings or comments."""
        text, at = self.text, -1
        while (at := text.find(word, at + 1)) >= 0:
            yield at

    def words(self, word: str) -> Iterator[int]:
        """Where a word occurs that is not an attribute, in code, strings or comments."""
        text = self.text
        for at in self.places(word):
            if text[at - 1 : at] != "." and self.is_word(at, at + len(word)):
                yield at

    def is_word(self, begin: int, end: int) -> bool:
        """Whether a span is a whole word."""
        before, after = self.text[begin - 1 : begin], self.text[end : end + 1]
        return not (before == "_" or before.isalnum() or after == "_" or after.isalnum())

    def has(self, words: Sequence[str]) -> bool:
        """Whether one of some words occurs outside strings and comments."""
        strings = self._strings[:]
        found = self.in_code(sorted(at for word in words for at in self.places(word)))
        self._strings[:] = strings
        return bool(found)

    def in_code(self, places: list[int]) -> list[int]:
        """The given sorted offsets that are outside strings and comments.

        Triple-quoted strings up to the last offset are kept for `is_in_string`.

        Raises:
            NeedsTree: A quote is never closed.
        """
        text = self.text
        if not places:
            return []
        self._strings.clear()
        found: list[int] = []
        rest = iter(places)
        at: int | None = next(rest)
        for token in TOKEN.finditer(text, 0):
            begin, end = token.span()
            while at is not None and at < begin:
                found.append(at)
                at = next(rest, None)
            if at is None:
                break
            if end - begin == 1 and text[begin] != "#":
                raise NeedsTree
            if end - begin > 6 and text.startswith(('"""', "'''"), begin):
                self._strings.append((begin, end))
            while at is not None and at < end:
                at = next(rest, None)
        while at is not None:
            found.append(at)
            at = next(rest, None)
        return found

    def is_in_string(self, at: int) -> bool:
        """Whether an offset is in one of the strings that the last `in_code` found."""
        index = bisect_right(self._strings, (at, len(self.text))) - 1
        return index >= 0 and self._strings[index][0] < at < self._strings[index][1]
