"""What a pyproject.toml declares in the tables that Poetry had before there was [project].

Source: Poetry's documentation, "Dependency specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pypackage.core.errors import RequirementsError
from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats.toml import Table


def take(made: Collector, table: Table) -> None:
    """Take in the table [tool.poetry]: its dependencies, and those of its groups.

    Raises:
        RequirementsError: Something in it is not of its kind.
    """
    groups = _table(table, table.data.get("group", {}), "group")
    for listed in (
        *(table.data.get(name, {}) for name in ("dependencies", "dev-dependencies")),
        *(_table(table, group, "group").get("dependencies", {}) for group in groups.values()),
    ):
        for name, value in _table(table, listed, "dependencies").items():
            place = table.place_of(name)
            if name == "python":
                made.python(_specifiers(_version(table, value, name)), place)
                continue
            for one in value if isinstance(value, list) else [value]:
                made.add(_requirement(table, name, one), place)


def _requirement(table: Table, name: str, value: object) -> str:
    """A dependency as PEP 508 writes it."""
    if not isinstance(value, dict):
        return name + _specifiers(_version(table, value, name))
    extras = ",".join(map(str, value.get("extras", ())))
    version = _specifiers(_version(table, value.get("version", "*"), name))
    markers = [f"({value['markers']})"] if "markers" in value else []
    python = _specifiers(_version(table, value.get("python", "*"), name))
    markers += [
        re.sub(r"([<>=!~]+)(.*)", r"python_version \1 '\2'", one)
        for one in python.split(",")
        if one
    ]
    condition = f"; {' and '.join(markers)}" if markers else ""
    return f"{name}{f'[{extras}]' if extras else ''}{version}{condition}"


def _specifiers(constraint: str) -> str:
    """Poetry's constraint as PEP 440 writes it; empty when it has no words for it."""
    if "|" in constraint:
        return ""
    parts = re.sub(r"([<>=!~^]+)\s+", r"\1", constraint.strip()).replace(",", " ").split()
    return ",".join(one for part in parts for one in _specifier(part))


def _specifier(part: str) -> Iterator[str]:
    found = re.fullmatch(r"([\^~])(\d+(?:\.\d+)*)(.*)", part)
    if found:
        numbers = [int(number) for number in found[2].split(".")]
        first = 1 if len(numbers) > 1 else 0  # the number that ~ lets not grow
        if found[1] == "^":
            first = next((i for i, one in enumerate(numbers) if one), len(numbers) - 1)
        above = [*numbers[:first], numbers[first] + 1]
        yield f">={found[2]}{found[3]}"
        yield f"<{'.'.join(map(str, above))}"
    elif part != "*":
        yield part if part[0] in "<>=!~" else f"=={part}"


def _version(table: Table, value: object, name: str) -> str:
    if not isinstance(value, str):
        raise RequirementsError(f"{table.place_of(name)}: {name}: expected a version")
    return value


def _table(table: Table, value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RequirementsError(f"{table.place_of(name)}: {name}: expected a table")
    return value
