"""Read a Pipfile: its tables are written as those of Poetry, with other names for some keys.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock".
"""

from __future__ import annotations

from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import poetry
from pypackage.requirements.formats.document import Node


def declare(made: Collector, top: Node) -> None:
    """Take [packages], [dev-packages] and the version of Python in [requires].

    Raises:
        RequirementsError: Something in it is not of its kind.
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
    """An entry with Poetry's names: `file` is a URL, `ref` a revision, PyPI no index of its own."""
    if not isinstance(node.value, dict):
        return node
    other = {"file": "url", "ref": "rev"}
    value = {other.get(key, key): one for key, one in node.value.items()}
    if str(value.get("index")) in indexes:
        del value["index"]
    return node._replace(value=value)
