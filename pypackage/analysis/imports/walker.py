"""Walk the tree of a source: imports, the conditions they are under, and names.

It uses a list instead of recursion: sources nest deeper than Python's stack.
"""

from __future__ import annotations

import _ast
from bisect import bisect_left
from collections.abc import Collection, Sequence

from pypackage.analysis.imports import parameters, path_changes
from pypackage.analysis.imports.calls import ALL_FUNCTIONS, PLAIN
from pypackage.analysis.imports.contexts import (
    Branch,
    Context,
    Function,
    Lasting,
    Suppressed,
    Way,
)
from pypackage.analysis.imports.model import BODY, HANDLER, Why
from pypackage.analysis.imports.path_changes import PathChange
from pypackage.analysis.imports.patterns import test_of
from pypackage.analysis.imports.scopes import (
    Binding,
    Check,
    Scope,
    bind_imported,
    bind_parameters,
    without_partial,
)
from pypackage.analysis.imports.tries import TRIES, Fork, leaves
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import children, dotted, walk

# The types of most statements, told by a look into a set: `isinstance` takes a third of a walk.
_SIMPLE = frozenset(
    (
        *(_ast.Expr, _ast.Assign, _ast.AnnAssign, _ast.AugAssign, _ast.Return, _ast.Raise),
        *(_ast.Assert, _ast.Delete, _ast.Pass, _ast.Break, _ast.Continue),
        *(_ast.Global, _ast.Nonlocal),
    )
)
_LEAVING = frozenset((_ast.Return, _ast.Raise, _ast.Continue, _ast.Break))
_LASTING = _LEAVING | {_ast.If, _ast.Assert, *TRIES}
_Branches = _ast.If | _ast.While
_Definitions = _ast.FunctionDef | _ast.AsyncFunctionDef
_Withs = _ast.With | _ast.AsyncWith
_DOTTED = (_ast.Name, _ast.Attribute)
_Loops = _ast.For | _ast.AsyncFor
_Comprehensions = _ast.ListComp | _ast.SetComp | _ast.DictComp | _ast.GeneratorExp
# Without one of these, or an alias of such a function, a line calls no function that imports, and
# does not change sys.path; a plain name is known by what it is given.
_WORDS = {name.rpartition(".")[2] for name in ALL_FUNCTIONS - PLAIN} | {
    *("import", "sys.executable", "path.insert", "path.append", "path.extend"),
    *("path[", "path +", "path="),
}


class Statement(NamedTuple):
    """An import statement, with its context."""

    node: _ast.Import | _ast.ImportFrom
    context: Context


class Call(NamedTuple):
    """A call, with its context and scope."""

    node: _ast.Call
    context: Context
    scope: Scope


_Part = tuple[_ast.AST, Context, Scope]


