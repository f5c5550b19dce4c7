"""Under which conditions the code at some point of a source runs."""

from __future__ import annotations

import _ast
from typing import NamedTuple

from pypackage.analysis.imports.conditions import Judge
from pypackage.analysis.imports.model import Why
from pypackage.analysis.imports.scopes import Scope
from pypackage.python.source_tree import dotted

_SEVERITY = {why: number for number, why in enumerate(Why)}
_Reasoned = tuple[Why, str]
_REQUIRED: _Reasoned = (Why.REQUIRED, "")


class Effect(NamedTuple):
    """What the conditions at a point come to.

    A condition is of two kinds. Most last: a function that is defined under `if False` is
    never there. But the `try` around a definition says nothing about its body, which runs
    later: that one is `passing`.

    Attributes:
        lasting: The strongest of the lasting conditions, and its reason.
        passing: That of the passing ones.
        deferred: Whether the point is in a function.
    """

    lasting: _Reasoned = _REQUIRED
    passing: _Reasoned = _REQUIRED
    deferred: bool = False

    @property
    def strongest(self) -> _Reasoned:
        """The stronger one of both."""
        return stronger(self.lasting, self.passing)


def stronger(one: _Reasoned, other: _Reasoned) -> _Reasoned:
    """The condition that more rarely holds; the first one of equals."""
    return other if _SEVERITY[other[0]] > _SEVERITY[one[0]] else one


class Context:
    """One step inwards: a branch, a guard, a function.

    Contexts are made for all of a source, but only those that hold an import are judged,
    when all of the source is known.
    """

    __slots__ = ("_effect", "parent")

    def __init__(self, parent: Context | None = None) -> None:
        self.parent = parent
        self._effect: Effect | None = None

    @property
    def has_condition(self) -> bool:
        """Whether any step is a branch."""
        context: Context | None = self
        while context is not None:
            if isinstance(context, Branch):
                return True
            context = context.parent
        return False

    def effect(self, judge: Judge) -> Effect:
        """What this and all conditions around it come to."""
        chain = [self]
        while chain[-1]._effect is None and chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        effect = chain[-1]._effect or Effect()
        for context in reversed(chain):  # not by recursion: an elif stands in another one's else
            if context._effect is None:
                context._effect = context._inside(effect, judge)
            effect = context._effect
        return effect

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        return around


class Function(Context):
    """The body of a function, which runs later."""

    __slots__ = ()

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        return Effect(around.lasting, deferred=True)


class Lasting(Context):
    """What holds for definitions inside as well."""

    __slots__ = ("reason", "why")

    def __init__(self, parent: Context, why: Why, reason: str) -> None:
        super().__init__(parent)
        self.why = why
        self.reason = reason

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        return around._replace(lasting=stronger(around.lasting, (self.why, self.reason)))


class Guarded(Context):
    """Where the errors of imports are caught."""

    __slots__ = ("reason",)

    def __init__(self, parent: Context, reason: str) -> None:
        super().__init__(parent)
        self.reason = reason

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        return around._replace(passing=stronger(around.passing, (Why.OPTIONAL, self.reason)))


class Suppressed(Context):
    """The body of a `with`, which may take the errors of imports."""

    __slots__ = ("node", "scope")

    def __init__(self, parent: Context, node: _ast.With | _ast.AsyncWith, scope: Scope) -> None:
        super().__init__(parent)
        self.node = node
        self.scope = scope

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        reason = suppression(self.node, self.scope)
        if not reason:
            return around
        return around._replace(passing=stronger(around.passing, (Why.OPTIONAL, reason)))


class Branch(Context):
    """What runs when a condition holds, or when it does not."""

    __slots__ = ("scope", "taken", "test")

    def __init__(self, parent: Context, test: _ast.expr, scope: Scope, *, taken: bool) -> None:
        super().__init__(parent)
        self.test = test
        self.scope = scope
        self.taken = taken

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        verdict = judge.verdict(self.test, self.scope)
        if verdict.asks:
            step = (Why.OPTIONAL, f"if {verdict.asks}")
        elif verdict.truth is None or verdict.truth is self.taken:
            return around
        else:
            step = (verdict.why, "")
        return around._replace(lasting=stronger(around.lasting, step))


# What an ImportError is caught as.
CATCHING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
_SUPPRESSING = ("suppress", "raises", "assertRaises", "assertRaisesRegex")


_MOST = 100  # errors and names of errors that are looked at


def caught_as(errors: _ast.AST, scope: Scope) -> str:
    """As what one of some errors catches that of an import, names followed; else empty."""
    todo, seen = [errors], 0
    while todo and seen < _MOST:
        error, seen = todo.pop(), seen + 1
        if isinstance(error, _ast.Starred):
            error = error.value
        if isinstance(error, _ast.Tuple | _ast.List):
            todo += reversed(error.elts[:_MOST])
            continue
        name = dotted(error)
        if name.rpartition(".")[2] in CATCHING:
            return name.rpartition(".")[2]
        value = scope.value(name)
        todo += [value] if value is not None else []
    return ""


def suppression(node: _ast.With | _ast.AsyncWith, scope: Scope) -> str:
    """The reason when a `with` takes the errors of imports, else empty."""
    for expression in (item.context_expr for item in node.items):
        call = scope.value(dotted(expression)) or expression
        if not isinstance(call, _ast.Call):
            continue
        functions = {one.rpartition(".")[2] for one in scope.meanings(call.func)}
        for function in _SUPPRESSING:
            if function in functions:
                for error in call.args:
                    name = caught_as(error, scope)
                    if name:
                        return f"{function}({name})"
    return ""
