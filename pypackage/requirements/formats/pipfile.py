"""Read a Pipfile: its tables are like Poetry's, with other names for some keys.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock".
"""

from __future__ import annotations

from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import poetry
from pypackage.requirements.formats.document import Node


def declare(made: Collector, top: Node) -> None:
    """Add [packages], [dev-packages] and the Python version in [requires].

    Raises:
        RequirementsError: Something in it is of the wrong type.
    """
    indexes = {
        one.get("name", "").string()
        for one in top.get("source", []).items()
        if "://pypi.org/" in one.get("url", "").string()
    }
    for table, group in (("packages", ""), ("dev-packages", "dev")):
        for name, node in top.get(table, {}).entries():
            poetry.add(made, name, _as_poetry(node, indexes), group)
    requires = top.get("requires", {})
    for key in ("python_version", "python_full_version"):
        if requires.has(key):
            one = requires.get(key, "")
            below = ".*" if key == "python_version" else ""
            if one.string() != "*":
                made.python(f"=={one.string()}{below}", one.place)


def _as_poetry(node: Node, indexes: set[str]) -> Node:
    """Convert an entry to Poetry's: `file` to `url`, `ref` to `rev`, PyPI's index to none."""
    if not isinstance(node.value, dict):
        return node
    other = {"file": "url", "ref": "rev"}
    value = {other.get(key, key): one for key, one in node.value.items()}
    if str(value.get("index")) in indexes:
        del value["index"]
    return node._replace(value=value)
