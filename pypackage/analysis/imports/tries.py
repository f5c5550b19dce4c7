"""Analyze `try` statements that catch a failing import, which fork the program.

One branch is the body and the `else`, the other is the handler that catches the error. If that
handler ends the program, there is no fork, and what the body imports is required.
"""

from __future__ import annotations

import _ast
from collections.abc import Iterator, Sequence

from pypackage.analysis.imports.scopes import Scope
from pypackage.core.typed import TYPE_CHECKING
from pypackage.python.source_tree import dotted

if TYPE_CHECKING:
    from pypackage.analysis.imports.conditions import Judge

# The exceptions that catch an ImportError.
CATCHING = (
    *("ImportError", "ModuleNotFoundError", "Exception", "BaseException"),
    *("PackageNotFoundError", "DistributionNotFound"),  # raised by queries of a package's version
)
IMPORT_ERRORS = CATCHING[:2]

# `except*` has a class of its own, from Python 3.11 on.
TRIES = (_ast.Try, getattr(_ast, "TryStar", _ast.Try))

_EXITS = {"exit", "quit", "sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"}
_SKIPS = ("SkipTest", "Skipped")  # raised in tests to skip them: the others run
_NEVER = ("NoReturn", "Never")
_MOST_ERRORS = 100  # exception classes and names for them that are looked at
_MOST_CALLS = 3  # nested calls that are followed to the end of the program
_COLUMNS = 4096


def key_of(node: _ast.stmt | _ast.expr) -> int:
    """A number for a place in a source, in the order of its places."""
    return node.lineno * _COLUMNS + min(node.col_offset, _COLUMNS - 1)


class Fork:
    """A `try` in which an import may fail without ending the program.

    Attributes:
        node: The statement.
        scope: The scope that it is in.
        handler: The handler that catches the error; None if none does.
        caught: The exception's name in that handler; empty for a bare `except`.
        goes_on: Whether the program continues if the import fails; None until evaluated.
    """

    __slots__ = ("caught", "goes_on", "handler", "node", "scope")

    def __init__(self, node: _ast.Try, scope: Scope) -> None:
        self.node = node
        self.scope = scope
        self.handler, self.caught = _catcher(node, scope)
        self.goes_on: bool | None = None

    @property
    def key(self) -> int:
        """The number that identifies it in the source."""
        return key_of(self.node)

    @property
    def reason(self) -> str:
        """Why what the body imports is not required."""
        return f"try/except {self.caught}".rstrip()

    @property
    def stands_in(self) -> bool:
        """Whether the handler replaces an import; a broad one only if the body imports."""
        if self.handler is None:
            return False
        return self.caught in IMPORT_ERRORS or imports(self.node.body)

    @property
    def handled(self) -> Sequence[_ast.stmt]:
        """What runs if the import fails; empty if no handler catches the error."""
        return self.handler.body if self.handler else ()

    @property
    def whole(self) -> Sequence[_ast.stmt]:
        """The statements of both branches."""
        return (*self.node.body, *self.node.orelse, *self.handled)

    def truths(self, name: str) -> tuple[bool | None, bool | None]:
        """The truth of a name after the body and after the handler; None where it is not bound."""
        body = _truth_in((*self.node.body, *self.node.orelse), name)
        return body, _truth_in(self.handled, name)

    def adds_to(self, name: str) -> bool:
        """Whether the handler adds to a collection, such as `missing.append(...)`."""
        return any(_added_to(one) == name for one in self.handled)

    def names(self) -> Iterator[str]:
        """The names that the body or the handler binds, which may show which of them ran."""
        for statement in self.whole:
            yield from (name for name, _ in _bindings(statement))


def _catcher(node: _ast.Try, scope: Scope) -> tuple[_ast.ExceptHandler | None, str]:
    """The handler that catches an ImportError, and the exception's name in it."""
    for handler in node.handlers:
        if handler.type is None:
            return handler, ""
        caught = caught_as(handler.type, scope)
        if caught:
            return handler, caught
    return None, ""


def caught_as(errors: _ast.AST, scope: Scope) -> str:
    """The first of some exceptions that catches an ImportError, resolving names; else empty."""
    todo, seen = [errors], 0
    while todo and seen < _MOST_ERRORS:
        error, seen = todo.pop(), seen + 1
        if isinstance(error, _ast.Starred):
            error = error.value
        if isinstance(error, _ast.Tuple | _ast.List):
            todo += reversed(error.elts[:_MOST_ERRORS])
            continue
        name = dotted(error)
        if name.rpartition(".")[2] in CATCHING:
            return name.rpartition(".")[2]
        value = scope.value(name)
        todo += [value] if value is not None else []
    return ""


def imports(block: Sequence[_ast.AST]) -> bool:
    """Whether statements, including nested ones, import when they run."""
    todo = list(block)
    while todo:
        node = todo.pop()
        value = getattr(node, "value", None)
        if isinstance(node, _ast.Import | _ast.ImportFrom):
            return True
        if isinstance(value, _ast.Call) and "import" in dotted(value.func):
            return True
        if not isinstance(node, _ast.FunctionDef | _ast.AsyncFunctionDef):
            for part in ("body", "handlers", "orelse", "finalbody", "cases"):
                todo += getattr(node, part, ())
    return False


