"""What the condition of a branch is for the target, where the source alone tells.

Known are constants, the version and the platform of the target, and that TYPE_CHECKING is
never true in a program that runs.
"""

from __future__ import annotations

import _ast
import operator
from collections.abc import Callable, Sequence

from pypackage.analysis.imports.model import Target, Why
from pypackage.analysis.imports.scopes import Scope
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python.source_tree import dotted, walk

if TYPE_CHECKING:
    from typing import Any

_DEEPEST = 100
_MOST_NAMES = 3  # that stand for each other in a condition
_LONGEST_QUESTION = 10  # statements of a function that asks for a module


class Verdict(NamedTuple):
    """What is known of a condition.

    Attributes:
        truth: Whether it holds; None when that is not known.
        why: What then becomes of the branch that does not run.
        asks: What the condition asks for when it asks whether a module is there.
    """

    truth: bool | None = None
    why: Why = Why.DEAD
    asks: str = ""


class _Known(NamedTuple):
    """A value, and whence it is known; None when it comes from a name's constant."""

    value: object
    why: Why | None


class _Version(NamedTuple):
    """`sys.version_info` or a slice of it, whose last numbers may be unknown."""

    known: tuple[int, ...]
    length: int


_SYSTEM: dict[str, object] = {
    "sys.platform": "linux",
    "os.name": "posix",
    "sys.implementation.name": "cpython",
    "platform.system()": "Linux",
    "platform.python_implementation()": "CPython",
    "os.sep": "/",
}
# Names that type checkers take for true whatever is assigned to them.
_FOR_CHECKERS = {"TYPE_CHECKING", "MYPY"}
_ASKING = {
    *("importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"),
    *("pkgutil.get_loader", "imp.find_module"),
}


class Judge:
    """Judges the conditions of a source for a target."""

    def __init__(self, target: Target) -> None:
        self._version = target.version
        self._asked: dict[int, str] = {}  # by what a name stands for

    def verdict(self, test: _ast.expr, scope: Scope) -> Verdict:
        """What is known of a condition that stands in a scope."""
        truth, why = self._truth(test, scope, 0)
        if truth is None:
            return Verdict(asks=self._asks(test, scope))
        return Verdict(truth, why)

    def _truth(self, test: _ast.expr, scope: Scope, depth: int) -> tuple[bool | None, Why]:
        """What a condition always is, or None; and why that which it excludes never runs."""
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
        """The value of an expression, when it is known."""
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
        # A constant by a name, such as DEBUG = False, is there to be changed.
        if known is not None and known.why is Why.DEAD:
            return known._replace(why=None)
        return known

    def _of_target(self, meaning: str) -> _Known | None:
        """The value that a dotted name has on the target."""
        major, minor = self._version[0], self._version[1:2]
        if meaning == "sys.version_info":
            return _Known(_Version(self._version[:3], 5), Why.TARGET)
        if meaning == "sys.version_info.major":
            return _Known(major, Why.TARGET)
        if meaning == "sys.version_info.minor" and minor:
            return _Known(minor[0], Why.TARGET)
        if meaning == "sys.version_info.micro" and len(self._version) > 2:
            return _Known(self._version[2], Why.TARGET)
        if meaning == "sys.version":
            return _Known(_Text(".".join(map(str, self._version))), Why.TARGET)
        if meaning == "sys.hexversion" and minor:
            return _Known(_Hex(self._version), Why.TARGET)
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
        result: bool | None = True
        why: Why | None = Why.DEAD
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            if left is None or right is None:
                return None
            whys = {left.why, right.why}
            step = _compared(left.value, op, right.value)
            if step is None:
                return None
            for one in (Why.TARGET, Why.TYPE_CHECKING, None):
                if one in whys:
                    why = one
                    break
            if not step:
                return _Known(False, why)
        return _Known(result, why)

    def _subscript(self, node: _ast.Subscript, scope: Scope, depth: int) -> _Known | None:
        base = self._value(node.value, scope, depth + 1)
        if base is None:
            return None
        if isinstance(base.value, _Text):
            base = base._replace(value=base.value.start)
        if isinstance(node.slice, _ast.Slice):
            value = _sliced(base.value, node.slice)
        else:
            index = self._value(node.slice, scope, depth + 1)
            value = _element(base.value, index.value if index else None)
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
            if text is not None and isinstance(text.value, _Text):
                text = text._replace(value=text.value.start)
            if text is not None and isinstance(text.value, str):
                return self._method(text, function.attr, node.args, scope, depth)
        elif dotted(function) in ("bool", "tuple") and len(node.args) == 1:
            return self._value(node.args[0], scope, depth + 1)
        elif dotted(function) == "len" and len(node.args) == 1:
            known = self._value(node.args[0], scope, depth + 1)
            length = _length(known.value) if known else None
            return None if known is None or length is None else _Known(length, known.why)
        return None

    def _method(
        self, text: _Known, name: str, arguments: list[_ast.expr], scope: Scope, depth: int
    ) -> _Known | None:
        """`sys.platform.startswith("win")` and its like."""
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
        """What a condition asks when it asks whether a module is there, perhaps by a name."""
        for node in walk(test):
            if isinstance(node, _ast.Call) and scope.meanings(node.func) & _ASKING:
                return dotted(node.func)
            if isinstance(node, _ast.Compare):
                for one in node.comparators:
                    if "sys.modules" in scope.meanings(one):
                        return "in sys.modules"
            if isinstance(node, _ast.Name) and depth < _MOST_NAMES:
                asked = self._asks_by_name(node.id, scope, depth + 1)
                if asked:
                    return asked
        return ""

    def _asks_by_name(self, name: str, scope: Scope, depth: int) -> str:
        """The same of a name: of a value, or of a function that asks and returns something."""
        bindings = scope.lookup(name)
        if len(bindings) != 1:
            return ""
        value, function = scope.value(name), bindings[0].definition
        key = id(value or function)
        if key not in self._asked:  # by thousands of conditions, perhaps
            self._asked[key] = ""
            if value is not None:
                self._asked[key] = self._asks(value, scope, depth)
            elif function is not None and _is_question(function):
                self._asked[key] = self._asks(function, scope, _MOST_NAMES)
        return self._asked[key]


