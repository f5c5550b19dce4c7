"""Read pixi.toml, or [tool.pixi] in pyproject.toml: conda and PyPI dependencies.

Source: pixi's reference, "The pixi manifest".
"""

from __future__ import annotations

from collections.abc import Iterator

from pypackage.requirements.declarations import Collector, Source
from pypackage.requirements.formats import sources
from pypackage.requirements.formats.document import Node

CONDA = ("host-dependencies", "build-dependencies", "dependencies")
"""Tables of conda packages; all three are installed, the last one has priority for a name."""
# The names in match specs of the keys of a dependency's table.
_BRACKETS = {
    "build-number": "build_number",
    "file-name": "fn",
    "license": "license",
    "md5": "md5",
    "sha256": "sha256",
    "subdir": "subdir",
}
_OF_SOURCE = ("git", "url", "path", "branch", "tag", "rev", "subdirectory")


def declare(made: Collector, top: Node) -> None:
    """Add the dependencies of a manifest and of its features, which become groups.

    Raises:
        RequirementsError: Something in it is of the wrong type.
    """
    made.channels += channels(workspace(top))
    _declare_feature(made, top, "")
    for name, feature in top.get("feature", {}).entries():
        _declare_feature(made, feature, name)


def workspace(top: Node) -> Node:
    """Return what applies to all environments; `[workspace]` was once `[project]`."""
    return top.get("workspace", {}) if top.has("workspace") else top.get("project", {})


def channels(table: Node) -> list[str]:
    """Return the channels of a workspace or feature, by priority."""
    listed = []
    for one in table.get("channels", []).items():
        priority = 0
        if isinstance(one.value, dict):
            order = one.get("priority", 0).value
            priority = order if isinstance(order, int) else 0
            one = one.get("channel", "")
        listed.append((-priority, one.string()))
    return [name for _, name in sorted(listed, key=lambda pair: pair[0])]


def conda(table: Node) -> Iterator[tuple[str, str, Node, str]]:
    """Yield the conda dependencies of a table: name, match spec, node, why it is not supported."""
    found = {name: node for kind in CONDA for name, node in table.get(kind, {}).entries()}
    for name, node in found.items():
        yield (name, *_match_spec(name, node))


def pypi(table: Node) -> Iterator[tuple[str, str, Node, Source]]:
    """Yield the PyPI dependencies of a table: name, requirement (PEP 508), node and source."""
    for name, node in table.get("pypi-dependencies", {}).entries():
        source = sources.read(node)
        table_of = node if isinstance(node.value, dict) else None
        version = table_of.get("version", "*").string() if table_of else node.string()
        extras = ",".join(table_of.get("extras", []).strings()) if table_of else ""
        marker = table_of.get("env-markers", "").string() if table_of else ""
        bounds = "" if version in ("*", "") or source.url else version
        bounds = f"=={bounds}" if bounds[:1].isdigit() else bounds
        text = f"{name}{f'[{extras}]' if extras else ''}{bounds}"
        yield name, f"{text} ; {marker}" if marker else text, node, source


def _declare_feature(made: Collector, table: Node, group: str) -> None:
    for _, spec, node, refused in conda(table):
        made.add_conda(spec, node.place, group=group, refused=refused)
    for _, text, node, source in pypi(table):
        made.add(text, node.place, group=group, source=source)


def _match_spec(name: str, node: Node) -> tuple[str, Node, str]:
    """Convert a conda dependency to a match spec."""
    if not isinstance(node.value, dict):
        return f"{name} {node.string()}".strip().removesuffix(" *"), node, ""
    if any(key in node.value for key in _OF_SOURCE):
        return name, node, "a source of its own"
    for key, one in node.entries():
        if key not in ("version", "build", "channel", *_BRACKETS):
            raise one.invalid(f"{key!r} cannot be honoured")
    channel = node.get("channel", "").string()
    build = node.get("build", "").string()
    version = node.get("version", "*").string()
    spec = f"{name} {version} {build}".rstrip() if build else f"{name} {version}"
    named = [
        f"{word}={str(node.get(key, '').value)!r}"
        for key, word in _BRACKETS.items()
        if node.has(key)
    ]
    brackets = f"[{','.join(named)}]" if named else ""
    spec = spec.removesuffix(" *") + brackets
    return f"{f'{channel}::' if channel else ''}{spec}", node, ""
