"""Find the part of a source that one function needs.

That is the function with its decorators and defaults, and everything it refers to: imports,
functions and classes, variables with the statements that assign them, and so on from there.
"""

from __future__ import annotations

import _ast
import builtins
from collections.abc import Callable, Iterable, Iterator

from pypackage.core.errors import UsageError
from pypackage.python.source_tree import children, dotted, walk

_Functions = _ast.FunctionDef | _ast.AsyncFunctionDef
_Nests = _ast.FunctionDef | _ast.AsyncFunctionDef | _ast.ClassDef
_Comprehensions = _ast.ListComp | _ast.SetComp | _ast.DictComp | _ast.GeneratorExp
_Storing = _ast.AnnAssign | _ast.AugAssign | _ast.NamedExpr | _ast.For | _ast.AsyncFor
_Naming = _ast.ExceptHandler | _ast.MatchAs | _ast.MatchStar
_Runs = Callable[[_ast.AST], bool]
_NONE: frozenset[str] = frozenset()


class Space:
    """The names that a module, function or class binds, and the statements that bind them.

    Attributes:
        parent: The enclosing space.
        node: The function or class; None for a module.
        bound: The binding statements by name.
    """

    def __init__(self, body: Iterable[_ast.AST], parent: Space | None, node: _ast.AST | None):
        self.parent = parent
        self.node = node
        self.bound: dict[str, list[_ast.AST]] = {}
        self.stars: list[_ast.ImportFrom] = []
        if isinstance(node, _Functions):
            for name in _parameters(node.args):
                self.bound[name] = []
        for statement in body:
            self._collect(statement)

    def _collect(self, statement: _ast.AST) -> None:
        """Record the names that a statement and its nested blocks bind."""
        todo = [statement]
        while todo:
            node = todo.pop()
            for name in _bound_by(node):
                self.bound.setdefault(name, []).append(node)
            if isinstance(node, _ast.ImportFrom) and node.names[0].name == "*":
                self.stars.append(node)
            if isinstance(node, _Nests | _ast.Lambda):
                continue
            if isinstance(node, _ast.For | _ast.AsyncFor | _ast.With | _ast.AsyncWith):
                todo.extend(reversed([*node.body, *getattr(node, "orelse", [])]))
            elif not isinstance(node, _Comprehensions):
                todo.extend(reversed(list(children(node))))


def needed(tree: _ast.Module, name: str, runs: _Runs, path: str) -> dict[int, frozenset[str]]:
    """Find the nodes of a tree that a function needs.

    Args:
        tree: The tree of the source.
        name: The function: `f`, `Class.method`, `outer.inner`.
        runs: Says whether a function or class is defined on the target.
        path: The name of the source in messages.

    Returns:
        By the id of each node, the names that matter of those that it binds; an empty set means
        all.

    Raises:
        UsageError: There is no such function.
    """
    module = Space(tree.body, None, None)
    found = _find(module, name, runs)
    if found is None:
        known = ", ".join(_defined(tree.body)) or "none"
        raise UsageError(f"{path} has no function {name!r}", f"it has: {known[:2000]}")
    collector = _Collector(runs)
    collector.need(*found)
    return {node: frozenset(names) for node, names in collector.needed.items()}


def _find(module: Space, name: str, runs: _Runs) -> tuple[_ast.AST, Space] | None:
    """The definition of a dotted name, and the space that it is in."""
    space: Space = module
    node: _ast.AST | None = None
    for part in name.replace(".<locals>", "").split("."):
        if node is not None:
            if not isinstance(node, _Nests):
                return None
            space = Space(node.body, space, node)
        named = [one for one in space.bound.get(part, []) if _is_definition(one)]
        # The last definition is the one in effect.
        node = next((one for one in reversed(named) if runs(one)), named[-1] if named else None)
        if node is None:
            return None
    return (node, space) if node is not None else None


