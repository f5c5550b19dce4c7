"""Values that conditions compare: versions and texts that may be known only in part."""

from __future__ import annotations

import _ast
import operator
from collections.abc import Callable

from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any


class Version(NamedTuple):
    """`sys.version_info` or a slice of it, or `sys.hexversion`.

    Attributes:
        known: Its components, of which the last ones may be unknown.
        length: The number of its components.
        is_number: Whether they are the bytes of one number.
    """

    known: tuple[int, ...]
    length: int
    is_number: bool = False


class Text(NamedTuple):
    """`sys.version`, of which only the beginning is known."""

    start: str


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


def compared(left: object, op: _ast.cmpop, right: object) -> bool | None:
    """The result of a comparison; None if unknown."""
    if isinstance(op, _ast.In | _ast.NotIn) and isinstance(left, Version | Text):
        found = _is_among(left, right)
        return None if found is None else found is isinstance(op, _ast.In)
    both = isinstance(left, Version) and isinstance(right, Version)
    if isinstance(right, Version) and type(op) in _MIRRORED and not both:
        return compared(right, _MIRRORED[type(op)](), left)
    if isinstance(left, Version):
        if isinstance(right, int) is not left.is_number:
            return None
        if isinstance(right, int):
            right = tuple(right >> bits & 255 for bits in (24, 16, 8, 0))
        if not isinstance(right, tuple) or isinstance(right, Version):
            return None
        sign = _order(left, right)
        return None if sign is None else bool(_OPERATORS[type(op)](sign, 0))
    if isinstance(right, Version | Text):
        return None
    if isinstance(left, Text):
        if not isinstance(right, str) or right.startswith(left.start) or type(op) not in _MIRRORED:
            return None
        return bool(_OPERATORS[type(op)](left.start, right))
    try:
        return bool(_OPERATORS[type(op)](left, right))
    except TypeError:
        return None


def _is_among(one: object, others: object) -> bool | None:
    """Whether a value is equal to one of several; None if unknown."""
    if not isinstance(others, tuple):
        return None
    equal = [compared(one, _ast.Eq(), other) for other in others]
    return True if True in equal else None if None in equal else False


def _order(version: Version, other: tuple[object, ...]) -> int | None:
    """Compare a version to a tuple: -1, 0 or 1; None if unknown."""
    for mine, its in zip(version.known, other, strict=False):
        if not isinstance(its, int):
            return None
        if mine != its:
            return -1 if mine < its else 1
    if len(other) > len(version.known) and version.length > len(version.known):
        return None
    return (version.length > len(other)) - (version.length < len(other))


def sliced(value: object, part: _ast.Slice) -> object:
    """The first elements of a value; None if unknown."""
    stop = part.upper
    start = part.lower.value if isinstance(part.lower, _ast.Constant) else part.lower
    if start not in (None, 0) or part.step is not None or not isinstance(stop, _ast.Constant):
        return None
    if not isinstance(stop.value, int) or stop.value < 0:
        return None
    if isinstance(value, Version):
        return Version(value.known[: stop.value], min(value.length, stop.value))
    return value[: stop.value] if isinstance(value, str | tuple) else None


def length(value: object) -> int | None:
    """The number of elements of a value; None if it has no length."""
    if isinstance(value, Version):
        return value.length
    return len(value) if isinstance(value, str | tuple) else None


def element(value: object, index: object) -> object:
    """One element of a value; None if unknown."""
    if not isinstance(index, int):
        return None
    values = value.known if isinstance(value, Version) else value
    if isinstance(values, str | tuple) and 0 <= index < len(values):
        return values[index]
    return None
