"""Recognize flags: names and functions that show whether an import succeeded.

Examples are `HAS_X = True` in the body of a `try` and `HAS_X = False` in its handler, `x = None`
in the handler, and a `def has_x()` that tries the import and returns False. What is under a
condition on one of them is as optional as what the `try` imports. Attributes of classes and items
of dictionaries can be flags too.
"""

from __future__ import annotations

import _ast
import sys
from collections.abc import Iterator, Sequence

from pypackage.analysis.imports.model import BODY, HANDLER
from pypackage.analysis.imports.scopes import Scope
from pypackage.analysis.imports.tries import Fork, flag_name, gives_up, is_true
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python.source_tree import dotted, walk

if TYPE_CHECKING:
    from pypackage.analysis.imports.conditions import Judge

_KNOWN = _ast.Constant | _ast.List | _ast.Tuple | _ast.Dict
_IMPORTING = ("import_module", "__import__")
_DEEPEST = 5  # nested conditions, and names assigned from each other


class Fact(NamedTuple):
    """What a condition says about a `try`.

    Attributes:
        name: The flag.
        fork: The `try`; None if it is one of several, or in another module.
        way: The branch that was taken.
        imported: The dotted name of an imported flag, which the other module defines.
    """

    name: str
    fork: Fork | None
    way: int
    imported: str = ""


def is_open(fork: Fork, judge: Judge) -> bool:
    """Whether the program continues if the import in a `try` fails.

    It does not if the handler ends the program, or if the module does so later by testing a flag.
    Call this only when all names are bound.
    """
    if fork.goes_on is None:
        fork.goes_on = fork.handler is not None and not (
            gives_up(fork.handled, fork.scope, judge) or _is_checked(fork, judge)
        )
    return fork.goes_on


def _is_checked(fork: Fork, judge: Judge) -> bool:
    module = fork.scope.module
    return any(
        not check.block or gives_up(check.block, module, judge)
        for check in module.checks
        for fact in facts(check.test, module, holds=check.holds)
        if fact.fork is fork and fact.way == HANDLER
    )


def facts(test: _ast.expr, scope: Scope, *, holds: bool, depth: int = 0) -> list[Fact]:
    """What a condition says about `try` statements if it is true, or if it is false."""
    if depth > _DEEPEST:
        return []
    if isinstance(test, _ast.UnaryOp) and isinstance(test.op, _ast.Not):
        return facts(test.operand, scope, holds=not holds, depth=depth + 1)
    if isinstance(test, _ast.BoolOp):
        each = [facts(one, scope, holds=holds, depth=depth + 1) for one in test.values]
        if isinstance(test.op, _ast.And) is holds:
            return [fact for some in each for fact in some]
        # At least one of them holds: if all are flags of this module, it is one of several.
        are_own = all(each) and not any(fact.imported for some in each for fact in some)
        return [each[0][0]._replace(fork=None)] if are_own else []
    if isinstance(test, _ast.Compare) and len(test.ops) == 1:
        flag, equal = _compared(test)
        return facts(flag, scope, holds=equal is holds, depth=depth + 1) if flag else []
    name = flag_name(test)
    if name:
        return _of_flag(name, scope, holds, depth) or _imported(name, scope, holds)
    if isinstance(test, _ast.Call):
        name = dotted(test.func)
        if name in _CONVERTING and len(test.args) == 1:
            one = test.args[0]
            if name in ("all", "any") and isinstance(one, _ast.List | _ast.Tuple) and one.elts:
                one = _ast.BoolOp(_ast.And() if name == "all" else _ast.Or(), one.elts)
            return facts(one, scope, holds=holds, depth=depth + 1)
        found = _of_function(name, scope, holds, depth)
        if found or test.args or test.keywords:
            return found
        return _imported(f"{name}()", scope, holds)
    return []


_CONVERTING = ("bool", "callable", "all", "any")


def _imported(name: str, scope: Scope, holds: bool) -> list[Fact]:
    """The flag that an imported name, or an attribute of a module, may be in its own module.

    Modules of the standard library set no flags.
    """
    bracket = min(at for at in (name.find("("), name.find("["), len(name)) if at >= 0)
    plain, end = name[:bracket], name[bracket:]
    bindings = scope.lookup(plain.partition(".")[0])
    meanings = scope.meanings(plain) if [one.kind for one in bindings] == ["import"] else ()
    return [
        Fact(plain, None, BODY if holds else HANDLER, meaning + end)
        for meaning in meanings
        if "." in meaning and meaning.partition(".")[0] not in sys.stdlib_module_names
    ]


def exported(module: Scope, judge: Judge) -> Iterator[tuple[str, Fork, int]]:
    """The names of a module that are flags, each with its `try` and the branch that makes it true.

    A function's name is followed by `()`.
    """
    for name, test in _tests(module):
        found = facts(test, module, holds=True)
        fork = found[0].fork if len(found) == 1 else None
        if fork is not None and _imports(fork) and is_open(fork, judge):
            yield name, fork, found[0].way


def _imports(fork: Fork) -> bool:
    """Whether a `try` imports, by a statement or a known function."""
    nodes = (node for statement in fork.node.body for node in walk(statement))
    return any(
        isinstance(node, _ast.Import | _ast.ImportFrom)
        or (isinstance(node, _ast.Call) and dotted(node.func).endswith(_IMPORTING))
        for node in nodes
    )


def asking(module: Scope, judge: Judge) -> Iterator[str]:
    """The names of a module that show by `find_spec` and the like whether a module exists."""
    for name, test in _tests(module):
        if judge.verdict(test, module).asks:
            yield name


