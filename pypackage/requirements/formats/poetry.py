"""Read the dependency tables that Poetry used before [project] existed.

Source: Poetry's documentation, "Dependency specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.core.package_names import normalize
from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import sources
from pypackage.requirements.formats.document import Node


def declare(made: Collector, table: Node) -> None:
    """Add the table [tool.poetry]: its dependencies, and those of its groups.

    Raises:
        RequirementsError: Something in it is of the wrong type.
    """
    in_groups = [
        (name, group.get("dependencies", {})) for name, group in table.get("group", {}).entries()
    ]
    listed = [("", table.get("dependencies", {})), ("dev", table.get("dev-dependencies", {}))]
    extras = _extras(table)
    for group, dependencies in (*listed, *in_groups):
        for name, node in dependencies.entries():
            if name == "python":
                made.python(_specifiers(node.string()), node.place)
                continue
            for one in node.items() if isinstance(node.value, list) else [node]:
                optional = isinstance(one.value, dict) and one.get("optional", False).value
                wanted_by = extras.get(normalize(name), ["[]"]) if optional else [group]
                for asking in wanted_by:
                    add(made, name, one, asking)


def add(made: Collector, name: str, node: Node, group: str) -> None:
    """Add one dependency, given by its constraint or a table."""
    made.add(_requirement(name, node), node.place, group=group, source=sources.read(node))


def _extras(table: Node) -> dict[str, list[str]]:
    """Return the extras that include each optional package, in brackets as `[NAME]`."""
    found: dict[str, list[str]] = {}
    for extra, listed in table.get("extras", {}).entries():
        for name in listed.strings():
            found.setdefault(normalize(name), []).append(f"[{extra}]")
    return found


def _requirement(name: str, node: Node) -> str:
    """Convert a dependency to PEP 508."""
    if not isinstance(node.value, dict):
        return name + _specifiers(node.string())
    extras = ",".join(node.get("extras", []).strings())
    version = _specifiers(node.get("version", "*").string())
    markers = [f"({node.get('markers', '').string()})"] if node.has("markers") else []
    markers += _marker(node.get("python", "*").string(), "python_version")
    markers += _marker(node.get("platform", "*").string(), "sys_platform")
    condition = f"; {' and '.join(markers)}" if markers else ""
    return f"{name}{f'[{extras}]' if extras else ''}{version}{condition}"


def _marker(constraint: str, variable: str) -> list[str]:
    """Convert a constraint to a marker; empty if it always holds."""
    either = [
        " and ".join(_clause(one, variable) for one in ones) for ones in _alternatives(constraint)
    ]
    return [f"({' or '.join(either)})"] if all(either) else []


def _clause(specifier: str, variable: str) -> str:
    found = re.fullmatch(r"([<>=!~]+)(.*)", specifier)
    assert found is not None  # `_specifier` puts an operator before each
    # python_version has two numbers: that of 3.8.10 is not >= '3.8.1'.
    is_full = variable == "python_version" and len(re.findall(r"\d+", found[2])) > 2
    return f"{'python_full_version' if is_full else variable} {found[1]} '{found[2]}'"


def _specifiers(constraint: str) -> str:
    """Convert Poetry's constraint to PEP 440.

    PEP 440 has no alternatives (`~2.7 || ^3.4`): that of the newest versions is used, so
    that nothing is chosen that the constraint excludes.
    """
    return ",".join(max(_alternatives(constraint), key=lambda ones: _numbers(" ".join(ones))))


def _alternatives(constraint: str) -> list[list[str]]:
    """Return the specifiers of each alternative of a constraint."""
    found = []
    for one in re.split(r"\|\|?", constraint):
        parts = re.sub(r"([<>=!~^]+)\s+", r"\1", one.strip()).replace(",", " ").split()
        found.append([specifier for part in parts for specifier in _specifier(part)])
    return found


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,99}", text)]


def _specifier(part: str) -> Iterator[str]:
    found = re.fullmatch(r"([\^~])(\d{1,99}(?:\.\d{1,99})*)(.*)", part)
    if found:
        numbers = [int(number) for number in found[2].split(".")]
        first = 1 if len(numbers) > 1 else 0  # index of the number that ~ fixes
        if found[1] == "^":
            first = next((i for i, one in enumerate(numbers) if one), len(numbers) - 1)
        above = [*numbers[:first], numbers[first] + 1]
        yield f">={found[2]}{found[3]}"
        yield f"<{'.'.join(map(str, above))}"
    elif part != "*":
        yield part if part[0] in "<>=!~" else f"=={part}"
