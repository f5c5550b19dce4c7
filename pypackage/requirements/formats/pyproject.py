"""What a pyproject.toml declares: PEP 621, PEP 735, and Poetry in its own way."""

from __future__ import annotations

from pypackage.core.errors import RequirementsError
from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import poetry, toml


def take(made: Collector, text: str, path: str) -> None:
    """The [project] table (PEP 621), the groups beside it (PEP 735), and Poetry's own table."""
    document = toml.load(text, path, 0)
    if "dependency-groups" in document:
        _take_groups(made, toml.Table(document, path, text, 0, path))
    tool = document.get("tool")
    own = tool.get("poetry") if isinstance(tool, dict) else None
    if isinstance(own, dict):
        poetry.take(made, toml.Table(own, path, text, 0, path))
    data = document.get("project")
    if data is None:
        if "dependency-groups" not in document and own is None:
            made.warnings.append(f"{path}: there is no [project] table, so nothing is declared")
        return
    if not isinstance(data, dict):
        raise RequirementsError(f"{path}: project: expected a table")
    table = toml.Table(data, path, text, 0, path)
    toml.take_project(made, table)
    for requirement, place in table.optional("optional-dependencies"):
        made.add(requirement, place)
    for name, place in table.strings("dynamic"):
        if name in ("dependencies", "optional-dependencies", "requires-python"):
            made.warnings.append(f"{place}: {name} is dynamic: known only when it is built")


def _take_groups(made: Collector, document: toml.Table) -> None:
    groups = document.data["dependency-groups"]
    if isinstance(groups, dict):  # what a group includes is a group of its own
        groups = {name: _without_tables(group) for name, group in groups.items()}
    table = document._replace(data={"dependency-groups": groups})
    for requirement, place in table.optional("dependency-groups"):
        made.add(requirement, place)


def _without_tables(group: object) -> object:
    if isinstance(group, list):
        return [one for one in group if not isinstance(one, dict)]
    return group
