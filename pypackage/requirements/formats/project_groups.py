"""The extras and dependency groups of a pyproject.toml, and which of them include others.

Sources: PEP 621 (optional-dependencies), PEP 735 (dependency-groups), Poetry's groups and extras.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pypackage.core.package_names import normalize
from pypackage.requirements.formats.document import Node
from pypackage.requirements.pep508 import parse
from pypackage.requirements.selected import Selected, known_names


def extras(top: Node) -> dict[str, Node]:
    """Return the extras of a project, by name."""
    project = top.get("project", {}).get("optional-dependencies", {})
    poetry = top.get("tool", {}).get("poetry", {}).get("extras", {})
    return dict([*poetry.entries(), *project.entries()])


def groups(top: Node) -> dict[str, Node]:
    """Return the dependency groups of a project, by name; each a list, or Poetry's table."""
    tools = top.get("tool", {})
    poetry = tools.get("poetry", {})
    found = dict(poetry.get("group", {}).entries())
    if poetry.has("dev-dependencies"):
        found.setdefault("dev", poetry.get("dev-dependencies", {}))
    if tools.get("uv", {}).has("dev-dependencies"):
        found["dev"] = tools.get("uv", {}).get("dev-dependencies", [])
    return found | dict(top.get("dependency-groups", {}).entries())


def name(top: Node) -> str:
    """Return the project's normalized name; empty if it has none."""
    poetry = top.get("tool", {}).get("poetry", {})
    return normalize(
        top.get("project", {}).get("name", "").string() or poetry.get("name", "").string()
    )


def labels(top: Node, selected: Selected, label: str, *, open_ended: bool = False) -> list[str]:
    """Return the selected extras and groups with those they include, as `Declaration.group` values.

    Args:
        open_ended: Whether there may be extras that are only known after a build.

    Raises:
        RequirementsError: There is no such extra or group.
    """
    every, own = {"extra": extras(top), "group": groups(top)}, name(top)
    asked = [*known_names(selected.groups, every["group"], "group", label)]
    wanted = [("group", one) for one in asked]
    if open_ended:
        wanted += [("extra", one) for one in selected.extras]
    else:
        found = known_names(selected.extras, every["extra"], "extra", label)
        wanted += [("extra", one) for one in found]
    seen: dict[tuple[str, str], None] = {}
    while wanted:
        kind, one = wanted.pop(0)
        if (kind, one) in seen:
            continue
        seen[kind, one] = None
        if one in every[kind]:
            wanted += _included(every[kind][one], every, own)
    return [one if kind == "group" else f"[{one}]" for kind, one in seen]


def _included(
    node: Node, every: Mapping[str, Mapping[str, Node]], own: str
) -> Iterator[tuple[str, str]]:
    """Yield what a group or extra includes: groups, and extras of the project itself."""
    is_poetry = isinstance(node.value, dict)
    for item in [node] if is_poetry else node.items():
        kind, names = "group", list[str]()
        if is_poetry:
            names += item.get("include-groups", []).strings()
        elif isinstance(item.value, dict):
            names.append(item.required("include-group"))
        elif own and normalize(re.match(r"[\w.-]*", item.string().strip())[0]) == own:  # type: ignore[index]
            kind, names = "extra", sorted(parse(item.string()).extras)
        yield from ((kind, one) for one in known_names(names, every[kind], kind, item.place))
