"""Read pyproject.toml: PEP 621, PEP 735, and the tables of uv, Poetry and pixi."""

from __future__ import annotations

from collections.abc import Mapping

from pypackage.core.package_names import normalize
from pypackage.requirements.declarations import Collector, Source
from pypackage.requirements.formats import pixi, poetry, sources
from pypackage.requirements.formats.document import Node
from pypackage.requirements.pep508 import is_true, parse

Sources = Mapping[str, list[tuple[Source, str]]]
"""The sources of packages by normalized name, each with the marker under which it applies."""


def declare(made: Collector, top: Node) -> None:
    """Add the [project] table (PEP 621), dependency groups (PEP 735), and the tools' own tables.

    Raises:
        RequirementsError: Something in it is of the wrong type.
    """
    tools = top.get("tool", {})
    found = _uv_sources(made, tools.get("uv", {}))
    if tools.has("poetry"):
        poetry.declare(made, tools.get("poetry", {}))
    # The top of pixi.toml is [tool.pixi] here; [workspace] was once [project].
    is_old_pixi = top.get("project", {}).has("channels")
    is_pixi = is_old_pixi or (
        not top.has("project") and (top.has("workspace") or top.has("dependencies"))
    )
    if is_pixi or tools.has("pixi"):
        pixi.declare(made, top if is_pixi else tools.get("pixi", {}))
    for name, group in top.get("dependency-groups", {}).entries():
        for one in group.items():
            if not isinstance(one.value, dict):  # an included group is added by itself
                _add(made, one, found, group=name)
    for one in tools.get("uv", {}).get("dev-dependencies", []).items():
        _add(made, one, found, group="dev")
    if top.has("project") and not is_old_pixi:
        _declare_project(made, top.get("project", {}), found)
    elif not (top.has("dependency-groups") or tools.has("poetry") or tools.has("pixi") or is_pixi):
        made.warnings.append(f"{top.label}: there is no [project] table, so nothing is declared")


def declare_script(made: Collector, top: Node) -> None:
    """Add the inline metadata of a script (PEP 723)."""
    found = _uv_sources(made, top.get("tool", {}).get("uv", {}))
    _declare_required(made, top, found, wanted=True)


def _declare_project(made: Collector, project: Node, found: Sources) -> None:
    _declare_required(made, project, found, wanted=False)
    for name, listed in project.get("optional-dependencies", {}).entries():
        for one in listed.items():
            _add(made, one, found, group=f"[{name}]")
    for one in project.get("dynamic", []).items():
        if one.value in ("dependencies", "optional-dependencies", "requires-python"):
            made.warnings.append(
                f"{one.place}: {one.value} is dynamic: known only when it is built"
            )


def _declare_required(made: Collector, table: Node, found: Sources, *, wanted: bool) -> None:
    """Add `requires-python` and `dependencies`."""
    if table.has("requires-python"):
        versions = table.get("requires-python", "")
        made.python(versions.string(), versions.place)
    for one in table.get("dependencies", []).items():
        _add(made, one, found, wanted=wanted)


def _add(
    made: Collector, node: Node, found: Sources, *, wanted: bool = False, group: str = ""
) -> None:
    """Add a requirement, with the source that uv has for it."""
    text = node.string()
    try:
        key = normalize(parse(text).name)
    except ValueError:
        key = ""  # the collector raises the error
    listed = found.get(key, [])
    if not any(_holds(marker, node) for _, marker in listed):
        listed = [*listed, (Source(), "")]  # if none applies, the package comes from PyPI
    for source, marker in listed:
        both = text
        if marker:
            plain, _, own = text.partition(";")
            both = f"{plain} ; {f'({own}) and ' if own else ''}({marker})"
        made.add(both, node.place, wanted=wanted, group=group, source=source)


def _holds(marker: str, node: Node) -> bool:
    try:
        return not marker or is_true(marker)
    except ValueError as error:
        raise node.invalid(f"its source has no valid marker: {marker!r}: {error}") from None


def _uv_sources(made: Collector, table: Node) -> Sources:
    """Read the table [tool.uv.sources], and add the indexes that apply to all packages."""
    for one in table.get("index", []).items():
        if not one.get("explicit", False).value:
            where = one.get("url", "").string()
            made.indexes.append(f"{one.place}: the index {where}")
    found: dict[str, list[tuple[Source, str]]] = {}
    for name, node in table.get("sources", {}).entries():
        for one in node.items() if isinstance(node.value, list) else [node]:
            found.setdefault(normalize(name), []).append(
                (sources.read(one), one.get("marker", "").string())
            )
    return found
