"""Build a tree for a source that does not fit this Python's grammar.

Causes are Python 2, newer syntax, a broken end, or an expression of 20,000 terms. Each logical
line is parsed on its own, and lines that do not parse are dropped. Blocks are reassembled from
their indentation.
"""

from __future__ import annotations

import _ast
import re
from typing import TypeVar

from pypackage.analysis.imports.lines import Line, logical_lines
from pypackage.analysis.imports.tries import TRIES
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import tree_of, walk

_HEADER = re.compile(
    r"(?:async[ \t]+)?(if|elif|else|while|for|try|except|finally|with|def|class|match|case)\b"
)
_CONTINUING = ("elif", "else", "except", "finally", "case", "match", "try")
# Lines that matter besides headers: imports, statements that leave a block, constants.
_MATTERS = re.compile(
    r"(?s).*(?:import|exec|eval|find_spec|resolve_name|run_module|sys\.path|addsitedir)"
    r"|(?:return|raise|continue|break|exit|quit|sys\.exit|os\._exit)\b"
    r"|\w+(?:[ \t]*:[^=\n]{1,80})?[ \t]*=[^=]"
)
_T = TypeVar("_T", bound=_ast.stmt)
_LONGEST = 100_000  # characters of a line that is parsed at all
_MOST_NESTED = 10_000
_NOTHING = _ast.Pass(lineno=1, col_offset=0)  # stands for dropped lines
_OLD_EXCEPT = r"except[ \t]+([^:]+?)[ \t]*,[ \t]*([\w., \t]+?)[ \t]*:"
_CALL = r"(?:__import__|import_module|find_spec|resolve_name)\([ \t]*['\"][\w.]+['\"]"
_OLD_EXEC = r"exec[ \t]+([uUbBrR]{0,2}(?:\"{3}|'{3}|\"|'))"


class Rebuilt(NamedTuple):
    """A tree built from the parts of a source that can be parsed.

    Attributes:
        tree: The tree.
        sound: Whether all brackets and strings of the source are closed.
    """

    tree: _ast.Module
    sound: bool


def rebuild(text: str) -> Rebuilt:
    """Build a tree from a text line by line; its lines must end with newlines."""
    builder = _Builder()
    sound = True
    for line in logical_lines(text):
        builder.add(line)
        sound = sound and line.whole
    return Rebuilt(builder.tree, sound)


def first_misfit(text: str, before: int) -> int:
    """The first line that does not parse, of those before a given line; else the given line.

    This Python may report a later line first: one whose number literals it cannot read.
    """
    for line in logical_lines(text):
        if line.number >= before:
            break
        header = _HEADER.match(line.text)
        if header and header[1] in _CONTINUING:
            continue
        attempts = (line.text, f"{line.text} pass") if header else (line.text,)
        if not any(_parsed(one, line) for one in attempts):
            return line.number
    return before


_OTHER_VERSION = (
    r"""^\s*(?:print\b(?!\s*[(.=])|print\s*\(.*\)\s*[%,]|exec\s+[\w"']|raise\s+\w+\s*,"""
    r"""|except\b.*,|except\s*\*|type\s+\w+.*=|(?:async\s+)?def\s+\w+\s*(?:\[|\(.*\()"""
    r"""|class\s+\w+\s*\[|match\b|case\b|lazy\s|async\b|.*\bawait\b)"""
    r"""|`|<>|\b0\d|\b\d+[lL]\b|\b[uU][rR]["']|\b[rR]?[tT]["']|\b[fF]["'].*["'].*["']"""
)


def is_of_another_version(text: str, line: int) -> bool:
    """Whether a line looks like the syntax of an older or newer Python."""
    lines = text.split("\n")
    return any(re.search(_OTHER_VERSION, one) for one in lines[max(line - 2, 0) : line])


class _Frame(NamedTuple):
    """An open block: the indentation of its header, and its statements."""

    indent: int
    body: list[_ast.stmt]