class Walker:
    """Walks a tree and collects what it finds.

    Attributes:
        statements: The import statements.
        calls: The calls, some of which may import, if they were looked for.
        paths: The changes of sys.path, likewise.
        definitions: The contexts of all functions and classes, by the id of the node.
    """

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.calls: list[Call] = []
        self.paths: list[PathChange] = []
        self.definitions: dict[int, Context] = {}
        self._blocks: list[tuple[Sequence[_ast.stmt], Context, Scope]] = []
        self._parts: list[_Part] = []
        self._assigned: list[tuple[_ast.AST, _ast.expr, Scope]] = []
        self._scopes: list[Scope] = []
        self._forks: dict[int, Fork] = {}

    def walk(self, tree: _ast.Module) -> Scope:
        """Walk the statements of a tree and return the scope of its module."""
        module = self._scope(None)
        self._blocks.append((tree.body, Context(), module))
        while self._blocks:
            statements, context, scope = self._blocks.pop()
            for node in statements:
                if type(node) in _SIMPLE:
                    self._simple(node, context, scope)
                else:
                    self._statement(node, context, scope)
                if type(node) in _LASTING:
                    context = self._after(node, context, scope)
        return module

    def find_calls(self, text: str) -> None:
        """Find the calls, and the changes of sys.path.

        Args:
            text: The source, whose lines without relevant words are skipped; empty for all lines.
        """
        if text:
            self._look_into_lines(text)
        else:
            self._look_into(self._parts)
        for target, value, scope in self._assigned:
            self.paths += path_changes.by_assignment(target, value, scope)
        for call in self.calls:
            self.paths += path_changes.by_call(call.node, call.scope)

    @property
    def forks(self) -> list[Fork]:
        """All `try` statements, including those that catch no import error."""
        return list(self._forks.values())

    def release(self) -> None:
        """Free the tree at once, without the garbage collector: 6,000 trees take 1 GB."""
        for scope in self._scopes:
            scope.release()

    def _scope(self, parent: Scope | None, *, is_class: bool = False, name: str = "") -> Scope:
        scope = Scope(parent, is_class=is_class, name=name)
        self._scopes.append(scope)
        return scope

    def _look_into_lines(self, text: str) -> None:
        """Find the calls on lines that may call a function that imports."""
        words, rest, seen = self._words_of_interest(), self._parts, 0
        for _ in range(parameters.DEEPEST + 1):
            lines = _lines_with(words, text)
            parts = [part for part in rest if _is_on(part[0], lines)] if words else ()
            if not parts:
                return
            chosen = set(map(id, parts))
            rest = [part for part in rest if id(part) not in chosen]
            self._look_into(parts)
            calls, seen = self.calls[seen:], len(self.calls)
            # Next, the calls of functions that import their argument, and so on.
            words = {name for call in calls for name in parameters.passing(call)}

    def _words_of_interest(self) -> set[str]:
        """The words of lines that may call a function that imports."""
        aliases = {
            name
            for scope in self._scopes
            for name, bindings in scope.bindings.items()
            if any(
                one.kind == "import" or isinstance(without_partial(one.node), _DOTTED)
                for one in bindings
            )
            if not scope.meanings(name).isdisjoint(ALL_FUNCTIONS)
            or (parameters.may_import(name) and bindings[0].kind == "import")
        }
        return {*_WORDS, *aliases}

    # --- statements ----------------------------------------------------------------------

    def _statement(self, node: _ast.stmt, context: Context, scope: Scope) -> None:
        if isinstance(node, _ast.Import | _ast.ImportFrom):
            self.statements.append(Statement(node, context))
            bind_imported(node, scope)
        elif isinstance(node, _Definitions):
            self._function(node, context, scope)
        elif isinstance(node, _ast.ClassDef):
            self._class(node, context, scope)
        elif isinstance(node, _Branches):
            self._look(node.test, context, scope)
            for taken, block, other in (
                (True, node.body, node.orelse),
                (False, node.orelse, node.body),
            ):
                inner = Branch(context, node.test, scope, taken=taken, other=other)
                self._block(block, inner, scope)
        elif isinstance(node, _Withs):
            self._with(node, context, scope)
        elif isinstance(node, _Loops):
            scope.bind_target(node.target, node.iter, "each")
            self._look(node.iter, context, scope)
            self._block(node.body, context, scope)
            self._block(node.orelse, context, scope)
        elif isinstance(node, TRIES):
            self._try(node, context, scope)
        elif isinstance(node, _ast.Match):
            self._match(node, context, scope)
        else:  # of a newer Python
            self._simple(node, context, scope)

    def _block(self, statements: Sequence[_ast.stmt], context: Context, scope: Scope) -> None:
        if statements:
            self._blocks.append((statements, context, scope))

    def _function(
        self, node: _ast.FunctionDef | _ast.AsyncFunctionDef, context: Context, scope: Scope
    ) -> None:
        self.definitions[id(node)] = context
        inner = self._scope(scope, name=node.name)
        scope.bind(node.name, Binding("function", definition=node, names=inner))
        bind_parameters(node.args, inner)
        for part in (*node.decorator_list, *children(node.args), node.returns):
            self._look(part, context, scope)
        self._block(node.body, Function(context), inner)

    def _class(self, node: _ast.ClassDef, context: Context, scope: Scope) -> None:
        self.definitions[id(node)] = context
        inner = self._scope(scope, is_class=True, name=node.name)
        scope.bind(node.name, Binding("class", inside=inner))
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self._look(part, context, scope)
        self._block(node.body, context, inner)

    def _with(self, node: _ast.With | _ast.AsyncWith, context: Context, scope: Scope) -> None:
        for item in node.items:
            self._look(item.context_expr, context, scope)
            scope.bind_target(item.optional_vars, None, "other")
        self._block(node.body, Suppressed(context, node, scope), scope)

    def _match(self, node: _ast.Match, context: Context, scope: Scope) -> None:
        self._look(node.subject, context, scope)
        for case in node.cases:
            for part in walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    scope.bind(name)
            self._look(case.guard, context, scope)
            test = test_of(node.subject, case)
            inner = Branch(context, test, scope, taken=True) if test else context
            self._block(case.body, inner, scope)
            if test:
                context = Branch(context, test, scope, taken=False)

    def _try(self, node: _ast.Try, context: Context, scope: Scope) -> None:
        fork = self._fork(node, scope)
        body = fallback = otherwise = context
        if fork.handler is not None:
            body = Way(context, fork, BODY, lasting=False)
            if fork.stands_in:
                otherwise = Way(context, fork, BODY)
                fallback = Way(context, fork, HANDLER)
        self._block(node.body, body, scope)
        for handler in node.handlers:
            self._look(handler.type, context, scope)
            if handler.name:
                scope.bind(handler.name)
            self._block(handler.body, fallback if handler is fork.handler else context, scope)
        self._block(node.orelse, otherwise, scope)
        self._block(node.finalbody, context, scope)

    def _fork(self, node: _ast.Try, scope: Scope) -> Fork:
        fork = self._forks.get(id(node))
        if fork is None:
            fork = self._forks[id(node)] = Fork(node, scope)
            if fork.stands_in:
                scope.add_fork(fork)
        return fork

    def _after(self, node: _ast.stmt, context: Context, scope: Scope) -> Context:
        """The context of what follows a statement in its block."""
        if type(node) in _LEAVING:
            name = type(node).__name__.lower()
            return Lasting(context, Why.DEAD, f"after {name}")
        if isinstance(node, _ast.If):
            return self._after_if(node, context, scope)
        if isinstance(node, _ast.Assert) and context.parent is None:
            scope.checks.append(Check(node.test, False, ()))
        if isinstance(node, TRIES):
            fork = self._fork(node, scope)
            if fork.stands_in:
                succeeds = leaves(fork.node.orelse or fork.node.body)
                fails = leaves(fork.handled)
                if succeeds != fails:
                    return Way(context, fork, HANDLER if succeeds else BODY)
        return context

    def _after_if(self, node: _ast.If, context: Context, scope: Scope) -> Context:
        # After `if sys.version_info >= (3, 8): return ...`, the rest is like its else.
        blocks = (node.body, node.orelse)
        leaving, other = map(leaves, blocks)
        if leaving != other:
            left = node.body if leaving else node.orelse
            return Branch(context, node.test, scope, taken=other, other=left)
        for holds, block in zip((True, False), blocks, strict=True):
            if block and isinstance(block[-1], _ast.Raise | _ast.Expr):
                if context.parent is None:
                    scope.checks.append(Check(node.test, holds, block))
                else:
                    context = Branch(
                        context, node.test, scope, taken=not holds, other=block, told=True
                    )
        return context

    def _simple(self, node: _ast.stmt, context: Context, scope: Scope) -> None:
        if isinstance(node, _ast.Assign):
            for target in node.targets:
                scope.bind_target(target, node.value, "value")
                if isinstance(target, _ast.Attribute) and scope.owner is not None:
                    inner = Binding("attribute", node=node.value, names=scope)
                    scope.owner.bind(dotted(target), inner)
                self._assigned.append((target, node.value, scope))
        elif isinstance(node, _ast.AnnAssign):
            if node.value is not None:
                scope.bind_target(node.target, node.value, "value")
        elif isinstance(node, _ast.AugAssign):
            scope.bind_target(node.target, None, "other")
            self._assigned.append((node, node.value, scope))
        elif isinstance(node, _ast.Global | _ast.Nonlocal):
            for name in node.names:
                if isinstance(node, _ast.Global):
                    scope.declare_global(name)
        for part in children(node):
            self._look(part, context, scope)

    # --- expressions ---------------------------------------------------------------------

    def _look(self, node: _ast.AST | None, context: Context, scope: Scope) -> None:
        """Remember an expression that may contain calls."""
        if node is not None:
            self._parts.append((node, context, scope))

    def _look_into(self, todo: list[_Part]) -> None:
        """Find the calls in expressions."""
        todo = todo[::-1]
        while todo:
            node, context, scope = todo.pop()
            if isinstance(node, _ast.Call):
                self.calls.append(Call(node, context, scope))
            elif isinstance(node, _ast.Lambda):
                inner = Scope(scope)
                bind_parameters(node.args, inner)
                todo.append((node.args, context, scope))
                todo.append((node.body, Function(context), inner))
                continue
            elif isinstance(node, _ast.IfExp):
                todo.append((node.test, context, scope))
                todo.append((node.body, Branch(context, node.test, scope, taken=True), scope))
                todo.append((node.orelse, Branch(context, node.test, scope, taken=False), scope))
                continue
            elif isinstance(node, _ast.BoolOp):
                taken = isinstance(node.op, _ast.And)
                for value in node.values:
                    todo.append((value, context, scope))
                    context = Branch(context, value, scope, taken=taken)
                continue
            elif isinstance(node, _Comprehensions):
                scope = Scope(scope)
                for generator in node.generators:
                    scope.bind_target(generator.target, generator.iter, "each")
            elif isinstance(node, _ast.NamedExpr):
                scope.bind_target(node.target, node.value, "value")
            todo.extend((child, context, scope) for child in children(node))


def _is_on(node: _ast.AST, lines: list[int]) -> bool:
    """Whether a node is on one of some lines."""
    first = getattr(node, "lineno", None)
    if first is None:  # such as a `with` item: always walked
        return True
    at = bisect_left(lines, first)
    return at < len(lines) and lines[at] <= (getattr(node, "end_lineno", None) or first)


def _lines_with(words: Collection[str], text: str) -> list[int]:
    """The numbers of the lines that contain one of some words, in order."""
    places: set[int] = set()
    for word in words:
        at = -1
        while (at := text.find(word, at + 1)) >= 0:
            places.add(at)
    found, line, counted = [], 1, 0
    for at in sorted(places):
        line += text.count("\n", counted, at)
        counted = at
        found.append(line)
    return found