def _tests(module: Scope) -> Iterator[tuple[str, _ast.expr]]:
    """The names of a module that may be flags, each with an expression that tests it."""
    yield from _tests_of(module, "", None)
    for name, bindings in module.bindings.items():
        inside = bindings[0].inside if len(bindings) == 1 else None
        if inside is not None:
            yield from _tests_of(inside, f"{name}.", _ast.Name(name, _ast.Load()))


def _tests_of(
    scope: Scope, begin: str, holder: _ast.expr | None
) -> Iterator[tuple[str, _ast.expr]]:
    """The names of one module or class that may be flags, as `_tests`."""
    for name, bindings in scope.bindings.items():
        kinds = {one.kind for one in bindings}
        test: _ast.expr = _ast.Name(name, _ast.Load())
        if holder is not None:
            test = _ast.Attribute(holder, name, _ast.Load())
        if kinds == {"function"}:
            yield f"{begin}{name}()", _ast.Call(test, [], [])
        elif kinds == {"value"} or scope.forks_of(name):
            yield f"{begin}{name}", test
    for name in scope.items_of_forks():
        holding, _, key = name.rstrip("]").partition("[")
        node = _ast.Name(holding, _ast.Load())
        if holder is None and "." not in holding:
            yield name, _ast.Subscript(node, _ast.Constant(key), _ast.Load())


def _compared(test: _ast.Compare) -> tuple[_ast.expr | None, bool]:
    """What is compared with None, True or False, and its truth if the comparison is true."""
    (op,), (constant,) = test.ops, test.comparators
    if isinstance(constant, _ast.Constant) and constant.value in (None, True, False):
        if isinstance(op, _ast.Is | _ast.Eq):
            return test.left, bool(constant.value)
        if isinstance(op, _ast.IsNot | _ast.NotEq):
            return test.left, not constant.value
    return None, False


def _of_flag(name: str, scope: Scope, holds: bool, depth: int) -> list[Fact]:
    """What a name, an attribute of a class of the source, or a dictionary item says."""
    holder, dot, attribute = name.rpartition(".")
    owner = scope.class_of(holder) if dot else None
    if owner is None:
        return _of_name(name, scope, holds, depth) or _of_item(name, scope, holds, depth)
    for one in (attribute, f"self.{attribute}"):
        if owner.has(one):
            found = _of_name(one, owner, holds, depth)
            return found or _of_function(attribute, owner, holds, depth)
    return []


def _of_item(name: str, scope: Scope, holds: bool, depth: int) -> list[Fact]:
    """What an item says of a dictionary display in the source."""
    item = scope.item(name)[0]
    return facts(item, scope, holds=holds, depth=depth + 1) if item is not None else []


def _of_name(name: str, scope: Scope, holds: bool, depth: int) -> list[Fact]:
    """What a name says; cached, as thousands of conditions may use it."""
    key = (name, holds)
    if key not in scope.answers:
        scope.answers[key] = []  # ends the recursion for names assigned from each other
        scope.answers[key] = _by_name(name, scope, holds, depth)
    return scope.answers[key]


def _by_name(name: str, scope: Scope, holds: bool, depth: int) -> list[Fact]:
    found = [fact for fork in scope.forks_of(name) for fact in _of_fork(name, fork, holds)]
    if found:
        # Where several add to a collection, none of them alone decides.
        is_clear = len(found) == 1 or all(one.fork and one.fork.adds_to(name) for one in found)
        return found if is_clear else [found[0]._replace(fork=None)]
    value = scope.value(name)
    return facts(value, scope, holds=holds, depth=depth + 1) if value is not None else []


def _of_fork(name: str, fork: Fork, holds: bool) -> Iterator[Fact]:
    body, handler = fork.truths(name)
    if body is None or handler is None:
        before = _before(name, fork)
        body, handler = before if body is None else body, before if handler is None else handler
    if body is not None and handler is not None and body is not handler:
        yield Fact(name, fork, BODY if body is holds else HANDLER)


def _before(name: str, fork: Fork) -> bool | None:
    """The truth of a name before the `try`, which one of the branches leaves unchanged."""
    known = fork.scope.truths
    if name not in known:  # once for all forks of a name, of which there may be thousands
        values = [one.node for one in fork.scope.lookup(name) if one.kind == "value"]
        truths = {id(value): is_true(value) for value in values if isinstance(value, _KNOWN)}
        told = [*truths.values()]
        known[name] = truths, (told.count(False), told.count(True))
    truths, counts = known[name]
    assigned = [one.value for one in fork.whole if isinstance(one, (_ast.Assign, _ast.AnnAssign))]
    inside = [truths[id(value)] for value in assigned if id(value) in truths]
    others = [truth for truth in (False, True) if counts[truth] > inside.count(truth)]
    return others[0] if len(others) == 1 else None


def _of_function(name: str, scope: Scope, holds: bool, depth: int) -> list[Fact]:
    """What a call says of a function that tries an import, or returns a flag."""
    holder, dot, last = name.rpartition(".")
    owner = scope.class_of(holder) if dot else None
    bindings = owner.lookup(last) if owner else scope.lookup(name)
    inner = bindings[0].names if len(bindings) == 1 else None
    definition = bindings[0].definition if inner else None
    if inner is None or definition is None:
        return []
    for fork in inner.forks:
        returned = _returned(fork.handled)
        if isinstance(returned, _ast.Constant):
            return [Fact(name, fork, HANDLER if bool(returned.value) is holds else BODY)]
    value = _returned(definition.body)
    return facts(value, inner, holds=holds, depth=depth + 1) if value is not None else []


def _returned(block: Sequence[_ast.stmt]) -> _ast.expr | None:
    last = block[-1] if block else None
    return last.value if isinstance(last, _ast.Return) else None
