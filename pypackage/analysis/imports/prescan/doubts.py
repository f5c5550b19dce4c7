"""Decide whether a `try` that was parsed by itself affects the rest of its source.

The whole tree is needed if a flag that it sets guards another import or is passed on, if its
handler calls a function that may end the program, or if it leaves a function early. The checks
are cheap; in doubt the tree is needed.
"""

from __future__ import annotations

import _ast
import re
from collections.abc import Sequence

from pypackage.analysis.imports.tries import Fork, leaves
from pypackage.python.source_tree import dotted, walk

_CHECKS = re.compile(r"\n(?:assert|if)\b[^\n]*")
_PASSES = re.compile(r"\n[ \t]*(?:return\b|(\w+)[ \t]*(?::[^=\n]*)?=(?!=))([^\n]*)")
_ENDS = ("exit", "raise", "assert", "quit", "abort", "NoReturn", "Never")
_WORD = re.compile(r"\w+")
_ALONE = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?![\w.\[])")  # without attribute or item access


class Doubts:
    """Collects the `try` statements and guarded imports of a source.

    Args:
        text: The source; each line is preceded by a newline.

    Attributes:
        may_end: Whether the source may end the program, or raise.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._flags: set[str] = set()  # names bound in a `try`
        self._functions: set[str] = set()  # functions that contain one
        self._spans: list[tuple[int, int]] = []  # the `try` statements
        self._regions: dict[int, int] = {}  # from each guard to the last import it guards
        self._defined: dict[str, bool] = {}
        self.may_end = any(word in text for word in _ENDS)
        self._may_exit_by_name = "from sys" in text or "from os" in text
        self._left: list[tuple[int, tuple[int, ...]]] = []
        self._others: list[tuple[int, tuple[int, ...]]] = []

    def add_try(self, forks: Sequence[Fork], span: tuple[int, int], blocks: Sequence[int]) -> bool:
        """Record a `try`; return whether it cannot be analyzed by itself.

        Args:
            forks: It and the nested ones.
            span: Its beginning and end.
            blocks: The beginnings of the functions and loops around it.
        """
        self._spans.append(span)
        for fork in forks:
            self._flags.update(fork.names())
            handler = fork.handler.body if fork.handler else []
            if leaves(fork.node.orelse or fork.node.body) != leaves(handler):
                self._left.append((span[1], tuple(blocks)))
        if any(self._names_elsewhere(fork) for fork in forks):
            return True
        self._functions.update(
            match[1]
            for begin in blocks
            if (match := re.compile(r"\s*(?:async\s+)?def\s+(\w+)").match(self._text, begin))
        )
        return False

    def add_import(self, at: int, guard: int, blocks: Sequence[int]) -> None:
        """Record an import.

        Args:
            at: The beginning of the import, or of the `try` around it.
            guard: The beginning of what may guard it; -1 if there is none.
            blocks: The beginnings of the functions and loops around it.
        """
        if guard >= 0:
            self._regions[guard] = max(at, self._regions.get(guard, 0))
        self._others.append((at, tuple(blocks)))

    def any(self) -> bool:
        """Whether the whole tree might give another result."""
        if not self._spans:
            return False
        if self._is_passed_on():
            return True  # other files may test other names for the same flags
        for end, blocks in self._left:
            if any(at >= end and set(blocks[-1:]) <= set(around) for at, around in self._others):
                return True
        if not self._regions and not self.may_end:
            return False
        names = self._flags | self._functions
        if not names:
            return False
        text = self._text
        for begin, end in self._regions.items():
            if not names.isdisjoint(_WORD.findall(text, begin, end)):
                return True
        return self.may_end and any(
            not names.isdisjoint(_WORD.findall(line[0])) for line in _CHECKS.finditer(text)
        )

    def _names_elsewhere(self, fork: Fork) -> bool:
        """Whether exceptions it catches, or what its handler calls, are defined in the source."""
        types = [one.type for one in fork.node.handlers if one.type is not None]
        names = {one.id for type_ in types for one in walk(type_) if isinstance(one, _ast.Name)}
        handler = fork.handler.body if fork.handler else []
        for node in (one for statement in handler for one in walk(statement)):
            if isinstance(node, _ast.Call):
                name = dotted(node.func)
                if name.endswith((".error", ".exit")) and "ArgumentParser" in self._text:
                    return True
                names.add(name.partition(".")[0])
        if self._may_exit_by_name:
            return True
        return any(self._is_defined(name) for name in names if name)

    def _is_defined(self, name: str) -> bool:
        """Whether a name may be bound in the source: defined, assigned or imported."""
        if name not in self._defined:
            ways = (f"def {name}(", f"as {name}\n", f"\n{name} =", f" {name} =", f"\n{name}:")
            self._defined[name] = any(way in self._text for way in ways)
        return self._defined[name]

    def _is_passed_on(self) -> bool:
        """Whether another name, or what a function returns, is derived from a flag."""
        spans = iter(sorted(self._spans))
        begin, end = next(spans)
        for line in _PASSES.finditer(self._text):
            while end <= line.start() and (span := next(spans, None)):
                begin, end = span
            target = line[1]
            if target and (target in self._flags or begin <= line.end() < end):
                continue
            if not self._flags.isdisjoint(_ALONE.findall(line[2])):
                return True
        return False
