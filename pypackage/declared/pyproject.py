"""What a pyproject.toml declares (PEP 621)."""

from __future__ import annotations

from pypackage.declared import toml
from pypackage.declared.model import Collector
from pypackage.errors import RequirementsError


def take(made: Collector, text: str, path: str) -> None:
    """The [project] table (PEP 621)."""
    data = toml.load(text, path, 0).get("project")
    if data is None:
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
