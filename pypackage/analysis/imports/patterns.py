"""Convert the patterns of `match` statements to equivalent conditions."""

from __future__ import annotations

import _ast
from collections.abc import Sequence

_UNKNOWN = _ast.Name("unknown", _ast.Load())


def test_of(subject: _ast.expr, case: _ast.match_case) -> _ast.expr | None:
    """The condition for a case such as `case "win32" | "cygwin":` or `case (3, 11, *_) if ...:`."""
    test = _matches(subject, case.pattern)
    if case.guard is None:
        return test
    return _ast.BoolOp(_ast.And(), [test, case.guard]) if test else case.guard


def _matches(subject: _ast.expr, pattern: _ast.pattern) -> _ast.expr | None:
    """An expression that tests whether a value matches; None if every value does."""
    if isinstance(pattern, _ast.MatchValue):
        return _ast.Compare(subject, [_ast.Eq()], [pattern.value])
    if isinstance(pattern, _ast.MatchAs):
        return _matches(subject, pattern.pattern) if pattern.pattern else None
    if isinstance(pattern, _ast.MatchOr):
        tests = [_matches(subject, one) for one in pattern.patterns]
        known = [one for one in tests if one is not None]
        return _ast.BoolOp(_ast.Or(), known) if len(known) == len(tests) else None
    if isinstance(pattern, _ast.MatchSequence):
        return _matches_each(subject, pattern.patterns)
    return _UNKNOWN


def _matches_each(subject: _ast.expr, patterns: Sequence[_ast.pattern]) -> _ast.expr:
    """An expression that tests each element of a sequence; the last pattern may be `*rest`."""
    has_star = bool(patterns) and isinstance(patterns[-1], _ast.MatchStar)
    singles = patterns[:-1] if has_star else patterns
    if any(isinstance(one, _ast.MatchStar) for one in singles):
        return _UNKNOWN
    length = _ast.Call(_ast.Name("len", _ast.Load()), [subject], [])
    enough = _ast.GtE() if has_star else _ast.Eq()
    tests: list[_ast.expr | None] = [_ast.Compare(length, [enough], [_ast.Constant(len(singles))])]
    for number, one in enumerate(singles):
        tests.append(_matches(_ast.Subscript(subject, _ast.Constant(number), _ast.Load()), one))
    return _ast.BoolOp(_ast.And(), [one for one in tests if one is not None])
