"""From the bytes of a Python source to what it imports, where and why.

Nothing is imported or run: the source is parsed to a tree, and the tree is walked with a
scope that says under which condition each part of it runs.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from pypackage.errors import SourceError


class Why(Enum):
    """What an import is for, from what a program cannot do without to what never runs."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    TYPE_CHECKING = "type-checking"
    DEAD = "dead"


@dataclass(frozen=True)
class Place:
    """A place in a source; lines and columns (in characters) count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Import:
    """One import of one module.

    Attributes:
        module: The module as it is named, with the leading dots of a relative import.
        name: What `from module import name` takes, which may be a module too; else empty.
        place: Where the statement or call begins.
        why: Whether the program needs it.
        reason: Why it is not required, such as `try/except ImportError`; else empty.
    """

    module: str
    name: str
    place: Place
    why: Why = Why.REQUIRED
    reason: str = ""

    @property
    def top(self) -> str:
        """The top-level module; empty when the import is relative."""
        return self.module.partition(".")[0]


def scan(source: bytes, path: str) -> tuple[Import, ...]:
    """Find the imports of a source, in the order in which they stand there.

    A source that is indented as a whole, as `inspect.getsource` gives a nested function,
    is understood too.

    Args:
        source: The source as it lies on disk: PEP 263 says its encoding.
        path: What messages and places call it.

    Raises:
        SourceError: It cannot be decoded or parsed.
    """
    text = _decode(source, path)
    tree, line_shift = _parse(text, path)
    # The tree counts columns in bytes of UTF-8, which matters where they are not characters.
    lines = None if text.isascii() else re.split(_LINE_END, text)
    walker = _Walker()
    walker.walk(tree)
    found = []
    for module, name, node, scope in [*walker.statements, *walker.calls()]:
        line, column = node.lineno - line_shift, node.col_offset
        if lines:
            column = len(lines[line - 1].encode()[:column].decode())
        place = Place(path, line, column + 1)
        found.append(Import(module, name, place, scope.why, scope.reason))
    return tuple(sorted(found, key=lambda one: (one.place.line, one.place.column)))


# --- bytes to text to tree ---------------------------------------------------------------

# Not compiled here: most sources need none of them, and compiling is slow.
_LINE_END = r"\r\n|\r|\n"
_LINE_END_BYTES = rb"\r\n|\r|\n"
_COOKIE = rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_COMMENT_OR_BLANK = rb"[ \t\f]*(?:#.*)?"
_UTF8 = r"(?i)utf[-_]?8([-_].*)?"
_BOM = b"\xef\xbb\xbf"


def _decode(source: bytes, path: str) -> str:
    """The text of a source in the encoding that it declares (PEP 263), without its BOM."""
    body = source.removeprefix(_BOM)
    encoding, line = _declared_encoding(body)
    if len(body) < len(source) and not re.fullmatch(_UTF8, encoding):
        what = f"a UTF-8 byte order mark, but the encoding is declared as {encoding}"
        raise SourceError(f"{path}:{line}:1: {what}")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        place = _place_of_byte(body, error.start, path)
        what = f"byte 0x{body[error.start : error.start + 1].hex()} is not valid {encoding}"
        raise SourceError(f"{place}: {what}", "declare the encoding, or save it as UTF-8") from None
    except (LookupError, UnicodeError):
        raise SourceError(f"{path}:{line}:1: unknown encoding {encoding!r}") from None
    if "\0" in text:
        before = re.split(_LINE_END, text[: text.index("\0")])
        raise SourceError(f"{path}:{len(before)}:{len(before[-1]) + 1}: a null byte")
    return text


def _declared_encoding(body: bytes) -> tuple[str, int]:
    """The encoding that one of the first two lines declares, and the number of that line."""
    if b"coding" not in body[:1000]:
        return "utf-8", 1
    for number, line in enumerate(re.split(_LINE_END_BYTES, body, maxsplit=2)[:2], start=1):
        cookie = re.match(_COOKIE, line)
        if cookie:
            return cookie[1].decode("ascii", "replace"), number
        if not re.fullmatch(_COMMENT_OR_BLANK, line):
            break
    return "utf-8", 1


def _place_of_byte(body: bytes, offset: int, path: str) -> Place:
    before = re.split(_LINE_END_BYTES, body[:offset])
    return Place(path, len(before), len(before[-1].decode("utf-8", "replace")) + 1)


def _parse(text: str, path: str) -> tuple[ast.Module, int]:
    """The tree of a text, and by how many lines the tree's lines are too large."""
    try:
        return _tree(text), 0
    except SyntaxError as error:
        if isinstance(error, IndentationError):
            tree = _indented_tree(text)
            if tree is not None:
                return tree, 1
        place = Place(path, error.lineno or 1, max(error.offset or 1, 1))
        raise SourceError(f"{place}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise SourceError(f"{path}:1:1: nested too deeply to be parsed") from None
    except (ValueError, OverflowError, SystemError) as error:
        raise SourceError(f"{path}:1:1: {error}") from None


def _indented_tree(text: str) -> ast.Module | None:
    """The tree of a text that is one indented block, made the body of an `if`."""
    try:
        tree = _tree(f"if 1:\n{text}")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    # More than the `if` alone: only a part of the text was indented, which is an error.
    return tree if len(tree.body) == 1 else None


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes and the like: not ours to report
        return ast.parse(text)


# --- under which condition code runs -----------------------------------------------------

_SEVERITY = list(Why)


@dataclass(frozen=True)
class _Scope:
    """Why the code at some point of a source runs.

    A condition is of two kinds. Most last: a function that is defined under `if False` is
    never there. But the `try` around a definition says nothing about its body, which
    runs later: that one is `passing`.
    """

    lasting: tuple[Why, str] = (Why.REQUIRED, "")
    passing: tuple[Why, str] = (Why.REQUIRED, "")

    @property
    def why(self) -> Why:
        return self._effective[0]

    @property
    def reason(self) -> str:
        return self._effective[1]

    @property
    def _effective(self) -> tuple[Why, str]:
        return _stronger(self.lasting, self.passing)

    def under(self, why: Why, reason: str = "") -> _Scope:
        return replace(self, lasting=_stronger(self.lasting, (why, reason)))

    def guarded(self, reason: str) -> _Scope:
        return replace(self, passing=_stronger(self.passing, (Why.OPTIONAL, reason)))

    def deferred(self) -> _Scope:
        return replace(self, passing=(Why.REQUIRED, ""))


def _stronger(one: tuple[Why, str], other: tuple[Why, str]) -> tuple[Why, str]:
    return other if _SEVERITY.index(other[0]) > _SEVERITY.index(one[0]) else one


_Branches = ast.If | ast.While | ast.IfExp
_Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Withs = ast.With | ast.AsyncWith
_Part = tuple[ast.AST, _Scope]
_Found = tuple[str, str, ast.stmt | ast.expr, _Scope]  # module, name, where, under what


class _Walker:
    """Walks a tree with a list, not by recursion: sources nest deeper than Python's stack.

    Attributes:
        statements: What the import statements import.
    """

    def __init__(self) -> None:
        self.statements: list[_Found] = []
        self._calls: list[tuple[str, ast.Call, _Scope]] = []
        self._names: dict[str, str] = {}  # what the names stand for that imports bind

    def walk(self, tree: ast.Module) -> None:
        todo: list[_Part] = [(tree, _Scope())]
        while todo:
            node, scope = todo.pop()
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._statement(node, scope)
            else:
                if isinstance(node, ast.Call):
                    self._calls.append((_dotted(node.func), node, scope))
                todo.extend(reversed(list(self._parts(node, scope))))

    def calls(self) -> Iterator[_Found]:
        """The imports by calls; when all is walked, for a function may stand above its import."""
        for function, call, scope in self._calls:
            module = _imported_by(self._meaning(function), call)
            if module:
                yield module, "", call, scope

    def _statement(self, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                module, name = alias.name, ""
                if alias.asname:
                    self._names[alias.asname] = module
            else:
                module, name = "." * node.level + (node.module or ""), alias.name
                self._names[alias.asname or name] = f"{module}.{name}"
            self.statements.append((module, name, node, scope))

    def _meaning(self, dotted: str) -> str:
        first, dot, rest = dotted.partition(".")
        return self._names.get(first, first) + dot + rest

    def _parts(self, node: ast.AST, scope: _Scope) -> Iterator[_Part]:
        """The children of a node, each with its scope."""
        if isinstance(node, _Functions):
            return _fields(node, scope, body=scope.deferred())
        if isinstance(node, _Branches):
            return self._branches(node, scope)
        if isinstance(node, _Withs):
            reason = self._suppression(node)
            return _fields(node, scope, body=scope.guarded(reason) if reason else scope)
        # TryStar is a class of its own, from Python 3.11 on.
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            return self._try(node, scope)  # type: ignore[arg-type]
        return _fields(node, scope)

    def _branches(self, node: ast.If | ast.While | ast.IfExp, scope: _Scope) -> Iterator[_Part]:
        try:
            truth, why = self._truth(node.test)
        except RecursionError:
            truth, why = None, Why.DEAD
        if truth is None:
            return _fields(node, scope)
        return _fields(node, scope, **{"orelse" if truth else "body": scope.under(why)})

    def _truth(self, test: ast.expr) -> tuple[bool | None, Why]:
        """What a condition always is, or None; and why that which it excludes never runs."""
        if isinstance(test, ast.Constant):
            return bool(test.value), Why.DEAD
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            truth, why = self._truth(test.operand)
            return (None if truth is None else not truth), why
        if isinstance(test, ast.BoolOp):
            decisive = isinstance(test.op, ast.Or)
            values = [self._truth(value) for value in test.values]
            for truth, why in values:
                if truth is decisive:
                    return truth, why
            undecided = any(truth is None for truth, _ in values)
            return (None if undecided else not decisive), values[0][1]
        if self._meaning(_dotted(test)).rpartition(".")[2] == "TYPE_CHECKING":
            return False, Why.TYPE_CHECKING
        return None, Why.DEAD

    def _try(self, node: ast.Try, scope: _Scope) -> Iterator[_Part]:
        catcher, caught = _catcher(node)
        if catcher is None or _gives_up(catcher.body):
            yield from _fields(node, scope)
            return
        reason = f"try/except {caught}".rstrip()
        guarded, unless_caught = scope.guarded(reason), scope.under(Why.OPTIONAL, reason)
        # A handler of all errors stands in for an import only where one is tried.
        imports = any(isinstance(one, ast.Import | ast.ImportFrom) for one in node.body)
        fallback = scope
        if imports or caught in _IMPORT_ERRORS:
            fallback = scope.under(Why.OPTIONAL, f"except {caught}".rstrip())
        for part, part_scope in _fields(node, scope, body=guarded, orelse=unless_caught):
            yield part, fallback if part is catcher else part_scope

    def _suppression(self, node: ast.With | ast.AsyncWith) -> str:
        """The reason when a `with` suppresses the errors of imports, else empty."""
        calls = [item.context_expr for item in node.items]
        for call in (call for call in calls if isinstance(call, ast.Call)):
            if _last(self._meaning(_dotted(call.func))) == "suppress":
                for error in call.args:
                    if _last(_dotted(error)) in _CATCHING:
                        return f"suppress({_last(_dotted(error))})"
        return ""


def _fields(node: ast.AST, default: _Scope, **scopes: _Scope) -> Iterator[_Part]:
    """The children of a node, with the scope of the field that they stand in."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST):
                yield child, scopes.get(field, default)


# --- what the parts of the tree mean -----------------------------------------------------

_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError")
_CATCHING = (*_IMPORT_ERRORS, "Exception", "BaseException")
_IMPORT_CALLS = ("importlib.import_module", "importlib.__import__", "builtins.__import__")
_EXITS = ("exit", "quit", "sys.exit", "os._exit")


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of the expression a.b.c; empty for any other."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _catcher(node: ast.Try) -> tuple[ast.ExceptHandler | None, str]:
    """The handler that an ImportError ends in, and the name by which it is caught."""
    for handler in node.handlers:
        if handler.type is None:
            return handler, ""
        tried = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for error in tried:
            if _last(_dotted(error)) in _CATCHING:
                return handler, _last(_dotted(error))
    return None, ""


def _gives_up(body: list[ast.stmt]) -> bool:
    """Whether a handler ends the program or raises, so that what failed was required."""
    last = body[-1]
    if isinstance(last, ast.Raise):
        return True
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return _dotted(last.value.func) in _EXITS
    return False


def _imported_by(function: str, call: ast.Call) -> str:
    """The module that a call imports by a literal name; empty when it does not."""
    if function not in _IMPORT_CALLS and function != "__import__":
        return ""
    module = _literal(call, 0, "name")
    if not isinstance(module, str) or not all(p.isidentifier() for p in _names_in(module)):
        return ""
    if function == "importlib.import_module":
        package = _literal(call, 1, "package")
        return _absolute(module, package) if isinstance(package, str) else module
    level = _literal(call, 4, "level")
    return "." * level + module if isinstance(level, int) and 0 < level < 100 else module


def _names_in(module: str) -> list[str]:
    return module.lstrip(".").split(".")


def _literal(call: ast.Call, position: int, keyword: str) -> object:
    """The value of an argument that is a literal, else None."""
    given = call.args[position : position + 1]
    given += [one.value for one in call.keywords if one.arg == keyword]
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def _absolute(module: str, package: str) -> str:
    """What `import_module(module, package)` imports, when `module` is relative."""
    rest = module.lstrip(".")
    level = len(module) - len(rest)
    parents = package.split(".")
    if level == 0 or level > len(parents):
        return module
    return ".".join([*parents[: len(parents) - level + 1], rest])
