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
    """Take the table [tool.poetry]: its dependencies, and those of its groups.

    Raises:
        RequirementsError: Something in it is not of its kind.
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
    """Take one dependency, by its constraint or the table that tells more of it."""
    made.add(_requirement(name, node), node.place, group=group, source=sources.read(node))


def _extras(table: Node) -> dict[str, list[str]]:
    """The extras that ask for each optional package, as `Declaration.group` has them."""
    found: dict[str, list[str]] = {}
    for extra, listed in table.get("extras", {}).entries():
        for name in listed.strings():
            found.setdefault(normalize(name), []).append(f"[{extra}]")
    return found


def _requirement(name: str, node: Node) -> str:
    """A dependency as PEP 508 writes it."""
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
    """The marker that holds where a constraint does; none for one that always does."""
    either = [
        " and ".join(_clause(one, variable) for one in ones) for ones in _alternatives(constraint)
    ]
    return [f"({' or '.join(either)})"] if all(either) else []


def _clause(specifier: str, variable: str) -> str:
    found = re.fullmatch(r"([<>=!~]+)(.*)", specifier)
    assert found is not None  # `_specifier` writes an operator before each
    # python_version has two numbers: 3.8.10 is not >= '3.8.1' by it.
    is_full = variable == "python_version" and len(re.findall(r"\d+", found[2])) > 2
    return f"{'python_full_version' if is_full else variable} {found[1]} '{found[2]}'"


def _specifiers(constraint: str) -> str:
    """Poetry's constraint as PEP 440 writes it.

    It has no words for alternatives (`~2.7 || ^3.4`): the one of the newest versions is taken, so
    that nothing is chosen that the constraint excludes.
    """
    return ",".join(max(_alternatives(constraint), key=lambda ones: _numbers(" ".join(ones))))


def _alternatives(constraint: str) -> list[list[str]]:
    """The specifiers of each of the alternatives of a constraint."""
    found = []
    for one in re.split(r"\|\|?", constraint):
        parts = re.sub(r"([<>=!~^]+)\s+", r"\1", one.strip()).replace(",", " ").split()
        found.append([specifier for part in parts for specifier in _specifier(part)])
    return found


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


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