class _Builder:
    """Assembles lines to a tree."""

    def __init__(self) -> None:
        self.tree = _ast.Module(body=[], type_ignores=[])
        self._frames = [_Frame(-1, self.tree.body)]
        self._elses: dict[int, list[_ast.stmt]] = {}  # of the last `elif`, by the id of the `if`

    def add(self, line: Line) -> None:
        while self._frames[-1].indent >= line.indent:
            self._frames.pop()
        header = _HEADER.match(line.text)
        if header and self._block(line, header[1]):
            return
        self._frames[-1].body.extend(_simple(line))

    def _block(self, line: Line, keyword: str) -> bool:
        """Add a line as the header of a block; False if it is not one, such as `match = 1`."""
        if len(self._frames) > _MOST_NESTED:
            return True
        body = self._frames[-1].body
        if keyword in ("elif", "else", "except", "finally"):
            block = self._continued(line, keyword, body)
        else:
            node = _compound(line, keyword)
            if node is None:
                return False
            body.append(node)
            block = node.body
        self._frames.append(_Frame(line.indent, block))
        return True

    def _continued(self, line: Line, keyword: str, body: list[_ast.stmt]) -> list[_ast.stmt]:
        """The block of an `elif`, `else`, `except` or `finally` after the last statement."""
        last = body[-1] if body else None
        rest = _statements(_colon(line.text) or "", line)
        is_try = isinstance(last, TRIES)
        if keyword == "except" and is_try:
            handler = _handler(line)
            last.handlers.append(handler)  # type: ignore[union-attr]
            return handler.body
        block = None
        if keyword == "finally" and is_try:
            block = last.finalbody  # type: ignore[union-attr]
        elif keyword in ("elif", "else") and isinstance(last, _ast.If):
            block = self._elses.get(id(last), last.orelse)
            if keyword == "elif":
                node = _compound(line._replace(text=line.text[2:]), "if") or _unknown(line)
                block.append(node)
                self._elses[id(last)] = node.orelse  # type: ignore[union-attr]
                return node.body
        elif keyword == "else" and (is_try or isinstance(last, _LOOPS)):
            block = last.orelse  # type: ignore[union-attr]
        if block is None:
            node = _unknown(line)
            body.append(node)
            block = node.body
        block.extend(rest)
        return block


# --- blocks ------------------------------------------------------------------------------


def _compound(line: Line, keyword: str) -> _Block | None:
    """The statement that a header begins; its body is empty unless it is on the same line."""
    text = line.text
    if keyword in ("match", "case"):
        rest = _colon(text)
        if rest is None:
            return None
        block = _unknown(line)
        block.body = _statements(rest, line)
        return block
    if keyword == "try":
        rest = _colon(text)
        if rest is None:
            return None
        return _located(_ast.Try(_statements(rest, line), [], [], []), line)
    for attempt in (text, f"{text} pass", f"{text}: pass"):
        statements = _parsed(attempt, line)
        if len(statements) == 1 and isinstance(statements[0], _Block):
            node = statements[0]
            if attempt is not text:
                node.body = []
            return node
    if not line.whole or _colon(text) is None:
        return None
    return _named(line, keyword)


def _handler(line: Line) -> _ast.ExceptHandler:
    text = re.sub(r"^except[ \t]*\*", "except ", line.text)
    old = re.match(_OLD_EXCEPT, text)
    if old:  # `except X, e` of Python 2, or `except X, Y` of 3.14
        caught = old[1] if old[1].startswith("(") else f"({old[1]}, {old[2]})"
        text = f"except {caught}:{text[old.end() :]}"
    for attempt in (text, f"{text} pass", f"{text}: pass"):
        statements = _parsed(f"try: pass\n{attempt}", line, above=1)
        if statements and isinstance(statements[0], _ast.Try):
            handler = statements[0].handlers[0]
            if attempt is not text:
                handler.body = []
            return handler
    return _ast.ExceptHandler(_ast.Name("unknown", _ast.Load()), None, [])


def _named(line: Line, keyword: str) -> _Block:
    """A block whose header does not parse; the name of a function or class is kept."""
    name = re.match(r"(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", line.text)
    if not name:
        return _unknown(line)
    rest = _statements(_colon(line.text) or "", line)
    if keyword == "class":
        # Parsed with a valid name first: the source's may be a keyword.
        (stub,) = tree_of("class name: pass").body
        assert isinstance(stub, _ast.ClassDef)
        stub.name, stub.body = name[1], rest
        return _located(stub, line)
    parameters = _ast.arguments([], [], None, [], [], None, [])
    return _located(_ast.FunctionDef(name[1], parameters, rest, [], None, None), line)