def _is_question(function: _ast.FunctionDef | _ast.AsyncFunctionDef) -> bool:
    """Whether a function is short and returns something."""
    short = len(function.body) <= _LONGEST_QUESTION
    return short and any(isinstance(one, _ast.Return) for one in walk(function))


class _Text(NamedTuple):
    """`sys.version`, of which the beginning is known."""

    start: str


class _Hex:
    """`sys.hexversion`, whose last digits may be unknown."""

    def __init__(self, version: Sequence[int]) -> None:
        given = [*version[:3]]
        low, high = [*given, 0, 0, 0][:3], [*given, 255, 255, 255][:3]
        self.low = low[0] << 24 | low[1] << 16 | low[2] << 8
        self.high = high[0] << 24 | high[1] << 16 | high[2] << 8 | 255


_OPERATORS: dict[type[_ast.cmpop], Callable[[Any, Any], object]] = {
    _ast.Eq: operator.eq,
    _ast.NotEq: operator.ne,
    _ast.Lt: operator.lt,
    _ast.LtE: operator.le,
    _ast.Gt: operator.gt,
    _ast.GtE: operator.ge,
    _ast.Is: operator.eq,
    _ast.IsNot: operator.ne,
    _ast.In: lambda one, other: operator.contains(other, one),
    _ast.NotIn: lambda one, other: not operator.contains(other, one),
}
_MIRRORED: dict[type[_ast.cmpop], type[_ast.cmpop]] = {
    _ast.Lt: _ast.Gt,
    _ast.LtE: _ast.GtE,
    _ast.Gt: _ast.Lt,
    _ast.GtE: _ast.LtE,
    _ast.Eq: _ast.Eq,
    _ast.NotEq: _ast.NotEq,
}


def _compared(left: object, op: _ast.cmpop, right: object) -> bool | None:
    """The result of one comparison, when it is known."""
    if isinstance(op, _ast.In | _ast.NotIn) and isinstance(left, _Version | _Hex | _Text):
        found = _is_among(left, right)
        return None if found is None else found is isinstance(op, _ast.In)
    both = isinstance(left, _Version | _Hex) and isinstance(right, _Version | _Hex)
    if isinstance(right, _Version | _Hex) and type(op) in _MIRRORED and not both:
        return _compared(right, _MIRRORED[type(op)](), left)
    if isinstance(left, _Version):
        if not isinstance(right, tuple) or isinstance(right, _Version):
            return None
        sign = _order(left, right)
        return None if sign is None else bool(_OPERATORS[type(op)](sign, 0))
    if isinstance(left, _Hex):
        if not isinstance(right, int):
            return None
        results = {bool(_OPERATORS[type(op)](one, right)) for one in (left.low, left.high)}
        return results.pop() if len(results) == 1 else None
    if isinstance(right, _Version | _Hex | _Text):
        return None
    if isinstance(left, _Text):
        if not isinstance(right, str) or right.startswith(left.start) or type(op) not in _MIRRORED:
            return None
        return bool(_OPERATORS[type(op)](left.start, right))
    try:
        return bool(_OPERATORS[type(op)](left, right))
    except TypeError:
        return None


def _is_among(one: object, others: object) -> bool | None:
    """Whether one of several values is equal to another, when that is known."""
    if not isinstance(others, tuple):
        return None
    equal = [_compared(one, _ast.Eq(), other) for other in others]
    return True if True in equal else None if None in equal else False


def _order(version: _Version, other: tuple[object, ...]) -> int | None:
    """Whether a version is less than (-1), equal to or more than a tuple, when known."""
    for mine, its in zip(version.known, other, strict=False):
        if not isinstance(its, int):
            return None
        if mine != its:
            return -1 if mine < its else 1
    if len(other) > len(version.known) and version.length > len(version.known):
        return None
    return (version.length > len(other)) - (version.length < len(other))


def _sliced(value: object, part: _ast.Slice) -> object:
    stop = part.upper
    start = part.lower.value if isinstance(part.lower, _ast.Constant) else part.lower
    if start not in (None, 0) or part.step is not None or not isinstance(stop, _ast.Constant):
        return None
    if not isinstance(stop.value, int) or stop.value < 0:
        return None
    if isinstance(value, _Version):
        return _Version(value.known[: stop.value], min(value.length, stop.value))
    return value[: stop.value] if isinstance(value, str | tuple) else None


def _length(value: object) -> int | None:
    if isinstance(value, _Version):
        return value.length
    return len(value) if isinstance(value, str | tuple) else None


def _element(value: object, index: object) -> object:
    if not isinstance(index, int):
        return None
    values = value.known if isinstance(value, _Version) else value
    if isinstance(values, str | tuple) and 0 <= index < len(values):
        return values[index]
    return None
