"""A JSON or YAML document that was read: its values, and what to say where one is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pypackage.core.errors import RequirementsError

Path = tuple["str | int", ...]


class ValidationError(Exception):
    """A value is not as it should be; says which one and what.

    Attributes:
        path: The keys and indexes that lead to it.
        what: What is wrong with it.
        hint: What to do.
    """

    def __init__(self, path: Path, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.hint = hint


@dataclass(frozen=True)
class Node:
    """A value of the document and where it stands, such as `conda.dependencies[3]`."""

    path: Path
    value: Any

    def get(self, key: str, default: object) -> Node:
        """The entry of an object; null counts as absent."""
        value = self._mapping().get(key)
        return Node((*self.path, key), default if value is None else value)

    def has(self, key: str) -> bool:
        """Whether this is an object with such an entry."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def entries(self) -> list[tuple[str, Node]]:
        """All entries of an object."""
        return [(str(key), Node((*self.path, key), one)) for key, one in self._mapping().items()]

    def only(self, key: str) -> None:
        """Refuse an object that has other keys."""
        other = next((name for name in self._mapping() if name != key), None)
        if other is not None:
            raise self.invalid(f"expected the key {key!r} alone, not {other!r}")

    def items(self) -> list[Node]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.invalid(f"expected a list, not {repr_short(self.value)}")
        return [Node((*self.path, i), one) for i, one in enumerate(self.value)]

    def string(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.invalid(f"expected a string, not {repr_short(self.value)}")
        if re.search("[\x00-\x1f\ud800-\udfff]", self.value):
            raise self.invalid(f"{repr_short(self.value)} has characters that no name has")
        return self.value

    def required(self, key: str) -> str:
        """The string under a key that has to be there."""
        text = self.get(key, "").string()
        if not text:
            raise self.invalid(f"{key}: missing")
        return text

    def one_of(self, words: Sequence[str]) -> str:
        """One of some strings."""
        if self.string() not in words:
            known = ", ".join(word for word in words if word)
            raise self.invalid(f"expected one of {known}, not {repr_short(self.value)}")
        return self.string()

    def strings(self) -> tuple[str, ...]:
        """The items of a list of strings."""
        return tuple(one.string() for one in self.items())

    def module(self) -> str:
        """A string that is the name of a module."""
        if not all(part.isidentifier() for part in self.string().split(".")):
            raise self.invalid(f"{self.value!r} is not a module's name")
        return self.string()

    def invalid(self, what: str, hint: str = "") -> ValidationError:
        """The error that says what is wrong with this value."""
        return ValidationError(self.path, what, hint)

    def _mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.invalid(f"expected an object, not {repr_short(self.value)}")
        return self.value


@dataclass(frozen=True)
class Document:
    """A document.

    Attributes:
        label: What messages call it.
        top: The outermost value.
        tree: Of YAML, the parser's nodes, which know their lines; else None.
    """

    label: str
    top: Node
    tree: Any = None

    @contextmanager
    def error_context(self) -> Iterator[None]:
        """Turn a validation error of the block into the error that names its place in the file."""
        try:
            yield
        except ValidationError as error:
            place = f"{_dotted(error.path)}: " if error.path else ""
            message = f"{self.label}{self._line(error.path)}: {place}{error.what}"
            raise RequirementsError(message, error.hint) from None

    def place(self, node: Node) -> str:
        """File, line and column of a value; of JSON the file alone."""
        return f"{self.label}{self._line(node.path)}"

    def _line(self, path: Path) -> str:
        """Line and column of the value; where it is absent, of what should have it."""
        if self.tree is None:
            return ""
        node = self.tree
        for key in path:
            children = dict(_children(node))
            node = children.get(str(key), node)
        return f":{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def of_json(content: bytes, label: str) -> Document:
    """Read JSON.

    Raises:
        RequirementsError: It is none.
    """
    try:
        return Document(label, Node((), json.loads(content.decode("utf-8-sig"))))
    except UnicodeDecodeError as error:
        raise RequirementsError(f"{label}: not a text file (byte {error.start})") from None
    except json.JSONDecodeError as error:
        place = f"{label}:{error.lineno}:{error.colno}"
        raise RequirementsError(f"{place}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 10,000 brackets
        raise RequirementsError(f"{label}: not valid JSON: {error}") from None


def of_yaml(content: bytes, label: str) -> Document:
    """Read YAML.

    Raises:
        RequirementsError: It is none.
    """
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(content.decode("utf-8-sig"))
        tree = loader.get_single_node()
        value = loader.construct_document(tree) if tree else None
        return Document(label, Node((), value), tree)
    except UnicodeDecodeError as error:
        raise RequirementsError(f"{label}: not a text file (byte {error.start})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{label}:{mark.line + 1}:{mark.column + 1}" if mark else label
        what = getattr(error, "problem", "") or str(error).partition("\n")[0]
        raise RequirementsError(f"{place}: not valid YAML: {what}") from None
    except (ValueError, RecursionError) as error:
        raise RequirementsError(f"{label}: not valid YAML: {error}") from None


def repr_short(value: object) -> str:
    """A value as it stands in the file, a long one by its kind alone."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _dotted(path: Path) -> str:
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    """The entries or items of a node of YAML's."""
    if isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield (child[0].value, child[1]) if isinstance(child, tuple) else (str(index), child)