def _unknown(line: Line) -> _ast.If:
    """A block that may or may not run."""
    return _located(_ast.If(_ast.Name("unknown", _ast.Load()), [], []), line)


_LOOPS = (_ast.For, _ast.AsyncFor, _ast.While)
_Block = (
    _ast.If
    | _ast.While
    | _ast.For
    | _ast.AsyncFor
    | _ast.With
    | _ast.AsyncWith
    | _ast.FunctionDef
    | _ast.AsyncFunctionDef
    | _ast.ClassDef
    | _ast.Try
)


# --- lines -------------------------------------------------------------------------------


def _colon(text: str) -> str | None:
    """What follows the colon of a header; None if there is no colon."""
    depth = 0
    for token in re.finditer(r"\"[^\"\n]*\"|'[^'\n]*'|#.*|[()\[\]{}:]|lambda\b", text):
        mark = token[0]
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
        elif mark == "lambda":
            depth += 1
        elif mark == ":":
            if depth <= 0:
                return text[token.end() :].strip(" \t")
            if "lambda" in text[: token.start()]:
                depth -= 1
    return None


def _simple(line: Line) -> list[_ast.stmt]:
    if not _MATTERS.match(line.text):
        return [_NOTHING]
    return _statements(line.text, line) or [_NOTHING]


def _statements(text: str, line: Line) -> list[_ast.stmt]:
    """The statements of a line, as far as they parse."""
    if not text or text.startswith("#"):
        return []
    found = _parsed(text, line)
    if found:
        return found
    text = re.sub(r"(?s)^lazy[ \t]+(?=(?:import|from)\b)", "", text)
    if ";" in text:
        return [node for part in text.split(";") for node in _alone(part.strip(), line)]
    return _alone(text, line)


def _alone(text: str, line: Line) -> list[_ast.stmt]:
    """Parse a text as a statement; if that fails, return the imports found in it."""
    text = re.sub(rf"(?s)^{_OLD_EXEC}(.*?)([ \t]+in\b.*)?$", r"exec(\1\2)", text)
    found = _parsed(text, line)
    if found or not text:
        return found
    if re.match(r"raise\b", text):
        return _parsed("raise", line)
    begun = re.match(r"from[ \t]+(\.*[\w.]*)[ \t]+import\b", text)
    if begun:
        names = ", ".join(re.findall(r"\w+", text[begun.end() :].partition("\n")[0])[:50])
        start = _short(begun[0])
        return _parsed(f"{start} {names}", line) or _parsed(f"{start} unknown", line)
    begun = re.match(r"import[ \t]+\w[\w.]*(?:[ \t]*,[ \t]*\w[\w.]*)*", text)
    if begun:
        return _parsed(_short(begun[0]), line)
    found = []
    for call in re.finditer(_CALL, text[:_LONGEST]):
        before = re.search(r"[\w.]*$", text[max(call.start() - 100, 0) : call.start()])
        found += _parsed(f"{before[0] if before else ''}{call[0]})", line)
    return found


def _short(text: str) -> str:
    """Cut a dotted name to 100 parts, more than any module has: parsing one is quadratic."""
    return re.sub(r"(\w+(?:\.\w+){99})(?:\.\w+)+", r"\1", text)


def _parsed(text: str, line: Line, above: int = 0) -> list[_ast.stmt]:
    """Parse a text that is on a line; the nodes have their places in the source."""
    if len(text) > _LONGEST:
        return []
    try:
        tree = tree_of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError):
        return []
    for node in walk(tree):
        if isinstance(node, _ast.stmt | _ast.Call):
            first = node.lineno == 1 + above
            node.lineno += line.number - 1 - above
            if first:
                node.col_offset += line.column - 1
    return tree.body


def _located(node: _T, line: Line) -> _T:
    node.lineno, node.col_offset = line.number, line.column - 1
    return node
