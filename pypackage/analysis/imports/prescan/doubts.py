"""Whether a `try` that was parsed by itself affects the rest of its source.

The whole tree is needed where a flag that it sets guards another import or is passed on, where
its handler calls a function that may end the program, or where it leaves a function early.
The checks are cheap, and err on the side of needing the tree.
"""

from __future__ import annotations

import _ast
import re
from collections.abc import Iterator, Sequence

from pypackage.analysis.imports.tries import Fork, leaves
from pypackage.python.source_tree import dotted, walk

_CHECKS = re.compile(r"\n(?:assert|if)\b[^\n]*")
_GOES_ON = ("", ".", "[", "_")  # what follows a name that is not used as a flag


class Doubts:
    """Collects the `try` statements and the guarded imports of a source.

    Args:
        text: The source; each line begins behind a newline.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._flags: set[str] = set()  # names that a `try` binds
        self._functions: set[str] = set()  # functions around one
        self._spans: list[tuple[int, int]] = []  # of the `try` statements
        self._regions: list[tuple[int, int]] = []  # before imports, with what guards them
        self._left: list[tuple[int, tuple[int, ...]]] = []
        self._others: list[tuple[int, tuple[int, ...]]] = []

    def add_try(self, forks: Sequence[Fork], span: tuple[int, int], blocks: Sequence[int]) -> bool:
        """Note a `try`; whether it cannot be understood by itself.

        Args:
            forks: It and those in it.
            span: Where it begins and ends.
            blocks: Where the functions and loops around it begin.
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
        """Note an import.

        Args:
            at: Where it begins, or the `try` around it.
            guard: Where that begins which may guard it; -1 for nothing.
            blocks: Where the functions and loops around it begin.
        """
        if guard >= 0:
            self._regions.append((guard, at))
        self._others.append((at, tuple(blocks)))

    def any(self) -> bool:
        """Whether the tree may say something else."""
        if not self._spans:
            return False
        if self._is_passed_on():
            return True  # other names tell other files what the flags do
        for end, blocks in self._left:
            if any(at >= end and set(blocks[-1:]) <= set(around) for at, around in self._others):
                return True
        if not self._regions and not self._may_end():
            return False
        names = self._flags | self._functions
        if not names:
            return False
        text = self._text
        for begin, end in self._regions:
            if any(_has_word(text, name, begin, end) for name in names):
                return True
        return self._may_end() and any(
            any(name in line[0] for name in names) for line in _CHECKS.finditer(text)
        )

    def _may_end(self) -> bool:
        return any(word in self._text for word in ("exit", "raise", "assert", "quit", "abort"))

    def _names_elsewhere(self, fork: Fork) -> bool:
        """Whether its errors, or what its handler calls, are defined elsewhere in the source."""
        types = [one.type for one in fork.node.handlers if one.type is not None]
        names = {one.id for type_ in types for one in walk(type_) if isinstance(one, _ast.Name)}
        handler = fork.handler.body if fork.handler else []
        for node in (one for statement in handler for one in walk(statement)):
            if isinstance(node, _ast.Call):
                name = dotted(node.func)
                if name.endswith((".error", ".exit")) and "ArgumentParser" in self._text:
                    return True
                names.add(name.partition(".")[0])
        if "from sys" in self._text or "from os" in self._text:
            return True
        return any(self._is_defined(name) for name in names if name)

    def _is_defined(self, name: str) -> bool:
        """Whether a name may be bound in the source: defined, assigned or imported under it."""
        text = self._text
        return (
            f"def {name}(" in text
            or f"as {name}\n" in text
            or f"\n{name} =" in text
            or f" {name} =" in text
            or f"\n{name}:" in text
        )

    def _is_passed_on(self) -> bool:
        """Whether another name or a function is made of a flag."""
        return any(made not in self._flags for one in self._flags for made in self._made_of(one))

    def _made_of(self, flag: str) -> Iterator[str]:
        """The names that are assigned, and the functions that return, what a flag says."""
        text, at = self._text, -1
        while (at := text.find(flag, at + 1)) >= 0:
            end = at + len(flag)
            # As a flag a name stands alone, or is called.
            before = text[at - 1]
            if text[end : end + 1] in _GOES_ON or text[end].isalnum():
                continue
            if before in "._" or before.isalnum():
                continue
            line = text[text.rfind("\n", 0, at) + 1 : at].lstrip()
            if line.startswith("return"):
                begin = text.rfind("def ", 0, at)
                named = re.match(r"def\s+(\w+)", text[begin : begin + 200])
                if named:
                    yield named[1]
            elif "=" in line:
                assigned = re.match(r"(\w+)\s*(?::[^=]*)?=[^=]", line)
                inside = any(begin <= at < stop for begin, stop in self._spans)
                if assigned and not inside:
                    yield assigned[1]


def _has_word(text: str, word: str, begin: int, end: int) -> bool:
    at = begin - 1
    while (at := text.find(word, at + 1, end)) >= 0:
        around = text[at - 1] + text[at + len(word) : at + len(word) + 1]
        if not any(one == "_" or one.isalnum() for one in around):
            return True
    return False
