"""Read JSON, YAML and TOML, and keep the place of each value for messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from pypackage.core.errors import RequirementsError
from pypackage.core.reading import decode

Path = tuple["str | int", ...]


class Node(NamedTuple):
    """A value of a document.

    Attributes:
        path: The keys and indexes of it, such as `conda.dependencies[3]`.
        value: The plain value.
        label: The document's name in messages.
        locate: Finds the line (and column) of a path: `:3:5`; empty if the format has none.
    """

    path: Path
    value: Any
    label: str
    locate: Callable[[Path], str]

    @property
    def place(self) -> str:
        """File, line and column."""
        return f"{self.label}{self.locate(self.path)}"

    def get(self, key: str, default: object) -> Node:
        """Return the entry of an object; null counts as absent."""
        value = self._mapping().get(key)
        return self._child(key, default if value is None else value)

    def has(self, key: str) -> bool:
        """Whether this is an object with such an entry."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def entries(self) -> list[tuple[str, Node]]:
        """Return all entries of an object."""
        return [(str(key), self._child(key, one)) for key, one in self._mapping().items()]

    def items(self) -> list[Node]:
        """Return the items of a list."""
        if not isinstance(self.value, list):
            raise self.invalid(f"expected a list, not {repr_short(self.value)}")
        return [self._child(index, one) for index, one in enumerate(self.value)]

    def string(self) -> str:
        """Return the value, which must be a string."""
        if not isinstance(self.value, str):
            raise self.invalid(f"expected a string, not {repr_short(self.value)}")
        if re.search("[\x00-\x1f\ud800-\udfff]", self.value):
            raise self.invalid(f"{repr_short(self.value)} has characters that no name may have")
        return self.value

    def required(self, key: str) -> str:
        """Return the string under a key, which must be present."""
        text = self.get(key, "").string()
        if not text:
            raise self.invalid(f"{key}: missing")
        return text

    def one_of(self, words: Sequence[str]) -> str:
        """Return the value, which must be one of some strings."""
        if self.string() not in words:
            known = ", ".join(word for word in words if word)
            raise self.invalid(f"expected one of {known}, not {repr_short(self.value)}")
        return self.string()

    def strings(self) -> tuple[str, ...]:
        """Return the items of a list of strings."""
        return tuple(one.string() for one in self.items())

    def boolean(self) -> bool:
        """Return the value as a boolean.

        Raises:
            RequirementsError: It is not one.
        """
        if not isinstance(self.value, bool):
            raise self.invalid("expected true or false")
        return self.value

    def module(self) -> str:
        """Return the value, which must be the name of a module."""
        if not all(part.isidentifier() for part in self.string().split(".")):
            raise self.invalid(f"{self.value!r} is not a module name")
        return self.string()

    def invalid(self, what: str, hint: str = "") -> RequirementsError:
        """Return an error that says what is wrong with this value, and its place."""
        dotted = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.path)
        name = f"{dotted.removeprefix('.')}: " if dotted else ""
        return RequirementsError(f"{self.place}: {name}{what}", hint)

    def _child(self, key: str | int, value: object) -> Node:
        return Node((*self.path, key), value, self.label, self.locate)

    def _mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.invalid(f"expected an object, not {repr_short(self.value)}")
        return self.value


def of_json(content: bytes, label: str) -> Node:
    """Read JSON.

    Raises:
        RequirementsError: It is not valid.
    """
    try:
        return Node((), json.loads(decode(content, label)), label, lambda path: "")
    except json.JSONDecodeError as error:
        place = f"{label}:{error.lineno}:{error.colno}"
        raise RequirementsError(f"{place}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise _excessive(label, "JSON", error) from None


def of_yaml(content: bytes, label: str) -> Node:
    """Read YAML.

    Raises:
        RequirementsError: It is not valid.
    """
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(decode(content, label))
        tree = loader.get_single_node()
        value = loader.construct_document(tree) if tree else None
        return Node((), value, label, partial(_in_yaml, tree))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{label}:{mark.line + 1}:{mark.column + 1}" if mark else label
        what = getattr(error, "problem", "") or str(error).partition("\n")[0]
        raise RequirementsError(f"{place}: not valid YAML: {what}") from None
    except (ValueError, RecursionError) as error:
        raise _excessive(label, "YAML", error) from None


def of_toml(text: str, label: str, line: int = 0) -> Node:
    """Read TOML.

    Args:
        line: The line of the file before the document's first one.

    Raises:
        RequirementsError: It is not valid.
    """
    from pypackage.core import toml

    try:
        value = toml.loads(text)
    except ValueError as error:
        at = re.search(r" \(at line (\d+), column \d+\)", str(error))
        number = int(at[1]) + line if at else line + text.count("\n") + 1
        what = re.sub(r" \(at [^)]*\)$", "", str(error))
        raise RequirementsError(f"{label}:{number}: not valid TOML: {what}") from None
    except RecursionError:
        raise RequirementsError(f"{label}:{line + 1}: not valid TOML: nested too deep") from None
    return Node((), value, label, partial(_in_toml, value, text, line))


def _excessive(label: str, kind: str, error: Exception) -> RequirementsError:
    """Make an error of one of Python's: its readers give no place, and advice for programmers."""
    is_deep = isinstance(error, RecursionError)
    has_digits = "int_max_str_digits" in str(error)
    what = "nested too deep" if is_deep else "a number is too long" if has_digits else str(error)
    return RequirementsError(f"{label}: not valid {kind}: {what}")


def unknown_keys(top: Node, known: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each unknown key, with the known key that may be meant."""
    from difflib import get_close_matches

    for key, node in top.entries():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield f"{node.place}: {key!r} is no key that is known, and is ignored{hint}"


def repr_short(value: object) -> str:
    """Format a value as in the file, a long one abbreviated, lists and objects by type."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    try:
        text = json.dumps(value, default=str)
    except ValueError:  # an integer in hexadecimal digits may be longer than Python writes
        text = "a number of many digits"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _in_yaml(tree: Any, path: Path) -> str:
    """Return line and column of a value; if it is absent, of the innermost value around it."""
    if tree is None:
        return ""
    node = tree
    for key in path:
        node = dict(_children(node)).get(str(key), node)
    return f":{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield the entries or items of a YAML node."""
    if isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield (child[0].value, child[1]) if isinstance(child, tuple) else (str(index), child)


def _in_toml(value: Any, text: str, before: int, path: Path) -> str:
    """Find the line of a value by its keys and text: the TOML reader keeps no lines."""
    lines = [line if not line.lstrip().startswith("#") else "" for line in text.splitlines()]
    at = -1
    for key in path:
        if isinstance(key, str):
            at = _line_with(key, lines, at)
        value = value.get(key) if isinstance(value, dict) else value[key]
    if isinstance(value, str):
        at = _line_with(value, lines, at)
    number = before + at + 1
    return f":{number}" if number else ""


def _line_with(word: str, lines: Sequence[str], start: int) -> int:
    """Return the first line with a word, from a line on; that line itself if there is none."""
    found = (number for number in range(max(start, 0), len(lines)) if word in lines[number])
    return next(found, start)
