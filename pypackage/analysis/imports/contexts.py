"""Determine under which conditions the code at some point of a source runs."""

from __future__ import annotations

import _ast
from collections.abc import Sequence

from pypackage.analysis.imports.conditions import Judge
from pypackage.analysis.imports.flags import Fact, facts, is_open
from pypackage.analysis.imports.model import BODY, HANDLER, Why
from pypackage.analysis.imports.scopes import Scope
from pypackage.analysis.imports.tries import Fork, caught_as, gives_up, key_of
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import dotted

_SEVERITY = {why: number for number, why in enumerate(Why)}
_Reasoned = tuple[Why, str]
_REQUIRED: _Reasoned = (Why.REQUIRED, "")


class Step(NamedTuple):
    """One of the two branches of a fork.

    Attributes:
        fork: The fork's number.
        way: The branch.
        reason: Why code in this branch is not required.
        lasting: Whether this also applies inside functions defined there.
    """

    fork: int
    way: int
    reason: str
    lasting: bool = True


class Effect(NamedTuple):
    """The combined conditions at a point of the source.

    Conditions are of two kinds. Most are lasting: a function defined under `if False` never exists.
    But the `try` around a definition does not apply to the function's body, which runs later:
    that condition is `passing`.

    Attributes:
        lasting: The strongest lasting condition, with its reason.
        passing: The strongest passing condition, with its reason.
        steps: The enclosing branches of forks, outermost first.
        deferred: Whether the point is in a function.
        flags: Conditions on imported names that may be flags, as in `Import`.
    """

    lasting: _Reasoned = _REQUIRED
    passing: _Reasoned = _REQUIRED
    steps: tuple[Step, ...] = ()
    deferred: bool = False
    flags: tuple[tuple[str, str, bool], ...] = ()

    @property
    def strongest(self) -> _Reasoned:
        """The strongest condition; in a fork the point is optional until the fork is decided."""
        found = stronger(self.lasting, self.passing)
        return stronger(found, (Why.OPTIONAL, self.steps[-1].reason)) if self.steps else found

    @property
    def choices(self) -> tuple[tuple[int, int], ...]:
        """The enclosing forks and branches, if they alone decide whether the point is required."""
        if stronger(self.lasting, self.passing)[0] is not Why.REQUIRED:
            return ()
        return tuple((step.fork, step.way) for step in self.steps)

    def with_step(self, step: Step, *, by_flag: bool = False) -> Effect:
        """Add a fork's branch; a flag does not override the branch of a fork that encloses it."""
        others = tuple(one for one in self.steps if one.fork != step.fork)
        if len(others) == len(self.steps):
            return self._replace(steps=(*self.steps, step))
        return self if by_flag else self._replace(steps=(*others, step))


def stronger(one: _Reasoned, other: _Reasoned) -> _Reasoned:
    """The condition that holds more rarely; the first if they are equal."""
    return other if _SEVERITY[other[0]] > _SEVERITY[one[0]] else one


class Context:
    """The condition of one enclosing block: a branch, a guard, a function.

    Contexts are created for the whole source, but evaluated only where there is an import, once the
    whole source is known.
    """

    __slots__ = ("_effect", "parent")

    def __init__(self, parent: Context | None = None) -> None:
        self.parent = parent
        self._effect: Effect | None = None

    def effect(self, judge: Judge) -> Effect:
        """The combined effect of this condition and all that enclose it."""
        chain = [self]
        while chain[-1]._effect is None and chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        effect = chain[-1]._effect or Effect()
        for context in reversed(chain):  # no recursion: an elif is nested in the else before it
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
        lasting = tuple(step for step in around.steps if step.lasting)
        return Effect(around.lasting, steps=lasting, deferred=True, flags=around.flags)


class Lasting(Context):
    """A condition that also applies inside functions defined there."""

    __slots__ = ("reason", "why")

    def __init__(self, parent: Context, why: Why, reason: str) -> None:
        super().__init__(parent)
        self.why = why
        self.reason = reason

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        return around._replace(lasting=stronger(around.lasting, (self.why, self.reason)))


class Way(Context):
    """A branch of a fork: what runs if the import in a `try` succeeds, or if it fails."""

    __slots__ = ("fork", "lasting", "way")

    def __init__(self, parent: Context, fork: Fork, way: int, *, lasting: bool = True) -> None:
        super().__init__(parent)
        self.fork = fork
        self.way = way
        self.lasting = lasting

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        reason = self.fork.reason
        if self.way == HANDLER:
            reason = reason.removeprefix("try/")
        if is_open(self.fork, judge):
            return around.with_step(Step(self.fork.key, self.way, reason, self.lasting))
        if self.way == BODY:
            return around
        return around._replace(lasting=stronger(around.lasting, (Why.OPTIONAL, reason)))


class Suppressed(Context):
    """The body of a `with`, which may suppress import errors."""

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
    """What runs if a condition is true, or if it is false.

    Attributes:
        test: The condition.
        taken: The truth value for which this runs.
        other: What runs in the other case.
        told: Whether the condition only matters as a flag, and only if `other` ends the program.
    """

    __slots__ = ("other", "scope", "taken", "test", "told")

    def __init__(
        self,
        parent: Context,
        test: _ast.expr,
        scope: Scope,
        *,
        taken: bool,
        other: Sequence[_ast.stmt] = (),
        told: bool = False,
    ) -> None:
        super().__init__(parent)
        self.test = test
        self.scope = scope
        self.taken = taken
        self.other = other
        self.told = told

    def _inside(self, around: Effect, judge: Judge) -> Effect:
        if self.told:
            found = facts(self.test, self.scope, holds=self.taken)
            ends = bool(found) and gives_up(self.other, self.scope, judge)
            return self._flagged(around, judge, found) if ends else around
        verdict = judge.verdict(self.test, self.scope)
        if verdict.asks:
            return self._asked(around, judge, f"if {verdict.asks}")
        if verdict.truth is None:
            found = facts(self.test, self.scope, holds=self.taken)
            return self._flagged(around, judge, found) if found else around
        if verdict.truth is self.taken:
            return around
        return around._replace(lasting=stronger(around.lasting, (verdict.why, "")))

    def _asked(self, around: Effect, judge: Judge, reason: str) -> Effect:
        """It tests for a module, which is required if the other branch ends the program."""
        if gives_up(self.other, self.scope, judge):
            return around
        return around.with_step(Step(key_of(self.test), int(not self.taken), reason))

    @staticmethod
    def _flagged(around: Effect, judge: Judge, found: list[Fact]) -> Effect:
        """It tests a flag."""
        for fact in found:
            reason = f"if {fact.name}"
            if fact.imported:
                module, _, name = fact.imported.rpartition(".")
                # In `.name` the module is the package itself.
                flag = (module or ".", name, fact.way == BODY)
                around = around._replace(flags=(*around.flags, flag))
            elif fact.fork is None:
                lasting = stronger(around.lasting, (Why.OPTIONAL, reason))
                around = around._replace(lasting=lasting)
            elif is_open(fact.fork, judge):
                step = Step(fact.fork.key, fact.way, reason)
                around = around.with_step(step, by_flag=True)
        return around


_SUPPRESSING = ("suppress", "raises", "assertRaises", "assertRaisesRegex")


def suppression(node: _ast.With | _ast.AsyncWith, scope: Scope) -> str:
    """Why a `with` suppresses import errors; empty if it does not."""
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
