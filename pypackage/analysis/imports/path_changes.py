"""Find changes of sys.path: what a source adds, and where."""

from __future__ import annotations

import _ast
from collections.abc import Iterator

from pypackage.analysis.imports.scopes import Scope
from pypackage.core.typed import NamedTuple


class PathChange(NamedTuple):
    """A change of sys.path: what is added, as one value or several, and at which end."""

    value: _ast.expr
    scope: Scope
    several: bool
    front: bool


def by_assignment(target: _ast.AST, value: _ast.expr, scope: Scope) -> Iterator[PathChange]:
    """Handle `sys.path[:0] = [...]`, `sys.path = [...] + sys.path`, `sys.path += [...]`."""
    if isinstance(target, _ast.AugAssign):
        if "sys.path" in scope.meanings(target.target):
            yield PathChange(value, scope, several=True, front=False)
        return
    whole = isinstance(target, _ast.Subscript)
    base = target.value if isinstance(target, _ast.Subscript) else target
    is_name = isinstance(base, _ast.Attribute | _ast.Name)
    if not is_name or "sys.path" not in scope.meanings(base):  # type: ignore[arg-type]
        return
    if whole:
        yield PathChange(value, scope, several=True, front=True)
    elif isinstance(value, _ast.List) and any(map(_is_starred, value.elts)):
        at = next(i for i, one in enumerate(value.elts) if _is_starred(one))
        for elements, front in ((value.elts[:at], True), (value.elts[at + 1 :], False)):
            some = _ast.List(elements, _ast.Load())
            yield PathChange(some, scope, several=True, front=front)
    elif isinstance(value, _ast.BinOp) and isinstance(value.op, _ast.Add):
        for part, front in ((value.left, True), (value.right, False)):
            if isinstance(part, _ast.List | _ast.Tuple):
                yield PathChange(part, scope, several=True, front=front)


def by_call(call: _ast.Call, scope: Scope) -> Iterator[PathChange]:
    """Handle `sys.path.insert(0, ...)`, `append`, `extend` and `site.addsitedir`."""
    for meaning in scope.meanings(call.func):
        if meaning == "sys.path.insert" and len(call.args) == 2:
            at = call.args[0]
            front = isinstance(at, _ast.Constant) and at.value in (0, 1)
            yield PathChange(call.args[1], scope, several=False, front=front)
        elif meaning in ("sys.path.append", "site.addsitedir") and call.args:
            yield PathChange(call.args[0], scope, several=False, front=False)
        elif meaning == "sys.path.extend" and call.args:
            yield PathChange(call.args[0], scope, several=True, front=False)


def _is_starred(node: _ast.expr) -> bool:
    return isinstance(node, _ast.Starred)
