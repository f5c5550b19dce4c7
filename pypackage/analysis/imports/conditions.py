"""Evaluate the conditions of branches for the target, without running anything.

Known are constants, the version and the platform of the target, and that TYPE_CHECKING is
never true at run time.
"""

from __future__ import annotations

import _ast
from collections.abc import Sequence

from pypackage.analysis.imports.model import Target, Why
from pypackage.analysis.imports.scopes import Scope
from pypackage.analysis.imports.tries import flag_name
from pypackage.analysis.imports.values import (
    Text,
    Version,
    compared,
    element,
    length,
    sliced,
)
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import dotted, walk

_ITEMS = _ast.Subscript | _ast.Call
_DEEPEST = 100
_MOST_NAMES = 3  # names assigned from each other that are followed in a condition
_LONGEST_QUESTION = 10  # statements of a function that tests for a module


class Verdict(NamedTuple):
    """The result of evaluating a condition.

    Attributes:
        truth: Its value; None if unknown.
        why: Why the branch that is not taken does not count.
        asks: How it tests whether a module exists, such as `find_spec`; empty if it does not.
    """

    truth: bool | None = None
    why: Why = Why.DEAD
    asks: str = ""


class _Known(NamedTuple):
    """A value, and why it is known; `why` is None if it comes from a named constant."""

    value: object
    why: Why | None


_SYSTEM: dict[str, object] = {
    "sys.platform": "linux",
    "os.name": "posix",
    "sys.implementation.name": "cpython",
    "platform.system()": "Linux",
    "platform.python_implementation()": "CPython",
    "os.sep": "/",
}
# Type checkers take these names as true, whatever is assigned to them.
_FOR_CHECKERS = {"TYPE_CHECKING", "MYPY"}
_ASKING = {
    *("importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"),
    *("pkgutil.get_loader", "imp.find_module"),
}