# --- how a block ends --------------------------------------------------------------------


def leaves(block: Sequence[_ast.stmt]) -> bool:
    """Whether a block leaves the enclosing one, other than by raising."""
    return bool(block) and isinstance(block[-1], _ast.Return | _ast.Continue | _ast.Break)


def gives_up(block: Sequence[_ast.stmt], scope: Scope, judge: Judge, calls: int = 0) -> bool:
    """Whether a block always ends the program or raises."""
    for node in block:
        if isinstance(node, _ast.Return | _ast.Continue | _ast.Break):
            return False
        if isinstance(node, _ast.Raise):
            error = node.exc.func if isinstance(node.exc, _ast.Call) else node.exc
            return not dotted(error).endswith(_SKIPS)
        if isinstance(node, _ast.Expr) and isinstance(node.value, _ast.Call):
            if _exits(node.value, scope, judge, calls):
                return True
        elif isinstance(node, _ast.If):
            truth = judge.verdict(node.test, scope).truth
            ways = [node.body] if truth else [node.orelse] if truth is False else None
            ways = ways or [node.body, node.orelse]
            if all(gives_up(way, scope, judge, calls) for way in ways):
                return True
        elif isinstance(node, _ast.With | _ast.AsyncWith) and gives_up(
            node.body, scope, judge, calls
        ):
            return True
    return False


def _exits(call: _ast.Call, scope: Scope, judge: Judge, calls: int) -> bool:
    """Whether a call ends the program: `sys.exit()`, or a function of the source that does."""
    if not scope.meanings(call.func).isdisjoint(_EXITS):
        return True
    function = call.func
    if isinstance(function, _ast.Attribute) and function.attr in ("error", "exit"):
        made = scope.value(dotted(function.value))
        return isinstance(made, _ast.Call) and dotted(made.func).endswith("ArgumentParser")
    bindings = scope.lookup(dotted(function))
    definition = bindings[0].definition if len(bindings) == 1 else None
    if definition is None or calls >= _MOST_CALLS:
        return False
    if dotted(definition.returns).rpartition(".")[2] in _NEVER:
        return True
    return gives_up(definition.body, bindings[0].names or scope, judge, calls + 1)


# --- what a block binds ------------------------------------------------------------------


def _truth_in(block: Sequence[_ast.stmt], name: str) -> bool | None:
    """The truth of a name after a block; None if the block does not bind it."""
    truth = None
    for statement in block:
        for bound, value in _bindings(statement):
            if bound == name:
                truth = value
    return truth


def _bindings(statement: _ast.stmt) -> Iterator[tuple[str, bool]]:
    """The names that a statement binds, each with the truth of its value."""
    if isinstance(statement, _ast.Import | _ast.ImportFrom):
        for alias in statement.names:
            if alias.name != "*":
                yield alias.asname or alias.name.partition(".")[0], True
    elif isinstance(statement, _ast.FunctionDef | _ast.AsyncFunctionDef | _ast.ClassDef):
        yield statement.name, True
    elif isinstance(statement, _ast.Assign):
        for target in statement.targets:
            yield from _assigned(target, statement.value)
    elif isinstance(statement, _ast.AnnAssign) and statement.value is not None:
        yield from _assigned(statement.target, statement.value)
    elif _added_to(statement):
        yield _added_to(statement), True


def _added_to(statement: _ast.stmt) -> str:
    """The name of a collection that a statement adds to; else empty."""
    value = statement.value if isinstance(statement, _ast.Expr) else None
    function = value.func if isinstance(value, _ast.Call) else None
    adds = isinstance(function, _ast.Attribute) and function.attr in ("append", "add", "extend")
    return dotted(function.value) if adds and isinstance(function, _ast.Attribute) else ""


def _assigned(target: _ast.expr, value: _ast.expr) -> Iterator[tuple[str, bool]]:
    if isinstance(target, _ast.Tuple | _ast.List):
        pairs = value.elts if isinstance(value, _ast.Tuple | _ast.List) else []
        for number, one in enumerate(target.elts):
            yield from _assigned(one, pairs[number] if number < len(pairs) else value)
    elif flag_name(target):
        yield flag_name(target), is_true(value)


def flag_name(node: _ast.expr) -> str:
    """The name of a possible flag: `x`, `a.x`, or an item, by `a[x]` or `a.get(x)`."""
    if isinstance(node, _ast.Subscript):
        key, holder = node.slice, node.value
    elif isinstance(node, _ast.Call) and isinstance(node.func, _ast.Attribute) and node.args:
        key, holder = node.args[0], node.func.value
        if node.func.attr != "get":
            return ""
    else:
        return dotted(node)
    if isinstance(key, _ast.Constant) and isinstance(key.value, str) and dotted(holder):
        return f"{dotted(holder)}[{key.value}]"
    return ""


def is_true(value: _ast.expr) -> bool:
    """The truth of a value; unknown values count as true."""
    if isinstance(value, _ast.Constant):
        return bool(value.value)
    if isinstance(value, _ast.Tuple | _ast.List | _ast.Set):
        return bool(value.elts)
    return bool(value.keys) if isinstance(value, _ast.Dict) else True