def _is_definition(node: _ast.AST) -> bool:
    """Whether a statement defines a function or class, or assigns a lambda to a name."""
    if isinstance(node, _ast.Assign | _ast.AnnAssign):
        return isinstance(node.value, _ast.Lambda)
    return isinstance(node, _Nests)


def _defined(body: Iterable[_ast.AST], prefix: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, _Nests):
            yield prefix + node.name
            if isinstance(node, _ast.ClassDef):
                yield from _defined(node.body, f"{prefix}{node.name}.")


class _Collector:
    """Follows names from one definition to the next."""

    def __init__(self, runs: _Runs) -> None:
        self.needed: dict[int, set[str]] = {}
        self._runs = runs
        self._seen: set[int] = set()
        self._todo: list[tuple[_ast.AST, Space]] = []

    def need(self, node: _ast.AST, space: Space) -> None:
        """Add a node in a space, and everything that it refers to."""
        self._todo.append((node, space))
        while self._todo:
            node, space = self._todo.pop()
            if id(node) not in self._seen:
                self._seen.add(id(node))
                self._whole(node, space)

    def _whole(self, node: _ast.AST, space: Space) -> None:
        for one in walk(node):
            self.needed.setdefault(id(one), set())
        for name in sorted(_free(node, _NONE)):
            self._name(name, space)
        if isinstance(space.node, _ast.ClassDef) and isinstance(node, _Functions):
            self._members(node, space)

    def _name(self, name: str, space: Space | None) -> None:
        inner = space
        while space is not None:
            # A function does not see the names of its enclosing class.
            of_class = isinstance(space.node, _ast.ClassDef) and space is not inner
            if name in space.bound and not of_class:
                self._bindings(name, space)
                return
            if space.parent is None and not hasattr(builtins, name):
                for star in space.stars:
                    self.needed.setdefault(id(star), set())
            space = space.parent

    def _bindings(self, name: str, space: Space) -> None:
        nodes = [one for one in space.bound[name] if self._runs(one)]
        definitions = [one for one in nodes if isinstance(one, _Nests)]
        # A setter extends the property of the definition before it.
        last = len(definitions) - 1
        while last > 0 and _is_decorated_by(definitions[last], name):
            last -= 1
        for node in [*definitions[last:], *(one for one in nodes if not isinstance(one, _Nests))]:
            if isinstance(node, _ast.Import | _ast.ImportFrom):
                self.needed.setdefault(id(node), set()).add(name)
            else:
                self._todo.append((node, space))

    def _members(self, method: _ast.FunctionDef | _ast.AsyncFunctionDef, space: Space) -> None:
        """Add the members that a method uses by `self`, `super()` or the class name."""
        cls = space.node
        assert isinstance(cls, _ast.ClassDef)
        selves = {cls.name, *list(_parameters(method.args))[:1]}
        for node in walk(method):
            if not isinstance(node, _ast.Attribute):
                continue
            base = node.value
            called = dotted(base.func) if isinstance(base, _ast.Call) else ""
            if called in ("super", "type") or dotted(base) in selves:
                classes = {id(cls): cls}
                look = self._of_bases if called == "super" else self._member
                if not look(node.attr, cls, space, classes):
                    self._inherited(classes.values(), space.parent)

    def _member(
        self, name: str, cls: _ast.ClassDef, space: Space, seen: dict[int, _ast.ClassDef]
    ) -> bool:
        """Add the members of a name from a class and its bases; return whether there are any."""
        seen[id(cls)] = cls
        if name in space.bound:
            self._bindings(name, space)
        of_bases = self._of_bases(name, cls, space, seen)
        return of_bases or name in space.bound or _sets(cls, name)

    def _of_bases(
        self, name: str, cls: _ast.ClassDef, space: Space, seen: dict[int, _ast.ClassDef]
    ) -> bool:
        found = False
        outside = space.parent
        for base in cls.bases:
            for node in outside.bound.get(dotted(base), []) if outside else []:
                if isinstance(node, _ast.ClassDef) and id(node) not in seen:
                    inner = Space(node.body, outside, node)
                    found = self._member(name, node, inner, seen) or found
        return found

    def _inherited(self, classes: Iterable[_ast.ClassDef], outside: Space | None) -> None:
        """Add the imports that the bases of some classes come from."""
        for name in sorted({one for cls in classes for b in cls.bases for one in _free(b, _NONE)}):
            for node in outside.bound.get(name, []) if outside else []:
                if isinstance(node, _ast.Import | _ast.ImportFrom) and self._runs(node):
                    self.needed.setdefault(id(node), set()).add(name)


