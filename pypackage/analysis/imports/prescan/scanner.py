"""Find what most sources import without their syntax tree.

`import` is a keyword: outside strings and comments it begins a statement, and indentation shows
the blocks around it. Anything unusual makes `scan` return None and the caller parses the source;
otherwise both give the same result.
"""

from __future__ import annotations

import re

from pypackage.analysis.imports.model import Import, Scan, Why
from pypackage.analysis.imports.prescan.asked import Asked
from pypackage.analysis.imports.prescan.blocks import OF_TRY, Block, Blocks
from pypackage.analysis.imports.prescan.statements import Statement, Statements
from pypackage.analysis.imports.prescan.text import NeedsTree, SourceText
from pypackage.analysis.imports.tries import CATCHING

_LONG = 100_000  # characters of a source without imports from which on its syntax is not checked
# Templates and unfinished merges: the parser reports that they are not Python.
_NOT_PYTHON = ("{%", "{{ ", "\n<<<<<<< ")
# If one of these occurs, the target may decide a condition.
_GATES = (
    *("version_info", "hexversion", "sys.version", "sys.platform", "platform.system"),
    *("platform.python_imp", "platform as", "from platform", "sys.implementation", "os.name"),
    *("os.sep", "import os as", ", os as", "from os import", "PY2", "PY3", "MYPY"),
    "in sys.modules",
)
_LEAVES = re.compile(r"\n[ \t\f]*(?:return|raise|continue|break)\b")
_UNCONDITIONAL = ("def", "class", "for", "with")
# If none of these occurs, the source does not end the program.
_ENDS = ("exit", "raise", "assert", "quit", "abort", "NoReturn", "Never")
_CONDITION = re.compile(r"\n[ \t]*(?:el)?if\b([^\n]*)")


def scan(text: str) -> Scan | None:
    """Find what a text imports; None if that needs its tree."""
    source = SourceText(f"\n{text}")
    found = Scan()
    try:
        if any(mark in text for mark in _NOT_PYTHON) and source.has(_NOT_PYTHON):
            return None
        if "import" in text:
            found = _Prescan(source).scan()
    except NeedsTree:
        return None
    # A source without imports is parsed to check that it is Python at all.
    return found if found.imports or len(text) > _LONG or text.isspace() or not text else None


class _Prescan:
    """Scans one source."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._text = source.text
        self._statements = Statements(source)
        self._may_end = any(word in self._text for word in _ENDS)
        self._gates: bool | None = None
        self._asked: Asked | None = None
        self._left_at: dict[int, tuple[int, bool]] = {}
        self._conditions: dict[int, tuple[int, bool]] = {}

    def scan(self) -> Scan:
        """Scan the source.

        Raises:
            NeedsTree: The syntax tree is needed.
        """
        statements = self._statements.find()
        if statements and ("\nraise " in self._text or "\nraise\n" in self._text):
            raise NeedsTree
        indented = [one for one in statements if one.indent]
        around = self._blocks_around(indented) if indented else {}
        imports: list[Import] = []
        for one in statements:
            blocks = around.get(one.begin, ())
            checking = any(block.checking for block in blocks)
            why = Why.TYPE_CHECKING if checking else Why.REQUIRED
            imports += one.imports(why, deferred=any(block.kind == "def" for block in blocks))
        return Scan(tuple(imports))

    def _blocks_around(self, indented: list[Statement]) -> dict[int, list[Block]]:
        """The blocks around each indented statement, by where it begins."""
        text, last = self._text, indented[-1].begin
        takes_errors = any(name in text for name in CATCHING)
        takes_errors = takes_errors and ("suppress" in text or "aises" in text)
        open_blocks = Blocks(self._source, max(one.indent for one in indented), last)
        found = {}
        for one in indented:
            around = found[one.begin] = open_blocks.around(one.begin, one.indent)
            kinds = {block.kind for block in around}
            # Parsing a `try` alone takes as long as the whole source, with what has to be checked.
            if not kinds.isdisjoint(OF_TRY) or (takes_errors and "with" in kinds):
                raise NeedsTree
            guard = self._guard(around, one.begin)
            if guard >= 0 and (self._has_gates() or self._may_ask_for_flag(guard, one.begin)):
                raise NeedsTree
            # Such as `if not HAS_X: sys.exit()` above it.
            if self._may_end and self._may_ask_for_flag(around[0].begin, one.begin):
                raise NeedsTree
        # An uncounted occurrence may bind it to another name.
        if text.count("TYPE_CHECKING", 0, last) > self._statements.checking + open_blocks.checking:
            raise NeedsTree
        return found

    def _has_gates(self) -> bool:
        if self._gates is None:
            self._gates = any(word in self._text for word in _GATES) and self._source.has(_GATES)
        return self._gates

    def _guard(self, around: list[Block], at: int) -> int:
        """The beginning of what may prevent a statement from running; -1 if there is nothing.

        That is a block around the statement, or its function if a statement above leaves it.
        """
        gates = [block.begin for block in around if block.kind not in _UNCONDITIONAL]
        begin = max((block.begin for block in around if block.kind == "def"), default=0)
        searched, leaves = self._left_at.get(begin, (begin, False))
        leaves = leaves or _LEAVES.search(self._text, searched, at) is not None
        self._left_at[begin] = (at - 1, leaves)  # a match begins with the newline before a line
        if leaves:
            gates.append(begin)
        return min(gates, default=-1)

    def _may_ask_for_flag(self, guard: int, at: int) -> bool:
        """Whether a condition after a guard tests an imported name, which may be a flag."""
        begin, found = self._conditions.get(guard, (guard - 1, False))
        if not found and self._statements.bound:
            if self._asked is None:
                self._asked = Asked(self._text, self._statements.bound)
            conditions = _CONDITION.finditer(self._text, begin, at)
            found = any(self._asked.by(condition[1]) for condition in conditions)
        self._conditions[guard] = (at - 1, found)
        return found
