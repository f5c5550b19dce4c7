"""Names of a source and what is bound to them."""

from __future__ import annotations

import _ast
from collections.abc import Iterator, Sequence

from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python.source_tree import dotted

if TYPE_CHECKING:
    from pypackage.analysis.imports.flags import Fact
    from pypackage.analysis.imports.tries import Fork


class Binding(NamedTuple):
    """One thing that a name may be bound to.

    Attributes:
        kind: `import` (of `module`), `value` (of `node`), `each` (element of `node`),
            `function` (`definition`), `class` (`inside`), `parameter`, `attribute` (of `self`,
            set to `node` in the scope `names`), or `other`, which is unknown.
        module: The dotted name of what was imported.
        node: The expression.
        part: For `each`, the index in the element; -1 for the whole element.
        definition: For `function`, its definition.
        inside: For `class`, its scope.
        names: For `function`, its own scope; for `attribute`, the scope of its value.
    """

    kind: str
    module: str = ""
    node: _ast.expr | None = None
    part: int = -1
    definition: _ast.FunctionDef | _ast.AsyncFunctionDef | None = None
    inside: Scope | None = None
    names: Scope | None = None


class Check(NamedTuple):
    """A condition at module level under which a block runs that may end the program.

    Attributes:
        test: The condition.
        holds: The truth value for which the block runs.
        block: The block; if empty, the program ends.
    """

    test: _ast.expr
    holds: bool
    block: Sequence[_ast.stmt]


def without_partial(node: _ast.expr | None) -> _ast.expr | None:
    """The function wrapped by `functools.partial`, else the expression itself."""
    if isinstance(node, _ast.Call) and len(node.args) == 1:
        return node.args[0] if dotted(node.func).endswith("partial") else node
    return node


_OTHER = Binding("other")
_PARAMETER = Binding("parameter")
_LONGEST_CHAIN = 50  # names assigned from names


