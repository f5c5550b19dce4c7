"""What most sources import, found without a tree.

`import` is a keyword: outside of strings and comments it begins a statement, whatever else
stands in the source. What it stands under is told by indentation. All that is not plain is
left to the tree: `scan` then returns None. So its answer is that of the tree, or none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pypackage.analysis.imports.conditions import Judge
from pypackage.analysis.imports.contexts import stronger
from pypackage.analysis.imports.doubts import Doubts
from pypackage.analysis.imports.model import Import, Scan, Target, Why
from pypackage.analysis.imports.tries import moved
from pypackage.analysis.imports.walker import Walker
from pypackage.python.source_tree import Parsed, parse


class _Odd(Exception):
    """Something that only the tree can tell."""


# With one of these modules there may be other ways to import, by one of these functions.
_IMPORTING = {"importlib", "pkgutil", "runpy", "imp"}
_FUNCTIONS = (
    "find_spec",
    "find_loader",
    "get_loader",
    "find_module",
    "resolve_name",
    "run_module",
)
_EXECUTING = ("exec", "eval")
# Of templates, and of merges that were not finished: the tree tells that it is no Python.
_LONG = 100_000  # characters of a source without imports that need not be Python
_NOT_PYTHON = ("{%", "{{ ", "\n<<<<<<< ")
# Where one of these occurs, a condition may be known for the target.
_GATES = (
    *("version_info", "hexversion", "sys.version", "sys.platform", "platform.system"),
    *("platform.python_imp", "platform as", "from platform", "sys.implementation", "os.name"),
    *(
        "os.sep",
        "import os as",
        ", os as",
        "from os import",
        "PY2",
        "PY3",
        "MYPY",
        "in sys.modules",
    ),
)
_TOKEN = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'"
    r"|#[^\n]*|\"|'",  # no set of characters: each alternative is to begin with a literal
    re.DOTALL,
)
_END = r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)"
_SKIP = re.compile(
    r"[ ]*(?:\w+[ \t]*=[ \t]*)?(pytest\.importorskip\([ \t]*[\"']([A-Za-z_]\w*(?:\.\w+)*)[\"'])"
    rf"[ \t]*(?:,[^()\n]*)?\){_END}"
)
_PART = re.compile(
    rf"{_TOKEN.pattern}|[()\[\]{{}}\n]|[ \t\f]+|\\\\.|[^\"'#()\[\]{{}}\n\\\\ \t\f]+", re.DOTALL
)
_FROM = re.compile(r"[ \t\f]*from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]*$")
_LIST = r"(\w(?:[^\n#;\\()]|\\\n)*?)"
_MODULES = re.compile(rf"import[ \t]+{_LIST}{_END}")
_NAMES = re.compile(rf"import[ \t]*(?:\\\n[ \t]*)?(?:(\*)|\(([^()\\]*)\)|{_LIST}){_END}")
_MODULE = re.compile(r"\s*(\w+(?:\.\w+)*)(?:\s+as\s+(\w+))?\s*")
_NAME = re.compile(r"\s*(\w+)(?:\s+as\s+(\w+))?\s*")
# Of the lines that are indented less than the deepest import, or as much: others do not matter.
_HEADER = (
    r"\n( {0,%d}(?:[\t\f][ \t\f]*)?)"
    r"(if|elif|else|for|while|try|except|finally|with|def|class|async|match|case"
    r"|return|raise|continue|break)\b([^\n]*)"
)
# The rest of a header without anything that takes a closer look.
_SIMPLE = re.compile(r"[^()\[\]{}\"'#\\]*(?:\([^()\[\]{}\"'#\\]*\)[^()\[\]{}\"'#\\]*)*")
_PUTS_ON_PATH = ("sys.path", "sys as", "from sys")
_CHECKING = re.compile(r"[ \t]*\(?[ \t]*(?:\w+\.)?TYPE_CHECKING[ \t]*\)?[ \t]*:")
# A constant as an operand of a condition, or two that are compared: it may then be known.
_LITERAL = (
    r"(?:True|False|None|\.?\d[\w.]*|[bBrRuUfF]{0,2}(?:\"[^\"\n]*\"|'[^'\n]*')|\(\)|\[\]|\{\})"
)
_CONSTANT = re.compile(
    r"(?:^|\b(?:and|or)\b|(?<!is )\bnot\b)[ \t(]*"
    rf"{_LITERAL}(?:[ \t]*(?:[=!<>]=?|(?:not )?in|is(?: not)?)[ \t]*{_LITERAL})?"
    r"[ \t]*(?:$|:|\)|\b(?:and|or)\b)"
)
_LEAVING = ("return", "raise", "continue", "break")
_LEAVES = re.compile(r"\n[ \t\f]*(?:return|raise|continue|break)\b")
_CONTINUING = ("elif", "else", "except", "finally")
_OF_TRY = ("try", "except", "finally", "try-else")
_NO_CONDITION = ("def", "class", "for", "with", *_OF_TRY)
# What an executed source imports by, and what stands before a docstring, which none executes.
_IMPORTS = re.compile(r"\bimport\b|import_module|__import__")
_BEFORE_DOCSTRING = re.compile(
    r"(?:\A|\n)[ \t]*(?:(?:async[ \t]+)?def|class)\b[^\n#]*:[ \t]*\n[ \t\n]*[rRuU]?\Z"
)


def _is_word(text: str, begin: int, end: int) -> bool:
    before, after = text[begin - 1 : begin], text[end : end + 1]
    return not (before == "_" or before.isalnum() or after == "_" or after.isalnum())


class _Statement(NamedTuple):
    """An import statement, or a call of `pytest.importorskip` that is one of its own.

    Attributes:
        begin: Where its line begins.
        line: The number of the line.
        indent: How far it is indented.
        column: The column of the statement or call.
        taken: What is imported: modules and names.
        skips: Whether it is such a call.
    """

    begin: int
    line: int
    indent: int
    column: int
    taken: list[tuple[str, str]]
    skips: bool = False

    def imports(self, why: Why = Why.REQUIRED, *, deferred: bool = False) -> list[Import]:
        """Its imports in a block."""
        reason = ""
        if self.skips and why is Why.REQUIRED:
            why, reason = Why.OPTIONAL, "importorskip"
        return [
            Import(module, name, self.line, self.column, why, reason, deferred)
            for module, name in self.taken
        ]


def _runs(around: list[_Block]) -> list[int]:
    """Where the functions and loops begin that are among some blocks."""
    return [one.begin for one in around if one.kind in ("def", "for", "while", "while-true")]


class _Block(NamedTuple):
    """A block that is open: what its header says, and where the whole statement begins."""

    indent: int
    kind: str
    begin: int
    checking: bool = False


def scan(text: str) -> Scan | None:
    """Find what a text imports; None when that takes its tree."""
    if any(mark in text for mark in _NOT_PYTHON):
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        # Each line begins behind a newline then, the first one too.
        imports = tuple(_Source(f"\n{text}").imports()) if "import" in text else ()
    except _Odd:
        return None
    # Where nothing is imported the tree tells whether it is Python at all.
    return Scan(imports) if imports or len(text) > _LONG or text.isspace() or not text else None


class _Source:
    """Looks through one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._strings: list[tuple[int, int]] = []  # those of several lines
        self._gates: bool | None = None
        self._checking = 0  # how often TYPE_CHECKING stands where it is understood
        self._doubts = Doubts(text)

    def imports(self) -> Iterator[Import]:
        statements = list(self._statements())
        if not statements:
            return
        self._check_modules(statements)
        if "\nraise " in self._text or "\nraise\n" in self._text:
            raise _Odd
        indented = [one for one in statements if one.indent]
        below = self._below(indented) if indented else {}
        for one in statements:
            yield from below[one.begin] if one.indent else one.imports()

    # --- statements ----------------------------------------------------------------------

    def _statements(self) -> Iterator[_Statement]:
        text = self._text
        places, others = self._places()
        if places or others:
            executes = sorted(at for word in _EXECUTING for at in self._words(word))
            if executes and self._runs_imports(executes):
                raise _Odd
        if others and self._in_code(others):
            raise _Odd
        line, counted = 0, 0
        for at in self._in_code(places):
            begin = text.rfind("\n", 0, at) + 1
            line += text.count("\n", counted, begin)
            counted = begin
            if text[begin - 2 : begin] == "\\\n":
                raise _Odd
            lead = text[begin:at]
            indent = len(lead) - len(lead.lstrip(" "))
            if text.startswith("importorskip", at):
                skip = _SKIP.match(text, begin)
                if not skip or skip.end() <= at or " as pytest" in text or "pytest =" in text:
                    raise _Odd
                column = skip.start(1) - begin + 1
                yield _Statement(begin, line, indent, column, [(skip[2], "")], True)
            else:
                yield _Statement(begin, line, indent, indent + 1, self._taken(lead, at))

    def _places(self) -> tuple[list[int], list[int]]:
        """Where `import` stands, in strings and comments too, and where functions that do it."""
        text, at = self._text, -1
        places: list[int] = []
        others: list[int] = []
        while (at := text.find("import", at + 1)) >= 0:
            if _is_word(text, at, at + 6) or text.startswith("importorskip", at):
                places.append(at)
            elif text.startswith(("import__", "import_module"), at):
                others.append(at)
        return places, others

    def _words(self, word: str) -> Iterator[int]:
        """Where a word stands that is no attribute, in strings and comments too."""
        text, at = self._text, -1
        while (at := text.find(word, at + 1)) >= 0:
            if text[at - 1 : at] != "." and _is_word(text, at, at + len(word)):
                yield at

    def _runs_imports(self, executes: list[int]) -> bool:
        """Whether the source executes something, and has a string with an import in it."""
        text = self._text
        if not self._in_code(executes):
            return False
        return any(
            text.find("import", *token.span()) >= 0
            and text[token.start()] != "#"
            and _IMPORTS.search(token[0])
            and not _BEFORE_DOCSTRING.search(text, max(token.start() - 300, 0), token.start())
            for token in _TOKEN.finditer(text)
        )

    def _check_modules(self, statements: list[_Statement]) -> None:
        """Make sure that no other way to import is at hand, and no change of sys.path."""
        text = self._text
        tops = {module.partition(".")[0] for one in statements for module, _ in one.taken}
        if tops & _IMPORTING and any(word in text for word in _FUNCTIONS):
            raise _Odd
        if "sys" in tops and any(one in text for one in _PUTS_ON_PATH) and self._has(_PUTS_ON_PATH):
            raise _Odd
        if "site" in tops and "addsitedir" in text:
            raise _Odd
        if "builtins" in tops and any(word in text for word in _EXECUTING):
            raise _Odd

    def _has(self, words: Sequence[str]) -> bool:
        """Whether one of some words stands in the text, strings and comments left out."""
        text, places = self._text, []
        for word in words:
            at = -1
            while (at := text.find(word, at + 1)) >= 0:
                places.append(at)
        strings = self._strings[:]
        found = self._in_code(sorted(places))
        self._strings[:] = strings
        return bool(found)

    def _in_code(self, places: list[int]) -> list[int]:
        """Those of some places that are not in strings or comments.

        The strings of several lines are noted, as far as the last of the places.
        """
        text = self._text
        if not places:
            return []
        self._strings.clear()
        found: list[int] = []
        rest = iter(places)
        at: int | None = next(rest)
        for token in _TOKEN.finditer(text, 0):
            begin, end = token.span()
            while at is not None and at < begin:
                found.append(at)
                at = next(rest, None)
            if at is None:
                break
            if end - begin == 1 and text[begin] != "#":
                raise _Odd  # a quote that nothing closes
            if end - begin > 6 and text.startswith(('"""', "'''"), begin):
                self._strings.append((begin, end))
            while at is not None and at < end:
                at = next(rest, None)
        while at is not None:
            found.append(at)
            at = next(rest, None)
        return found

    def _taken(self, lead: str, at: int) -> list[tuple[str, str]]:
        """What a statement imports, as (module, name)."""
        if not lead.strip(" "):
            match = _MODULES.match(self._text, at)
            return [(one, "") for one in self._names(match[1] if match else "", _MODULE)]
        origin = _FROM.match(lead)
        match = _NAMES.match(self._text, at)
        if not origin or not match or not origin[0].isascii() or lead[0] in "\t\f":
            raise _Odd
        module = origin[1] + origin[2]
        if not module or (module.endswith("..") and origin[2]) or origin[2].startswith("."):
            raise _Odd
        if match[1]:
            return [(module, "*")]
        listed = match[3] or match[2]
        if "#" in listed:
            if "#" in listed.rpartition("\n")[2]:
                raise _Odd
            listed = re.sub(r"#[^\n]*", "", listed)
        if match[2] is not None and listed.rstrip().endswith(","):
            listed = listed.rstrip()[:-1]
        return [(module, one) for one in self._names(listed, _NAME)]

    def _names(self, listed: str, pattern: re.Pattern[str]) -> Iterator[str]:
        for one in listed.replace("\\\n", " ").split(","):
            match = pattern.fullmatch(one)
            if not match or not one.isascii():
                raise _Odd
            if "TYPE_CHECKING" in one:
                if match[2]:
                    raise _Odd
                self._checking += 1
            yield match[1]

    # --- blocks --------------------------------------------------------------------------

    def _below(self, indented: list[_Statement]) -> dict[int, list[Import]]:
        """The imports of the statements that are in blocks, by where these begin."""
        text = self._text
        takes_errors = "suppress" in text or "aises" in text
        found: dict[int, list[Import]] = {}
        stack: list[_Block] = []
        left: list[int] = []  # indentations at which a block was left
        pattern = re.compile(_HEADER % max(one.indent for one in indented))
        headers = pattern.finditer(text, 0, indented[-1].begin)
        header = next(headers, None)
        for one in indented:
            while header is not None and header.start(1) < one.begin:
                if not self._is_in_string(header.start(1)):
                    self._open(header, stack, left)
                header = next(headers, None)
            if one.begin in found:
                continue
            indent = one.indent
            around = [block for block in stack if block.indent < indent]
            if not around or any(end <= indent for end in left):
                raise _Odd
            if takes_errors and any(block.kind == "with" for block in around):
                raise _Odd
            guard = self._guard(around, one.begin)
            if guard >= 0 and self._has_gates():
                raise _Odd
            begin = min([one.begin, *(block.begin for block in around if block.kind in _OF_TRY)])
            self._doubts.add_import(begin, guard if guard < begin else -1, _runs(around))
            self._judge(one, around, indented, found)
        # One that is not understood may be another name of it.
        if text.count("TYPE_CHECKING", 0, indented[-1].begin) > self._checking:
            raise _Odd
        if self._doubts.any():
            raise _Odd
        return found

    def _has_gates(self) -> bool:
        if self._gates is None:
            self._gates = any(word in self._text for word in _GATES) and self._has(_GATES)
        return self._gates

    def _guard(self, around: list[_Block], at: int) -> int:
        """Where that begins which may decide that a statement in some blocks does not run.

        It stands around the statement, or above it in the same function, which it leaves; -1
        where there is nothing of the kind.
        """
        gates = [block.begin for block in around if block.kind not in _NO_CONDITION]
        begin = max((block.begin for block in around if block.kind == "def"), default=0)
        if _LEAVES.search(self._text, begin, at) is not None:
            gates.append(begin)
        return min(gates, default=-1)

    def _open(self, header: re.Match[str], stack: list[_Block], left: list[int]) -> None:
        """Take a line that begins like the header of a block, or that leaves one."""
        lead, kind, rest = header.groups()
        if lead.strip(" "):
            raise _Odd
        indent = len(lead)
        left[:] = [end for end in left if end <= indent]
        if kind in _LEAVING:
            left.append(indent)
            return
        if not self._opens(kind, header):
            return
        opener = None
        while stack and stack[-1].indent >= indent:
            popped = stack.pop()
            opener = popped if popped.indent == indent else opener
        if kind == "async":
            kind = rest.split()[0] if rest.split() else ""
        begin = header.start(1)
        if kind in _CONTINUING:
            if opener is None:
                raise _Odd
            begin = opener.begin
            if kind == "else" and opener.kind in _OF_TRY:
                kind = "try-else"
        checking = kind == "if" and bool(_CHECKING.match(rest))
        if checking:
            self._checking += 1
        elif kind in ("if", "elif", "while", "match") and _CONSTANT.search(rest):
            if kind != "while" or not re.match(r"[ \t]*(?:True|1)[ \t]*:", rest):
                raise _Odd
            kind = "while-true"
        if kind == "else" and opener is not None and opener.kind == "while-true":
            raise _Odd
        stack.append(_Block(indent, kind, begin, checking))

    def _opens(self, kind: str, header: re.Match[str]) -> bool:
        """Whether a line that begins with a keyword opens a block.

        Lines inside of brackets may begin so as well: parts of comprehensions and conditional
        expressions. These do not end with a colon outside of all brackets.
        """
        if kind in ("def", "class", "with", "try", "except", "finally", "elif"):
            return True
        if _SIMPLE.fullmatch(header[3]):
            return header[3].rstrip(" \t\f").endswith(":")
        depth, last = 0, ""
        for part in _PART.finditer(self._text, header.start(3)):
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

    def _judge(
        self,
        one: _Statement,
        around: list[_Block],
        indented: list[_Statement],
        found: dict[int, list[Import]],
    ) -> None:
        """Say why a statement runs, from the blocks around it."""
        why, deferred = Why.REQUIRED, False
        for block in around:
            if block.kind in _OF_TRY:
                self._try(block, why, around, indented, found, deferred=deferred)
                if one.begin not in found:
                    raise _Odd
                return
            deferred = deferred or block.kind == "def"
            why = Why.TYPE_CHECKING if block.checking else why
        found[one.begin] = one.imports(why, deferred=deferred)

    def _try(
        self,
        block: _Block,
        why: Why,
        around: list[_Block],
        indented: list[_Statement],
        found: dict[int, list[Import]],
        *,
        deferred: bool,
    ) -> None:
        """Take all imports of a `try` statement from its own tree."""
        end = self._end(block)
        snippet = self._text[block.begin : end]
        if "suppress" in snippet or "aises" in snippet:
            raise _Odd
        parsed = parse(snippet)
        inside = [one for one in indented if block.begin <= one.begin < end]
        if not isinstance(parsed, Parsed) or len(parsed.tree.body) != 1:
            raise _Odd
        walker = Walker(expressions=False)
        walker.walk(parsed.tree)
        if len(walker.statements) != len(inside):
            raise _Odd
        outside = [one for one in around if one.begin < block.begin]
        if self._doubts.add_try(walker.forks, (block.begin, end), _runs(outside)):
            raise _Odd
        judge = Judge(Target())
        first = self._text.count("\n", 0, block.begin) - 1
        by_line = {one.line: one for one in inside}
        for statement in walker.statements:
            line = statement.node.lineno - parsed.shift + first
            one = by_line.get(line)
            if one is None or one.begin in found:
                raise _Odd
            if statement.context.has_condition and self._has_gates():
                raise _Odd
            effect = statement.context.effect(judge)
            strongest, reason = stronger((why, ""), effect.strongest)
            late = deferred or effect.deferred
            choices: tuple[tuple[int, int], ...] = ()
            if why is Why.REQUIRED:
                down = first - parsed.shift
                choices = tuple((moved(fork, down), way) for fork, way in effect.choices)
            found[one.begin] = [
                Import(module, name, line, one.column, strongest, reason, late, choices=choices)
                for module, name in one.taken
            ]

    def _end(self, block: _Block) -> int:
        """Where the statement of a block ends."""
        pattern = re.compile(rf"^ {{0,{block.indent}}}[^\s#)\]}}][^\n]*", re.MULTILINE)
        begin = self._text.find("\n", block.begin)
        for line in pattern.finditer(self._text, max(begin, 0)):
            if self._is_in_string(line.start()):
                continue
            if not re.match(r" *(?:except|else|finally)\b", line[0]):
                return line.start()
        return len(self._text)

    def _is_in_string(self, at: int) -> bool:
        index = bisect_right(self._strings, (at, len(self._text))) - 1
        return index >= 0 and self._strings[index][0] < at < self._strings[index][1]
