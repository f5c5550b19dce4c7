"""Draw the import graph in Mermaid's or Graphviz' language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pypackage.analysis.diagnostics import shown
from pypackage.analysis.findings import Analysis
from pypackage.analysis.imports import Why
from pypackage.core.typed import NamedTuple

Form = Literal["mermaid", "dot"]


class Arrow(NamedTuple):
    """A file importing another file, or a module of a package.

    Attributes:
        origin: The importing file, as named in messages.
        target: The imported file or top-level module.
        is_module: Whether the target is a module of a package.
        required: Whether the import is required.
    """

    origin: str
    target: str
    is_module: bool
    required: bool


def draw(analysis: Analysis, form: Form) -> str:
    """Draw the files of a program and the modules of packages that they import.

    Optional imports are dashed; the standard library is omitted.
    """
    return _FORMS[form](arrows(analysis))


def arrows(analysis: Analysis) -> list[Arrow]:
    """The edges of the graph, unique and sorted; a required import outweighs an optional one."""
    found: dict[tuple[str, str, bool], bool] = {}
    labels: dict[str, str] = {}
    for entry in analysis.entries:
        labels[entry.path] = entry.label
        if entry.kind == "package" and entry.why.counts:
            key = (entry.label, entry.found.top, True)
            found[key] = found.get(key, False) or entry.why is Why.REQUIRED
    for edge in analysis.edges:
        if edge.origin:
            names = (labels.get(path) or shown(path) for path in (edge.origin, edge.target))
            origin, target = names
            key = (origin, target, False)
            found[key] = found.get(key, False) or edge.why is Why.REQUIRED
    return sorted(Arrow(*key, required) for key, required in found.items() if key[0] != key[1])


def _mermaid(drawn: list[Arrow]) -> str:
    nodes: dict[tuple[str, bool], str] = {}

    def node(name: str, is_module: bool) -> str:
        if (name, is_module) in nodes:
            return nodes[(name, is_module)]
        nodes[(name, is_module)] = f"n{len(nodes)}"
        quoted = '"' + name.replace('"', "#quot;") + '"'
        return nodes[(name, is_module)] + (f"([{quoted}])" if is_module else f"[{quoted}]")

    lines = ["flowchart LR"]
    for one in drawn:
        line = "-->" if one.required else "-.->"
        origin = node(one.origin, is_module=False)
        lines.append(f"  {origin} {line} {node(one.target, one.is_module)}")
    return "".join(f"{line}\n" for line in lines)


def _dot(drawn: list[Arrow]) -> str:
    def quoted(name: str) -> str:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["digraph imports {", "  rankdir=LR;", "  node [shape=box];"]
    modules = sorted({one.target for one in drawn if one.is_module})
    lines += [f"  {quoted(name)} [shape=ellipse];" for name in modules]
    for one in drawn:
        style = "" if one.required else " [style=dashed]"
        lines.append(f"  {quoted(one.origin)} -> {quoted(one.target)}{style};")
    return "".join(f"{line}\n" for line in (*lines, "}"))


_FORMS: dict[Form, Callable[[list[Arrow]], str]] = {"mermaid": _mermaid, "dot": _dot}