def _sets(cls: _ast.ClassDef, name: str) -> bool:
    """Whether a class contains an assignment to an attribute of this name."""
    attributes = (one for one in walk(cls) if isinstance(one, _ast.Attribute))
    return any(one.attr == name and isinstance(one.ctx, _ast.Store) for one in attributes)


def _is_decorated_by(node: _Nests, name: str) -> bool:
    return any(dotted(one).partition(".")[0] == name for one in node.decorator_list)


def _bound_by(node: _ast.AST) -> Iterator[str]:
    """The names that a statement (or `:=`) binds itself."""
    if isinstance(node, _ast.Import | _ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, _Nests):
        yield node.name
    elif isinstance(node, _ast.Assign):
        yield from (name for target in node.targets for name in _stored(target))
    elif isinstance(node, _Storing):
        yield from _stored(node.target)
    elif isinstance(node, _ast.With | _ast.AsyncWith):
        for item in node.items:
            if item.optional_vars is not None:
                yield from _stored(item.optional_vars)
    elif isinstance(node, _Naming) and node.name:
        yield node.name
    elif isinstance(node, _ast.MatchMapping) and node.rest:
        yield node.rest


def _stored(target: _ast.AST) -> Iterator[str]:
    for node in walk(target):
        if isinstance(node, _ast.Name) and isinstance(node.ctx, _ast.Store):
            yield node.id


def _parameters(arguments: _ast.arguments) -> Iterator[str]:
    positional = (*arguments.posonlyargs, *arguments.args, arguments.vararg)
    for one in (*positional, *arguments.kwonlyargs, arguments.kwarg):
        if one is not None:
            yield one.arg


def _free(node: _ast.AST, bound: frozenset[str]) -> set[str]:
    """The names that a node uses without binding them."""
    found: set[str] = set()
    todo = [(node, bound)]
    while todo:
        node, bound = todo.pop()
        if isinstance(node, _ast.Name):
            if isinstance(node.ctx, _ast.Load) and node.id not in bound:
                found.add(node.id)
        elif isinstance(node, _Functions | _ast.Lambda):
            inner, outer = _of_function(node)
            todo.extend((one, bound) for one in outer)
            body = node.body if isinstance(node.body, list) else [node.body]
            todo.extend((one, bound | inner) for one in body)
        elif isinstance(node, _Comprehensions):
            names = {name for one in node.generators for name in _stored(one.target)}
            todo.extend((one, bound | names) for one in children(node))
        else:
            todo.extend((one, bound) for one in children(node))
    return found


def _of_function(
    node: _ast.FunctionDef | _ast.AsyncFunctionDef | _ast.Lambda,
) -> tuple[frozenset[str], list[_ast.AST]]:
    """The local names of a function, and its parts that are evaluated where it is defined."""
    outer: list[_ast.AST] = [node.args]
    if isinstance(node, _ast.Lambda):
        return frozenset(_parameters(node.args)), outer
    outer += node.decorator_list
    outer += [node.returns] if node.returns else []
    local = set(Space(node.body, None, node).bound)
    for one in walk(node):
        if isinstance(one, _ast.Global | _ast.Nonlocal):
            local -= set(one.names)
    return frozenset(local), outer
