"""TOML documents whose values know their lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pypackage.core.errors import RequirementsError
from pypackage.requirements.declarations import Collector


class Table(NamedTuple):
    """A table of a TOML document and where its lines are.

    Attributes:
        data: The table.
        place: Where it begins, for what has no line of its own.
        text: The document.
        line: The line of the file before the document's first one.
        path: The file.
    """

    data: Mapping[str, Any]
    place: str
    text: str
    line: int
    path: str

    def string(self, key: str) -> str:
        """The string of a key that is there."""
        value = self.data[key]
        if not isinstance(value, str):
            raise RequirementsError(f"{self.place_of(key)}: {key}: expected a string")
        return value

    def strings(self, key: str) -> Iterator[tuple[str, str]]:
        """The strings of a list, each with its place."""
        yield from self._listed(self.data.get(key, []), key)

    def optional(self, key: str) -> Iterator[tuple[str, str]]:
        """The strings of all lists in a table of lists."""
        groups = self.data.get(key, {})
        if not isinstance(groups, dict):
            raise RequirementsError(f"{self.place_of(key)}: {key}: expected a table")
        for name, group in groups.items():
            yield from self._listed(group, f"{key}.{name}")

    def _listed(self, value: object, key: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list):
            place = self.place_of(key.rpartition(".")[2])
            raise RequirementsError(f"{place}: {key}: expected a list")
        for index, one in enumerate(value):
            if not isinstance(one, str):
                place = self.place_of(key.rpartition(".")[2])
                raise RequirementsError(f"{place}: {key}[{index}]: expected a string")
            yield one, self.place_of(one)

    def place_of(self, text: str) -> str:
        """The first line that has a text; TOML's reader tells no lines."""
        for number, line in enumerate(self.text.splitlines(), self.line + 1):
            if text in line and not line.lstrip().startswith("#"):
                return f"{self.path}:{number}"
        return self.place


def load(text: str, path: str, line: int) -> dict[str, Any]:
    """Read a TOML document that begins after a line of a file."""
    from importlib import import_module

    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        said = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)", said)
        number = int(at[1]) + line if at else line + text.count("\n") + 1
        what = re.sub(r" \(at [^)]*\)$", "", said)
        raise RequirementsError(f"{path}:{number}: not valid TOML: {what}") from None
    except RecursionError:
        raise RequirementsError(f"{path}:{line + 1}: not valid TOML: nested too deep") from None
    return data


def take_project(made: Collector, table: Table, *, wanted: bool = False) -> None:
    """Take in `requires-python` and `dependencies`."""
    if "requires-python" in table.data:
        made.python(table.string("requires-python"), table.place_of("requires-python"))
    for text, place in table.strings("dependencies"):
        made.add(text, place, wanted=wanted)
