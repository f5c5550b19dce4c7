"""What a pyproject.toml declares: PEP 621, PEP 735, and Poetry in its own way."""

from __future__ import annotations

from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import document, poetry
from pypackage.requirements.formats.document import Node


def declare(made: Collector, text: str, path: str) -> None:
    """The [project] table (PEP 621), the groups beside it (PEP 735), and Poetry's own table.

    Raises:
        RequirementsError: Something in it is not of its kind.
    """
    top = document.of_toml(text, path)
    for _, group in top.get("dependency-groups", {}).entries():
        for one in group.items():
            if not isinstance(one.value, dict):  # a group that it includes is taken for itself
                made.add(one.string(), one.place)
    own = top.get("tool", {}).get("poetry", {})
    if own.value:
        poetry.declare(made, own)
    if not top.has("project"):
        if not (top.has("dependency-groups") or own.value):
            made.warnings.append(f"{path}: there is no [project] table, so nothing is declared")
        return
    project = top.get("project", {})
    declare_project(made, project)
    for _, listed in project.get("optional-dependencies", {}).entries():
        for one in listed.items():
            made.add(one.string(), one.place)
    for one in project.get("dynamic", []).items():
        if one.value in ("dependencies", "optional-dependencies", "requires-python"):
            made.warnings.append(
                f"{one.place}: {one.value} is dynamic: known only when it is built"
            )


def declare_project(made: Collector, table: Node, *, wanted: bool = False) -> None:
    """Take `requires-python` and `dependencies`."""
    if table.has("requires-python"):
        versions = table.get("requires-python", "")
        made.python(versions.string(), versions.place)
    for one in table.get("dependencies", []).items():
        made.add(one.string(), one.place, wanted=wanted)