class Scope:
    """The names of a module, class, function or comprehension.

    Attributes:
        parent: The enclosing scope, for looking up names.
        owner: The class, if this is a method or nested in one.
        bindings: The bindings of each name, in source order.
        stars: The modules of `from module import *`.
        forks: The `try` statements in it that catch a failing import.
        checks: For a module, where it may end the program.
        name: For a function or class, its name.
        answers: Cached facts about its flags, by name and truth value.
        truths: Cached truths of the values that a name gets, by the node's id, and how many there
            are of each.
        given: For a function, the arguments that one call passes, each with its scope.
    """

    def __init__(
        self, parent: Scope | None = None, *, is_class: bool = False, name: str = ""
    ) -> None:
        # The names of a class are not visible in its functions.
        skip = parent is not None and parent.is_class and not is_class
        self.parent: Scope | None = parent.parent if parent is not None and skip else parent
        self.owner: Scope | None = None
        if parent is not None and not is_class:
            self.owner = parent if skip else parent.owner
        self.is_class: bool = is_class
        self.bindings: dict[str, list[Binding]] = {}
        self.stars: list[str] = []
        self.forks: list[Fork] = []
        self.checks: list[Check] = []
        self.name: str = name
        self.given: dict[str, tuple[_ast.expr, Scope]] = {}
        self.answers: dict[tuple[str, bool], list[Fact]] = {}
        self.truths: dict[str, tuple[dict[int, bool], tuple[int, int]]] = {}
        self._flags: dict[str, list[Fork]] = {}
        self._meanings: dict[str, frozenset[str]] = {}
        self._leads: dict[str, tuple[tuple[str, str], ...]] = {}
        self._elsewhere: dict[str, Scope] = {}  # names declared global

    def release(self) -> None:
        """Drop all names: scopes form reference cycles, and each keeps a tree alive."""
        for names in (self.bindings, self._flags, self._meanings, self._elsewhere):
            names.clear()
        self.forks.clear()
        self.checks.clear()
        self.given.clear()
        self.answers.clear()
        self.truths.clear()

    def bind(self, name: str, binding: Binding = _OTHER) -> None:
        """Add a binding of a name in this scope."""
        scope = self._elsewhere.get(name, self)
        scope.bindings.setdefault(name, []).append(binding)

    def bind_target(self, target: _ast.expr | None, value: _ast.expr | None, kind: str) -> None:
        """Bind the target of an assignment: a name, or the names of a tuple."""
        if isinstance(target, _ast.Name):
            self.bind(target.id, Binding(kind, node=value) if value else _OTHER)
        elif isinstance(target, _ast.Tuple | _ast.List):
            if kind == "each":
                self._bind_parts(target.elts, value)
                return
            pairs = isinstance(value, _ast.Tuple | _ast.List) and kind == "value"
            values = value.elts if pairs and isinstance(value, _ast.Tuple | _ast.List) else []
            if len(values) != len(target.elts):
                values = [None] * len(target.elts)  # type: ignore[list-item]
            for one, its_value in zip(target.elts, values, strict=True):
                self.bind_target(one, its_value, kind)
        elif isinstance(target, _ast.Starred):
            self.bind_target(target.value, None, kind)

    def _bind_parts(self, targets: list[_ast.expr], value: _ast.expr | None) -> None:
        """Bind the names of a loop over pairs and the like."""
        for part, one in enumerate(targets):
            if isinstance(one, _ast.Name):
                self.bind(one.id, Binding("each", node=value, part=part) if value else _OTHER)
            else:
                self.bind_target(one, None, "other")

    def add_fork(self, fork: Fork) -> None:
        """Add a `try` of this scope; the names that it binds may show which branch ran."""
        self.forks.append(fork)
        for name in dict.fromkeys(fork.names()):
            holder = self.owner if name.startswith("self.") else None
            scope = holder or self._elsewhere.get(name, self)
            scope._flags.setdefault(name, []).append(fork)

    def items_of_forks(self) -> list[str]:
        """The dictionary items that `try` statements of this scope set."""
        return [name for name in self._flags if name.endswith("]")]

    def has(self, name: str) -> bool:
        """Whether this scope itself binds a name."""
        return name in self.bindings or name in self._flags

    def forks_of(self, name: str) -> list[Fork]:
        """The `try` statements that bind a name as seen from this scope."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._flags or name in scope.bindings:
                return scope._flags.get(name, [])
            scope = scope.parent
        return []

    @property
    def module(self) -> Scope:
        """The scope of the module."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def declare_global(self, name: str) -> None:
        """Make a name of this scope refer to the module's."""
        self._elsewhere[name] = self.module

    def lookup(self, name: str) -> list[Binding]:
        """The bindings of a name as seen from this scope."""
        holder = self.holder(name)
        return holder.bindings[name] if holder else []

    def holder(self, name: str) -> Scope | None:
        """The scope that binds a name as seen from this one; None if none does."""
        scope: Scope | None = self
        while scope is not None and name not in scope.bindings:
            scope = scope.parent
        return scope

    def value(self, name: str) -> _ast.expr | None:
        """The expression that a name is bound to; None unless it is bound exactly once."""
        bindings = self.lookup(name)
        return bindings[0].node if len(bindings) == 1 and bindings[0].kind == "value" else None

    def item(self, name: str) -> tuple[_ast.expr | None, str]:
        """The expression of `a[x]` if `a` is a dictionary display, and the name `a`."""
        holder, bracket, key = name.removesuffix("]").partition("[")
        value = self.value(holder) if bracket else None
        if isinstance(value, _ast.Dict):
            for one, item in zip(value.keys, value.values, strict=True):
                if isinstance(one, _ast.Constant) and one.value == key:
                    return item, holder
        return None, holder

    def function(self, name: str) -> Binding | None:
        """The function of the source that a name calls; for a class, its `__init__`."""
        holder, dot, last = name.rpartition(".")
        owner = self.class_of(holder) if dot else None
        bindings = owner.lookup(last) if owner else self.lookup(name)
        inside = bindings[0].inside if len(bindings) == 1 else None
        if inside is not None:
            bindings = inside.bindings.get("__init__", [])
        return bindings[0] if len(bindings) == 1 and bindings[0].definition else None

    def class_of(self, name: str) -> Scope | None:
        """The scope of the class that a name denotes, including `self` and `cls`."""
        if name in ("self", "cls"):
            return self.owner
        bindings = self.lookup(name)
        return bindings[0].inside if len(bindings) == 1 else None

    def meanings(self, expression: _ast.expr | str) -> frozenset[str]:
        """The dotted names that a dotted expression may denote, resolving imports.

        Call this only when all names are bound: results are cached.
        """
        name = expression if isinstance(expression, str) else dotted(expression)
        first, dot, rest = name.partition(".")
        if not first:
            return frozenset()
        known = self._meanings.get(first)
        if known is None:
            known = self._meanings[first] = frozenset(self._names_of(first, set()))
        return frozenset(one + dot + rest for one in known) if dot else known

    def _names_of(self, name: str, seen: set[str]) -> Iterator[str]:
        """The dotted names that a name may denote; names in `seen` are not followed again."""
        seen.add(name)
        holder = self.holder(name)
        if holder is None:
            yield name
            yield from (f"{star}.{name}" for star in self._all_stars())
            return
        for kind, dotted_name in holder._leads_of(name):
            if kind == "import":
                yield dotted_name
            else:
                first, dot, rest = dotted_name.partition(".")
                if first not in seen and len(seen) < _LONGEST_CHAIN:
                    yield from (one + dot + rest for one in self._names_of(first, seen))

    def _leads_of(self, name: str) -> Sequence[tuple[str, str]]:
        """What a name of this scope is bound to, without duplicates: kind and dotted name.

        Cached: a name may be bound thousands of times and used in as many functions.
        """
        if name not in self._leads:
            found: dict[tuple[str, str], None] = {}
            for binding in self.bindings[name]:
                if binding.kind == "import":
                    found["import", binding.module] = None
                elif binding.kind == "value" and binding.node is not None:
                    found["value", dotted(without_partial(binding.node))] = None
            self._leads[name] = tuple(one for one in found if one[1] or one[0] == "import")
        return self._leads[name]

    def _all_stars(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope.stars
            scope = scope.parent


def bind_imported(node: _ast.Import | _ast.ImportFrom, scope: Scope) -> None:
    """Bind the names of an import statement."""
    for alias in node.names:
        if isinstance(node, _ast.Import):
            name = alias.asname or alias.name.partition(".")[0]
            scope.bind(name, Binding("import", alias.name if alias.asname else name))
            continue
        module = "." * node.level + (node.module or "")
        if alias.name == "*":
            scope.stars.append(module)
        else:
            scope.bind(alias.asname or alias.name, Binding("import", f"{module}.{alias.name}"))


def bind_parameters(arguments: _ast.arguments, scope: Scope) -> None:
    """Bind the parameters of a function, and their defaults."""
    given = [*arguments.posonlyargs, *arguments.args]
    for one in (*given, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if one is not None:
            scope.bind(one.arg, _PARAMETER)
    last = given[len(given) - len(arguments.defaults) :]
    defaults = [*arguments.defaults, *arguments.kw_defaults]
    for one, default in zip([*last, *arguments.kwonlyargs], defaults, strict=True):
        if default is not None:
            scope.bind(one.arg, Binding("value", node=default))