class Judge:
    """Evaluates the conditions of a source for a target."""

    def __init__(self, target: Target) -> None:
        self._version = target
        self._asked: dict[int, str] = {}  # by the id of the value or function behind a name

    def verdict(self, test: _ast.expr, scope: Scope) -> Verdict:
        """Evaluate a condition in a scope."""
        truth, why = self._truth(test, scope, 0)
        if truth is None:
            return Verdict(asks=self._asks(test, scope))
        return Verdict(truth, why)

    def _truth(self, test: _ast.expr, scope: Scope, depth: int) -> tuple[bool | None, Why]:
        """The constant truth of a condition or None, and why the code it excludes never runs."""
        if depth > _DEEPEST:
            return None, Why.DEAD
        if isinstance(test, _ast.UnaryOp) and isinstance(test.op, _ast.Not):
            truth, why = self._truth(test.operand, scope, depth + 1)
            return (None if truth is None else not truth), why
        if isinstance(test, _ast.BoolOp):
            return self._several(test, scope, depth)
        known = self._value(test, scope, depth)
        if known is None or known.why is None:
            return None, Why.DEAD
        return bool(known.value), known.why

    def _several(self, test: _ast.BoolOp, scope: Scope, depth: int) -> tuple[bool | None, Why]:
        decisive = isinstance(test.op, _ast.Or)
        values = [self._truth(value, scope, depth + 1) for value in test.values]
        for truth, why in values:
            if truth is decisive:
                return truth, why
        if any(truth is None for truth, _ in values):
            return None, Why.DEAD
        return not decisive, values[0][1]

    def _value(self, node: _ast.expr, scope: Scope, depth: int) -> _Known | None:
        """The value of an expression; None if unknown."""
        if depth > _DEEPEST:
            return None
        if isinstance(node, _ast.Constant):
            return _Known(node.value, Why.DEAD)
        if isinstance(node, _ast.Tuple | _ast.List | _ast.Set):
            return self._sequence(node.elts, scope, depth)
        if isinstance(node, _ast.Compare):
            return self._comparison(node, scope, depth)
        if isinstance(node, _ast.Subscript):
            return self._subscript(node, scope, depth)
        if isinstance(node, _ast.Call):
            return self._call(node, scope, depth)
        if isinstance(node, _ast.Name | _ast.Attribute):
            return self._named(node, scope, depth)
        if isinstance(node, _ast.BoolOp | _ast.UnaryOp):
            truth, why = self._truth(node, scope, depth + 1)
            return None if truth is None else _Known(truth, why)
        return None

    def _named(self, node: _ast.expr, scope: Scope, depth: int) -> _Known | None:
        name = dotted(node)
        if not name:
            return None
        if name.rpartition(".")[2] in _FOR_CHECKERS:
            return _Known(False, Why.TYPE_CHECKING)
        for meaning in scope.meanings(name):
            known = self._of_target(meaning)
            if known is not None:
                return known
        value = scope.value(name)
        known = self._value(value, scope, depth + 1) if value else None
        # A named constant such as DEBUG = False is meant to be changed.
        if known is not None and known.why is Why.DEAD:
            return known._replace(why=None)
        return known

    def _of_target(self, meaning: str) -> _Known | None:
        """The value of a dotted name on the target."""
        major, minor = self._version[0], self._version[1:2]
        if meaning == "sys.version_info":
            return _Known(Version(self._version[:3], 5), Why.TARGET)
        if meaning == "sys.version_info.major":
            return _Known(major, Why.TARGET)
        if meaning == "sys.version_info.minor" and minor:
            return _Known(minor[0], Why.TARGET)
        if meaning == "sys.version_info.micro" and len(self._version) > 2:
            return _Known(self._version[2], Why.TARGET)
        if meaning == "sys.version":
            return _Known(Text(".".join(map(str, self._version))), Why.TARGET)
        if meaning == "sys.hexversion":
            return _Known(Version(self._version[:3], 4, is_number=True), Why.TARGET)
        if meaning in ("six.PY2", "six.PY3"):
            return _Known(meaning == f"six.PY{major}", Why.TARGET)
        if meaning == "sys.platform" and major == 2:
            return _Known("linux2", Why.TARGET)
        if meaning.rpartition(".")[2] in _FOR_CHECKERS:
            return _Known(False, Why.TYPE_CHECKING)
        return _Known(_SYSTEM[meaning], Why.TARGET) if meaning in _SYSTEM else None

    def _sequence(self, nodes: Sequence[_ast.expr], scope: Scope, depth: int) -> _Known | None:
        values, why = [], Why.DEAD
        for node in nodes:
            known = self._value(node, scope, depth + 1)
            if known is None or known.why is None:
                return None
            values.append(known.value)
            why = known.why if known.why is not Why.DEAD else why
        return _Known(tuple(values), why)

    def _comparison(self, node: _ast.Compare, scope: Scope, depth: int) -> _Known | None:
        operands = [self._value(one, scope, depth + 1) for one in (node.left, *node.comparators)]
        why: Why | None = Why.DEAD
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            if left is None or right is None:
                return None
            whys = {left.why, right.why}
            step = compared(left.value, op, right.value)
            if step is None:
                return None
            why = next((one for one in (Why.TARGET, Why.TYPE_CHECKING, None) if one in whys), why)
            if not step:
                return _Known(False, why)
        return _Known(True, why)

    def _subscript(self, node: _ast.Subscript, scope: Scope, depth: int) -> _Known | None:
        base = self._value(node.value, scope, depth + 1)
        if base is None:
            return None
        if isinstance(base.value, Text):
            base = base._replace(value=base.value.start)
        if isinstance(node.slice, _ast.Slice):
            value = sliced(base.value, node.slice)
        else:
            index = self._value(node.slice, scope, depth + 1)
            value = element(base.value, index.value if index else None)
        return None if value is None else _Known(value, base.why)

    def _call(self, node: _ast.Call, scope: Scope, depth: int) -> _Known | None:
        for meaning in scope.meanings(node.func):
            if f"{meaning}()" in _SYSTEM and not node.args:
                return _Known(_SYSTEM[f"{meaning}()"], Why.TARGET)
            if meaning == "platform.python_version_tuple":
                return _Known(tuple(map(str, self._version[:3])), Why.TARGET)
        function = node.func
        if isinstance(function, _ast.Attribute):
            text = self._value(function.value, scope, depth + 1)
            if text is not None and isinstance(text.value, Text):
                text = text._replace(value=text.value.start)
            if text is not None and isinstance(text.value, str):
                return self._method(text, function.attr, node.args, scope, depth)
        elif dotted(function) in ("bool", "tuple") and len(node.args) == 1:
            return self._value(node.args[0], scope, depth + 1)
        elif dotted(function) == "len" and len(node.args) == 1:
            known = self._value(node.args[0], scope, depth + 1)
            size = length(known.value) if known else None
            return None if known is None or size is None else _Known(size, known.why)
        return None

    def _method(
        self, text: _Known, name: str, arguments: list[_ast.expr], scope: Scope, depth: int
    ) -> _Known | None:
        """Handle `sys.platform.startswith("win")` and the like."""
        known = self._sequence(arguments, scope, depth + 1)
        values = known.value if known else ()
        assert isinstance(values, tuple)
        if name in ("startswith", "endswith") and len(values) == 1:
            wanted = values[0] if isinstance(values[0], tuple) else (values[0],)
            if all(isinstance(one, str) for one in wanted):
                return _Known(getattr(text.value, name)(wanted), text.why)
        if name in ("lower", "upper", "strip") and not arguments:
            return _Known(getattr(text.value, name)(), text.why)
        return None

    def _asks(self, test: _ast.AST, scope: Scope, depth: int = 0) -> str:
        """How a condition, or a name in it, tests whether a module exists; else empty."""
        written: set[int] = set()  # dictionary displays of which only one item matters
        for node in walk(test):
            if id(node) in written:
                continue
            item, holder = scope.item(flag_name(node)) if isinstance(node, _ITEMS) else (None, "")
            if item is not None:
                written |= {id(one) for one in walk(node) if dotted(one) == holder}
                asked = self._asks(item, scope, depth + 1) if depth < _MOST_NAMES else ""
                if asked:
                    return asked
            if isinstance(node, _ast.Call) and scope.meanings(node.func) & _ASKING:
                return dotted(node.func)
            if isinstance(node, _ast.Compare):
                for one in node.comparators:
                    if "sys.modules" in scope.meanings(one):
                        return "in sys.modules"
            asked = self._asks_by_node(node, scope, depth + 1) if depth < _MOST_NAMES else ""
            if asked:
                return asked
        return ""

    def _asks_by_node(self, node: _ast.AST, scope: Scope, depth: int) -> str:
        """The same for a name, or an attribute of a class of the source."""
        if isinstance(node, _ast.Name):
            return self._asks_by_name(node.id, scope, depth)
        if isinstance(node, _ast.Attribute):
            owner = scope.class_of(dotted(node.value))
            if owner is not None and owner.has(node.attr):
                return self._asks_by_name(node.attr, owner, depth)
        return ""

    def _asks_by_name(self, name: str, scope: Scope, depth: int) -> str:
        """The same for a name of a value, or of a function that tests and returns something."""
        bindings = scope.lookup(name)
        if len(bindings) != 1:
            return ""
        value, function = scope.value(name), bindings[0].definition
        key = id(value or function)
        if key not in self._asked:  # thousands of conditions may use the same name
            self._asked[key] = ""
            if value is not None:
                self._asked[key] = self._asks(value, scope, depth)
            elif function is not None and len(function.body) <= _LONGEST_QUESTION:
                returned = _returned(function)
                inner = bindings[0].names or scope
                if returned:
                    self._asked[key] = self._asks(function, inner, _MOST_NAMES)
                for one in returned:
                    self._asked[key] = self._asked[key] or self._asks(one, inner, depth)
        return self._asked[key]


def _returned(function: _ast.FunctionDef | _ast.AsyncFunctionDef) -> list[_ast.expr]:
    """The expressions that a function returns."""
    return [one.value for one in walk(function) if isinstance(one, _ast.Return) and one.value]
