"""Read pixi.toml, or [tool.pixi] in pyproject.toml: conda and PyPI dependencies.

Source: pixi's reference, "The pixi manifest".
"""

from __future__ import annotations

from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import sources
from pypackage.requirements.formats.document import Node


def declare(made: Collector, top: Node) -> None:
    """Take the dependencies of a manifest and of its features, which are groups of them.

    Raises:
        RequirementsError: Something in it is not of its kind.
    """
    workspace = top.get("workspace", {}) if top.has("workspace") else top.get("project", {})
    made.channels += [
        one.value if isinstance(one.value, str) else one.get("channel", "").string()
        for one in workspace.get("channels", []).items()
    ]
    _declare_feature(made, top, "")
    for name, feature in top.get("feature", {}).entries():
        _declare_feature(made, feature, name)


def _declare_feature(made: Collector, table: Node, group: str) -> None:
    for name, node in table.get("dependencies", {}).entries():
        _conda(made, name, node, group)
    for name, node in table.get("pypi-dependencies", {}).entries():
        source = sources.read(node)
        table_of = node if isinstance(node.value, dict) else None
        version = table_of.get("version", "*").string() if table_of else node.string()
        extras = ",".join(table_of.get("extras", []).strings()) if table_of else ""
        bounds = "" if version == "*" or source.url else version
        made.add(
            f"{name}{f'[{extras}]' if extras else ''}{bounds}",
            node.place,
            group=group,
            source=source,
        )


def _conda(made: Collector, name: str, node: Node, group: str) -> None:
    version = node if isinstance(node.value, str) else node.get("version", "*")
    spec = f"{name} {version.string()}".removesuffix(" *")
    is_built = isinstance(node.value, dict) and any(
        key in node.value for key in ("git", "url", "path")
    )
    refused = "a source of its own" if is_built else ""
    made.add_conda(spec, node.place, group=group, refused=refused)
