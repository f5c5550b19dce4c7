"""Find what most sources import without their syntax tree.

`import` is a keyword: outside strings and comments it begins a statement, and indentation shows
the blocks around it. Anything unusual makes `scan` return None and the caller parses the source;
otherwise both give the same result.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from pypackage.analysis.imports.conditions import Judge
from pypackage.analysis.imports.contexts import stronger
from pypackage.analysis.imports.flags import exported
from pypackage.analysis.imports.model import Import, Scan, Target, Why
from pypackage.analysis.imports.prescan import blocks
from pypackage.analysis.imports.prescan.asked import Asked
from pypackage.analysis.imports.prescan.blocks import OF_TRY, Block, Blocks
from pypackage.analysis.imports.prescan.doubts import Doubts
from pypackage.analysis.imports.prescan.statements import Statement, Statements
from pypackage.analysis.imports.prescan.text import NeedsTree, SourceText
from pypackage.analysis.imports.scopes import Scope
from pypackage.analysis.imports.tries import CATCHING, Fork, moved
from pypackage.analysis.imports.walker import Found, Walker
from pypackage.python.source_tree import Parsed, parse

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
_GLOBAL = re.compile(r"\n[ \t]+(?:global|nonlocal)\b([^\n]*)")
_UNCONDITIONAL = ("def", "class", "for", "with", *OF_TRY)
_CONDITION = re.compile(r"\n[ \t]*(?:el)?if\b([^\n]*)")


def scan(text: str) -> Scan | None:
    """Find what a text imports; None if that needs its tree."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
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
        self._doubts = Doubts(source.text)
        self._gates: bool | None = None
        self._asked: Asked | None = None
        self._indented: list[Statement] = []
        self._begins: list[int] = []
        self._left_at: dict[int, tuple[int, bool]] = {}
        self._found: dict[int, list[Import]] = {}  # of indented statements, by where they begin
        self._flags: list[tuple[str, int, int]] = []
        self._conditions: dict[int, tuple[int, bool]] = {}

    def scan(self) -> Scan:
        """Scan the source.

        Raises:
            NeedsTree: The syntax tree is needed.
        """
        statements = self._statements.find()
        if not statements:
            return Scan()
        if "\nraise " in self._text or "\nraise\n" in self._text:
            raise NeedsTree
        self._indented = [one for one in statements if one.indent]
        self._begins = [one.begin for one in self._indented]
        if self._indented:
            self._look_into_blocks()
        if len({name for name, _, _ in self._flags}) < len(self._flags):
            raise NeedsTree  # set by several `try` statements
        imports: list[Import] = []
        for one in statements:
            imports += self._found[one.begin] if one.indent else one.imports()
        return Scan(tuple(imports), flags=tuple(sorted(self._flags)))

    def _look_into_blocks(self) -> None:
        text, last = self._text, self._indented[-1].begin
        takes_errors = any(name in text for name in CATCHING)
        takes_errors = takes_errors and ("suppress" in text or "aises" in text)
        open_blocks = Blocks(self._source, max(one.indent for one in self._indented), last)
        for one in self._indented:
            around = open_blocks.around(one.begin, one.indent)
            if one.begin in self._found:
                continue
            if takes_errors and any(block.kind == "with" for block in around):
                raise NeedsTree
            guard = self._guard(around, one.begin)
            if guard >= 0 and (self._has_gates() or self._may_ask_for_flag(guard, one.begin)):
                raise NeedsTree
            # Such as `if not HAS_X: sys.exit()` above it.
            if self._doubts.may_end and self._may_ask_for_flag(around[0].begin, one.begin):
                raise NeedsTree
            begin = min([one.begin, *(block.begin for block in around if block.kind in OF_TRY)])
            self._doubts.add_import(begin, guard if guard < begin else -1, blocks.runs(around))
            self._take(one, around)
        # An uncounted occurrence may bind it to another name.
        if text.count("TYPE_CHECKING", 0, last) > self._statements.checking + open_blocks.checking:
            raise NeedsTree
        if self._doubts.any():
            raise NeedsTree

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

    def _take(self, one: Statement, around: list[Block]) -> None:
        """Determine from the blocks around a statement why it runs."""
        why, deferred = Why.REQUIRED, False
        for block in around:
            if block.kind in OF_TRY:
                self._take_try(block, why, around, deferred=deferred)
                if one.begin not in self._found:
                    raise NeedsTree
                return
            deferred = deferred or block.kind == "def"
            why = Why.TYPE_CHECKING if block.checking else why
        self._found[one.begin] = one.imports(why, deferred=deferred)

    def _take_try(self, block: Block, why: Why, around: list[Block], *, deferred: bool) -> None:
        """Find all imports of a `try` statement by parsing it alone."""
        end = blocks.end_of(block, self._source)
        snippet = self._text[block.begin : end]
        if "suppress" in snippet or "aises" in snippet:
            raise NeedsTree
        parsed = parse(snippet)
        first = bisect_left(self._begins, block.begin)
        inside = self._indented[first : bisect_left(self._begins, end)]
        # If lines inside brackets or strings start at its indentation, its end is not found.
        if not inside or not isinstance(parsed, Parsed) or len(parsed.tree.body) != 1:
            raise NeedsTree
        walker = Walker(expressions=False)
        scope = walker.walk(parsed.tree)
        if len(walker.statements) != len(inside):
            raise NeedsTree
        outside = [one for one in around if one.begin < block.begin]
        if any(not name.isidentifier() for fork in walker.forks for name in fork.names()):
            raise NeedsTree  # an attribute or item may be a flag
        if self._doubts.add_try(walker.forks, (block.begin, end), blocks.runs(outside)):
            raise NeedsTree
        if "return" in snippet and any(one.kind == "def" for one in outside):
            raise NeedsTree  # the function's result may show whether the import succeeds
        # The offset of the snippet's line numbers in the source.
        above = self._text.count("\n", block.begin, inside[0].begin)
        down = inside[0].line - above - 1 - parsed.shift
        by_line = {one.line: one for one in inside}
        for found in walker.statements:
            one = by_line.get(found.node.lineno + down)
            if one is None or one.begin in self._found:
                raise NeedsTree
            self._found[one.begin] = self._of_try(one, found, why, down, deferred=deferred)
        self._add_flags(walker, scope, outside, down, (block.begin, end))
        walker.release()

    def _of_try(
        self, one: Statement, found: Found, why: Why, down: int, *, deferred: bool
    ) -> list[Import]:
        """The imports of one statement in a `try`."""
        if found.context.has_condition and self._has_gates():
            raise NeedsTree
        effect = found.context.effect(Judge(Target()))
        if effect.flags:
            raise NeedsTree
        strongest, reason = stronger((why, ""), effect.strongest)
        choices: tuple[tuple[int, int], ...] = ()
        if why is Why.REQUIRED:
            choices = tuple((moved(fork, down), way) for fork, way in effect.choices)
        late = deferred or effect.deferred
        return [
            Import(module, name, one.line, one.column, strongest, reason, late, choices=choices)
            for module, name in one.taken
        ]

    def _add_flags(
        self,
        walker: Walker,
        scope: Scope,
        outside: list[Block],
        down: int,
        span: tuple[int, int],
    ) -> None:
        """Add the flags that a `try` at module level sets, which other files may test."""
        kinds = {block.kind for block in outside}
        if "def" in kinds and self._are_global(walker.forks):
            raise NeedsTree
        if "class" in kinds and "def" not in kinds:
            raise NeedsTree
        if "def" in kinds or not walker.forks:
            return
        names = {name for fork in walker.forks for name in _set_once(fork)}
        if outside or any(self._is_assigned(name, scope, span) for name in names):
            raise NeedsTree
        for name, fork, way in exported(scope, Judge(Target())):
            self._flags.append((name, moved(fork.key, down), way))

    def _is_assigned(self, name: str, scope: Scope, span: tuple[int, int]) -> bool:
        """Whether a value may be assigned to a name, in the `try` or elsewhere in the source."""
        if any(one.kind == "value" for one in scope.lookup(name)):
            return True
        begin, end = span
        assigns = re.compile(rf"\b{name}\b(?:[^\n]*?[^=!<>\n])??=(?!=)")
        return any(map(assigns.search, (self._text[:begin], self._text[end:])))

    def _are_global(self, forks: Iterable[Fork]) -> bool:
        """Whether a function may set flags of the module."""
        named = {name for line in _GLOBAL.findall(self._text) for name in re.findall(r"\w+", line)}
        return any(name in named for fork in forks for name in fork.names())


def _set_once(fork: Fork) -> Iterator[str]:
    """The names that one branch of a `try` binds and the other leaves unchanged."""
    for name in fork.names():
        body, handler = fork.truths(name)
        if (body is None) is not (handler is None):
            yield name
