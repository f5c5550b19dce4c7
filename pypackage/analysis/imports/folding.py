"""Fold expressions: the values that they can have, without running anything.

Handled are strings, numbers and tuples of constants, combined by the operators, methods and
functions that are usual in module names and paths.
"""

from __future__ import annotations

import _ast
import operator
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pypackage.analysis.imports.scopes import Scope
from pypackage.python.source_tree import dotted

PACKAGE = "\1package"  # stands for the value of __package__
_MOST = 64  # values of one expression
_LONGEST = 10_000  # characters or elements of one value
_DEEPEST = 50
_MOST_STEPS = 5_000  # expressions evaluated for one value


class Unknown:
    """A value that is only known at run time, except for how it may begin."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix


class Folder:
    """Folds the expressions of one source.

    Args:
        path: The source's path, which is its `__file__`.
    """

    def __init__(self, path: str = "") -> None:
        self._file = os.path.abspath(path) if path else ""
        self._steps = 0

    def beside(self, path: str) -> str:
        """A path relative to the folder of the source."""
        return os.path.relpath(path, os.path.dirname(self._file)) if self._file else ""

    def values(self, node: _ast.AST | None, scope: Scope, depth: int = 0) -> list[object]:
        """The values that an expression may have; includes an `Unknown` if there may be more."""
        self._steps = self._steps + 1 if depth else 0
        if depth > _DEEPEST or self._steps > _MOST_STEPS or node is None:
            return [Unknown()]
        found: list[object] = []
        for value in self._fold(node, scope, depth + 1):
            if len(found) >= _MOST or _is_too_long(value):
                return [*found, Unknown()]
            found.append(value)
        return found or [Unknown()]

    def elements(self, node: _ast.AST | None, scope: Scope, depth: int = 0) -> list[object]:
        """The values that the elements of a sequence or dictionary may have."""
        found: list[object] = []
        for value in self.values(node, scope, depth):
            if isinstance(value, tuple | dict):
                found.extend(value)
            else:
                found.append(Unknown())
        return found[:_MOST]

    def _fold(self, node: _ast.AST, scope: Scope, depth: int) -> Iterator[object]:
        if isinstance(node, _ast.Constant):
            yield node.value
        elif isinstance(node, _ast.Name):
            yield from self._name(node.id, scope, depth)
        elif isinstance(node, _ast.Tuple | _ast.List | _ast.Set):
            yield from self._sequences(node.elts, scope, depth)
        elif isinstance(node, _ast.Dict):
            keys = [self.values(key, scope, depth)[0] for key in node.keys[:_LONGEST]]
            values = [self.values(value, scope, depth)[0] for value in node.values[:_LONGEST]]
            pairs = zip(keys, values, strict=True)
            yield {key: value for key, value in pairs if isinstance(key, str | int)}
        elif isinstance(node, _ast.JoinedStr):
            yield from self._joined([_formatted(one) for one in node.values], scope, depth)
        elif isinstance(node, _ast.BinOp):
            yield from self._operation(node, scope, depth)
        elif isinstance(node, _ast.IfExp):
            yield from self.values(node.body, scope, depth)
            yield from self.values(node.orelse, scope, depth)
        elif isinstance(node, _ast.BoolOp):
            for one in node.values:
                yield from self.values(one, scope, depth)
        elif isinstance(node, _ast.Call):
            yield from self._call(node, scope, depth)
        elif isinstance(node, _ast.Attribute):
            yield from self._attribute(node, scope, depth)
        elif isinstance(node, _ast.Subscript):
            yield from self._subscript(node, scope, depth)
        else:
            yield Unknown()

    def _name(self, name: str, scope: Scope, depth: int) -> Iterator[object]:
        bindings = scope.lookup(name)
        if not bindings and name == "__file__" and self._file:
            yield self._file
        elif not bindings and name in ("__package__", "__name__"):
            yield PACKAGE
        holder = scope.holder(name)
        if holder is not None and name in holder.given:
            yield from self.values(*holder.given[name], depth)
            return
        for binding in bindings:
            if binding.kind == "value":
                yield from self.values(binding.node, scope, depth)
            elif binding.kind == "parameter" and holder is not None and holder.given:
                pass  # the known call does not pass it: the default counts
            elif binding.kind == "each":
                elements = self.elements(binding.node, scope, depth)
                part = binding.part
                yield from elements if part < 0 else [_item(one, part) for one in elements]
            else:
                yield Unknown()

    def _sequences(
        self, nodes: Sequence[_ast.expr], scope: Scope, depth: int
    ) -> Iterator[tuple[object, ...]]:
        """A tuple of all elements; one with several possible values adds each of them."""
        elements: list[object] = []
        for node in nodes[:_LONGEST]:
            if isinstance(node, _ast.Starred):
                elements += self.elements(node.value, scope, depth)
            else:
                elements += self.values(node, scope, depth)
        yield tuple(elements)

    def _joined(
        self, parts: Sequence[_ast.expr | str], scope: Scope, depth: int
    ) -> Iterator[object]:
        """The strings that result from concatenating the parts."""
        found: list[object] = [""]
        for part in parts:
            ends = [part] if isinstance(part, str) else self.values(part, scope, depth)
            ends = [str(end) if _is_number(end) else end for end in ends]
            found = [_plus(one, end) for one in found for end in ends][:_MOST]
        yield from found

    def _operation(self, node: _ast.BinOp, scope: Scope, depth: int) -> Iterator[object]:
        left = self.values(node.left, scope, depth)
        for right in self.values(node.right, scope, depth):
            for one in left:
                if isinstance(node.op, _ast.Add):
                    yield _plus(one, right)
                elif isinstance(node.op, _ast.Mod) and isinstance(one, str):
                    yield _formatted_by(partial(operator.mod, one, right), one, "%", right)
                elif isinstance(node.op, _ast.Div):
                    yield _joined_path(one, right)
                else:
                    yield Unknown()

    def _subscript(self, node: _ast.Subscript, scope: Scope, depth: int) -> Iterator[object]:
        index = node.slice
        if isinstance(node.value, _ast.Attribute) and node.value.attr == "parents":
            for number in self.values(index, scope, depth):
                for path in self.values(node.value.value, scope, depth):
                    up = isinstance(path, str) and isinstance(number, int) and 0 <= number < 50
                    yield _above(path, number + 1) if up else Unknown()  # type: ignore[arg-type, operator]
            return
        meanings = scope.meanings(node.value) if self._file else frozenset()
        if meanings & {"sys.argv", "sys.path"} and self.values(index, scope, depth) == [0]:
            # The program and its folder: this source is assumed to be the program.
            yield self._file if "sys.argv" in meanings else os.path.dirname(self._file)
            return
        for value in self.values(node.value, scope, depth):
            for number in self.values(index, scope, depth):
                yield from _items(value, number)

    def _attribute(self, node: _ast.Attribute, scope: Scope, depth: int) -> Iterator[object]:
        meanings = scope.meanings(node)
        if meanings & {"os.pardir", "os.curdir", "os.sep", "os.path.sep"}:
            yield {"pardir": "..", "curdir": ".", "sep": "/"}[node.attr]
        elif node.attr == "parent":
            for path in self.values(node.value, scope, depth):
                yield _above(path, 1) if isinstance(path, str) else Unknown()
        else:
            owner = scope.class_of(dotted(node.value))
            if owner is not None and node.attr in owner.bindings:
                yield from self._name(node.attr, owner, depth)
            elif owner is not None and dotted(node) in owner.bindings:
                for one in owner.bindings[dotted(node)]:
                    yield from self.values(one.node, one.names or scope, depth)
            else:
                yield Unknown()

    def _call(self, node: _ast.Call, scope: Scope, depth: int) -> Iterator[object]:
        names = {
            name for one in scope.meanings(node.func) for name in (one, one.rpartition(".")[2])
        }
        if isinstance(node.func, _ast.Attribute):
            names.add(node.func.attr)
        holder = node.func.value if isinstance(node.func, _ast.Attribute) else None
        first = node.args[0] if node.args else holder
        if names & {"os.path.join", "posixpath.join"}:
            yield from self._paths(node.args, scope, depth)
        elif names & {"os.path.split", "posixpath.split"}:
            for value in self.values(first, scope, depth):
                yield os.path.split(value) if isinstance(value, str) else Unknown()
        elif names & _SAME_PATH:
            change = os.path.dirname if "dirname" in names else str
            for value in self.values(first, scope, depth):
                for more in self._joined_paths(value, node.args[1:], scope, depth):
                    yield change(more) if isinstance(more, str) else Unknown()
        elif names & {"getcwd", "cwd"} and self._file:
            yield os.path.dirname(self._file)
        elif names & _SEQUENCES and isinstance(node.func, _ast.Name):
            yield self._sequence(node, node.func.id, scope, depth)
        elif isinstance(node.func, _ast.Attribute):
            yield from self._method(node, node.func, scope, depth)
        else:
            yield Unknown()

    def _method(
        self, node: _ast.Call, function: _ast.Attribute, scope: Scope, depth: int
    ) -> Iterator[object]:
        holder, name = function.value, function.attr
        if name == "joinpath":
            yield from self._paths([holder, *node.args], scope, depth)
        elif name == "join":
            yield from self._join(node, holder, scope, depth)
        elif name == "format":
            yield from self._format(node, holder, scope, depth)
        elif name in ("keys", "values", "items"):
            for value in self.values(holder, scope, depth):
                yield tuple(getattr(value, name)()) if isinstance(value, dict) else Unknown()
        elif name in ("get", "getenv") and node.args:
            for value in self.values(holder, scope, depth):
                for key in self.values(node.args[0], scope, depth):
                    yield from _items(value, key)
            for default in node.args[1:]:
                yield from self.values(default, scope, depth)
        elif name in _STRING_METHODS:
            arguments = [self.values(one, scope, depth)[0] for one in node.args]
            for text in self.values(holder, scope, depth):
                short = isinstance(text, str) and len(text) < 500
                if short and all(isinstance(one, str | int) for one in arguments):
                    yield _tried(partial(getattr(text, name), *arguments))
                else:
                    yield Unknown()
        else:
            yield Unknown()

    def _paths(self, parts: Sequence[_ast.expr], scope: Scope, depth: int) -> Iterator[object]:
        """Handle `os.path.join(...)` and `path.joinpath(...)`."""
        for value in self.values(parts[0] if parts else None, scope, depth):
            yield from self._joined_paths(value, parts[1:], scope, depth)

    def _join(
        self, node: _ast.Call, holder: _ast.expr, scope: Scope, depth: int
    ) -> Iterator[object]:
        """Handle `".".join([...])`."""
        for between in self.values(holder, scope, depth):
            for parts in self.values(node.args[0] if node.args else None, scope, depth):
                known = isinstance(parts, tuple) and all(isinstance(one, str) for one in parts)
                if isinstance(between, str) and known:
                    yield between.join(parts)  # type: ignore[arg-type]
                elif isinstance(between, str) and isinstance(parts, tuple) and parts:
                    yield Unknown(parts[0] + between if isinstance(parts[0], str) else "")
                else:
                    yield Unknown()

    def _sequence(
        self, node: _ast.Call, function: str, scope: Scope, depth: int
    ) -> tuple[object, ...]:
        """The result of a built-in function on sequences; their order is ignored."""
        sequences = [self.elements(one, scope, depth) for one in node.args]
        if function == "zip":
            return tuple(zip(*sequences, strict=False))
        if function == "enumerate" and sequences:
            counted = len(node.args) == 1 and not node.keywords
            return tuple((i if counted else Unknown(), one) for i, one in enumerate(sequences[0]))
        return tuple(sequences[0]) if sequences else ()

    def _joined_paths(
        self, first: object, more: Sequence[_ast.expr], scope: Scope, depth: int
    ) -> Iterator[object]:
        found: list[object] = [first]
        for node in more:
            ends = self.values(node, scope, depth)
            found = [_joined_path(one, end) for one in found for end in ends][:_MOST]
        yield from found

    def _format(
        self, node: _ast.Call, holder: _ast.expr, scope: Scope, depth: int
    ) -> Iterator[object]:
        values = [self.values(one, scope, depth)[0] for one in node.args]
        named = {
            one.arg: self.values(one.value, scope, depth)[0] for one in node.keywords if one.arg
        }
        for text in self.values(holder, scope, depth):
            if isinstance(text, str):
                make = partial(text.format, *values, **named)
                yield _formatted_by(make, text, "{", (values, named))
            else:
                yield Unknown()


# Functions and methods that do not change a path, as far as it matters here.
_SAME_PATH = {
    *("abspath", "realpath", "normpath", "expanduser", "expandvars", "fspath", "dirname"),
    *("str", "Path", "PurePath", "PosixPath", "resolve", "absolute", "as_posix"),
}
_SEQUENCES = {"enumerate", "frozenset", "list", "reversed", "set", "sorted", "tuple", "zip"}
_STRING_METHODS = {"lower", "upper", "strip", "lstrip", "rstrip", "replace", "removesuffix"}
_STRING_METHODS |= {"removeprefix", "split", "rsplit", "dedent"}


def _formatted(part: _ast.expr) -> _ast.expr:
    """The expression in the braces of an f-string, if it has no format specification."""
    if isinstance(part, _ast.FormattedValue) and part.format_spec is None:
        return part.value
    return part


def _plus(one: object, other: object) -> object:
    if isinstance(one, Unknown):
        return one
    if isinstance(one, str):
        if isinstance(other, str):
            return one + other if len(one) + len(other) <= _LONGEST else Unknown(one[:_LONGEST])
        return Unknown(one + (other.prefix if isinstance(other, Unknown) else ""))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return (one + other)[:_LONGEST]
    return Unknown()


def _formatted_by(make: Callable[[], object], text: str, mark: str, values: object) -> object:
    """The formatted text; if a value is unknown, only its beginning."""
    if _has_unknown(values) or len(text) > 500 or _WIDTHS[mark].search(text):
        return Unknown(text.partition(mark)[0])
    return _tried(make)


# Field widths, which could produce a text of any length.
_WIDTHS = {"%": re.compile(r"%(?:\(\w*\))?[^a-zA-Z%(]*[\d*]"), "{": re.compile(r"\{[^{}]*:")}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and abs(value) < 10**18


def _has_unknown(value: object) -> bool:
    if isinstance(value, tuple | list):
        return any(_has_unknown(one) for one in value)
    if isinstance(value, dict):
        return any(_has_unknown(one) for one in value.values())
    return not isinstance(value, str | int)


def _tried(make: Callable[[], object]) -> object:
    try:
        value = make()
    except (TypeError, ValueError, LookupError, AttributeError):
        return Unknown()
    return tuple(value) if isinstance(value, list) else value


def _joined_path(one: object, end: object) -> object:
    both = isinstance(one, str) and isinstance(end, str)
    return os.path.join(one, end) if both else Unknown()  # type: ignore[call-overload]


def _item(value: object, index: object) -> object:
    if isinstance(value, tuple | str) and isinstance(index, int):
        return _tried(lambda: value[index])
    if isinstance(value, dict) and isinstance(index, str | int):
        return value.get(index, Unknown())
    return Unknown()


def _items(value: object, index: object) -> Iterator[object]:
    """The item at an index; all items of a collection if the index is unknown."""
    if isinstance(index, Unknown) and isinstance(value, dict):
        yield from value.values()
    elif isinstance(index, Unknown) and isinstance(value, tuple):
        yield from value
    else:
        yield _item(value, index)


def _above(path: str, levels: int) -> str:
    for _ in range(levels):
        path = os.path.dirname(path)
    return path


def _is_too_long(value: object) -> bool:
    return isinstance(value, str | tuple | bytes) and len(value) > _LONGEST
