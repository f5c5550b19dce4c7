"""Track functions that import their argument, such as `optional_import("numpy")`.

What such a function imports is given by its calls, in its own source or in one that imports it:
there, only the function's name suggests what it does (see `may_import`).
"""

from __future__ import annotations

import _ast
import sys
from collections.abc import Iterator, Sequence

from pypackage.analysis.imports.scopes import Scope
from pypackage.core.typed import TYPE_CHECKING
from pypackage.python.source_tree import dotted, walk

if TYPE_CHECKING:
    from pypackage.analysis.imports.walker import Call

_MOST_CALLS = 5_000  # calls followed in one source
_MOST_EACH = 50
DEEPEST = 3  # functions that pass their argument on


def may_import(name: str) -> bool:
    """Whether the name of a function or class suggests that it imports its argument."""
    lower = name.lower().lstrip("_")
    return "import" in lower or lower.startswith("lazy")


def module_given(call: _ast.Call, scope: Scope) -> tuple[str, list[tuple[str, str]]]:
    """The module passed to an imported function, and what that function may be.

    The latter are pairs of a module and the name imported from it.
    """
    name = dotted(call.func)
    given = call.args[0] if call.args else None
    module = given.value if isinstance(given, _ast.Constant) else None
    is_module = isinstance(module, str) and all(map(str.isidentifier, module.split(".")))
    bindings = scope.lookup(name)
    if not may_import(name) or "." in name or not is_module or not bindings:
        return "", []
    meanings = scope.meanings(name) if all(one.kind == "import" for one in bindings) else ()
    found = [one.rpartition(".")[::2] for one in meanings if "." in one.lstrip(".")]
    known = sys.stdlib_module_names  # whose functions are known
    own = [(one, last) for one, last in found if one.partition(".")[0] not in known]
    return str(module), [(one or ".", last) for one, last in own]


def helper_name(call: _ast.Call, scope: Scope) -> str:
    """The module's function or class around a call that passes its first argument to the call."""
    for holder in _holders(call, scope):
        arguments = [name for name, its in holder.bindings.items() if its[0].kind == "parameter"]
        named = _called(holder)
        own = arguments if named is holder else arguments[1:]
        names = {node.id for one in call.args for node in walk(one) if isinstance(node, _ast.Name)}
        is_first = own and (named is not holder or own[0] in names)
        if is_first and named.parent is scope.module:
            return named.name
    return ""


def passing(call: Call) -> set[str]:
    """The names of the functions and classes whose parameters are passed to a call."""
    return {_called(holder).name for holder in _holders(call.node, call.scope)} - {""}


def _called(holder: Scope) -> Scope:
    """The scope whose name a call of a function has: for an `__init__` that of its class."""
    return (holder.owner if holder.name == "__init__" else None) or holder


class Callers:
    """Finds the calls that supply the arguments of a call.

    Args:
        calls: All calls of the source.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._by_function: dict[int, list[Call]] | None = None
        self._left = _MOST_CALLS

    def through(self, chain: tuple[Call, ...], depth: int = 0) -> Iterator[tuple[Call, ...]]:
        """Yield the chains of calls that end with the given one, outermost first.

        While the caller handles a chain, the parameters are set to what it passes.
        """
        first = chain[0]
        holder = next((one for one in _holders(first.node, first.scope) if one.name), None)
        if holder is None and depth:
            yield chain
        if holder is None or depth >= DEEPEST:
            return
        for call in self._calls_of(holder):
            self._left -= 1
            if self._left < 0:
                return
            holder.given = _given(holder, call)
            try:
                yield from self.through((call, *chain), depth + 1)
            finally:
                holder.given = {}

    def each(self, value: _ast.expr, scope: Scope) -> Iterator[None]:
        """Set the parameters used in an expression to what each call passes, one call at a time."""
        named = (node.id for node in walk(value) if isinstance(node, _ast.Name))
        holder = next((one for name in named for one in _of_name(name, scope) if one.name), None)
        calls = self._calls_of(holder) if holder else []
        if not calls:
            yield
        for call in calls[:_MOST_EACH]:
            assert holder is not None
            holder.given = _given(holder, call)
            yield
            holder.given = {}

    def _calls_of(self, holder: Scope) -> list[Call]:
        """The calls of a function of the source."""
        if self._by_function is None:
            self._by_function = {}
            for call in self._calls:
                function = call.scope.function(dotted(call.node.func))
                if function is not None:
                    self._by_function.setdefault(id(function.names), []).append(call)
        return self._by_function.get(id(holder), [])


def _holders(call: _ast.Call, scope: Scope) -> Iterator[Scope]:
    """The functions whose parameters are used in the arguments of a call."""
    for argument in (*call.args, *(one.value for one in call.keywords)):
        for node in walk(argument):
            if isinstance(node, _ast.Name):
                yield from _of_name(node.id, scope)
            elif isinstance(node, _ast.Attribute) and dotted(node).startswith("self."):
                bindings = scope.owner.bindings if scope.owner else {}
                for one in bindings.get(dotted(node), ()):
                    if isinstance(one.node, _ast.Name) and one.names:
                        yield from _of_name(one.node.id, one.names)


def _of_name(name: str, scope: Scope, depth: int = 0) -> Iterator[Scope]:
    holder = scope.holder(name)
    for one in holder.bindings[name] if holder else ():
        if one.kind == "parameter" and holder is not None and not holder.given:
            yield holder
        elif one.kind in ("each", "value") and isinstance(one.node, _ast.Name) and depth < DEEPEST:
            yield from _of_name(one.node.id, scope, depth + 1)


def _given(holder: Scope, call: Call) -> dict[str, tuple[_ast.expr, Scope]]:
    """The arguments that a call passes, by parameter."""
    node = call.node
    function = call.scope.function(dotted(node.func))
    arguments = function.definition.args if function and function.definition else None
    if arguments is None:
        return {}
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    if holder.owner is not None and names[:1] in (["self"], ["cls"]):
        names = names[1:]
    found = {name: (value, call.scope) for name, value in zip(names, node.args, strict=False)}
    if arguments.vararg is not None:
        rest = _ast.Tuple(node.args[len(names) :], _ast.Load())
        found[arguments.vararg.arg] = (rest, call.scope)
    found |= {one.arg: (one.value, call.scope) for one in node.keywords if one.arg}
    return found or {"": (_ast.Constant(None), call.scope)}
