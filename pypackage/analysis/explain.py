"""Explain where each module is imported, why it counts, and how its package is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pypackage.analysis.findings import Analysis, ImportRecord
from pypackage.analysis.imports import Why
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pypackage.analysis.resolution.model import Origin


_SOURCES = {
    "installed": "by what is installed",
    "declared": "by what is declared",
    "table": "by the table of names",
    "mapping": "by --pkg-mapping",
    "option": "by --extra-pkg",
    "extra": "required with an extra, or by a part of a package",
    "implied": "needed by a call or a string",
}
_VERSIONS = {"installed": "the version is that installed", "declared": "the version is declared"}


def as_text(analysis: Analysis, origins: Sequence[Origin] = ()) -> str:
    """Return a paragraph per module, sorted: its name and kind, packages, and places.

    Packages that no import shows come last.
    """
    by_module: dict[str, list[ImportRecord]] = {}
    for entry in _sorted(analysis.entries):
        by_module.setdefault(entry.found.top or entry.found.module, []).append(entry)
    lines = []
    for module in sorted(by_module):
        entries = by_module[module]
        lines.append(f"{module}: {_summary(entries)}")
        told = [_origin(one) for one in origins if one.module.partition(".")[0] == module]
        lines += [f"  package {one}" for one in dict.fromkeys(told)]  # submodules may have others
        for entry in entries:
            lines.append(f"  {entry.place}: {_named(entry)}: {_why(entry)}")
            instead = _without(entry)
            lines += [f"    without it: {instead}"] if instead else []
    rest = [one for one in origins if one.module.partition(".")[0] not in by_module]
    lines += [f"package {_origin(one)}" for one in rest]
    return "".join(f"{line}\n" for line in lines)


def as_data(analysis: Analysis) -> list[dict[str, Any]]:
    """The same for JSON: an object for each import, sorted by module and place."""
    found = []
    for entry in _sorted(analysis.entries):
        one = entry.found
        item: dict[str, Any] = {
            "module": one.top or one.module,
            "imported": _named(entry),
            "file": entry.label,
            "line": one.line,
            "column": one.column,
            "kind": entry.kind,
            "why": entry.why.value,
        }
        if one.cell:
            item["cell"] = one.cell
        if entry.reason:
            item["reason"] = entry.reason
        instead = _without(entry)
        if instead:
            item["without"] = instead
        found.append(item)
    return found


def packages_as_data(origins: Sequence[Origin]) -> list[dict[str, str]]:
    """For JSON: an object for each module and its package, in the order given."""
    return [{name: text for name, text in one._asdict().items() if text} for one in origins]


def _origin(one: Origin) -> str:
    version = _VERSIONS.get(one.version_source, "any version will do")
    return f"{one.package}: {_SOURCES[one.source]}; {version}"


def _without(entry: ImportRecord) -> str:
    """What the program does without an optional module; empty if the source does not show it."""
    if entry.why is not Why.OPTIONAL or entry.kind != "package" or entry.found.cell:
        return ""
    from pypackage.analysis import without

    return without.describe(entry.path, entry.found.line) if entry.path else ""


def _sorted(entries: Iterable[ImportRecord]) -> list[ImportRecord]:
    def key(entry: ImportRecord) -> tuple[object, ...]:
        one = entry.found
        module = one.top or one.module
        return (module, entry.label, one.cell, one.line, one.column, one.module, one.name)

    return sorted(entries, key=key)


def _summary(entries: list[ImportRecord]) -> str:
    """The kind of a module and the strongest reason for it."""
    strongest = min(entries, key=lambda entry: list(Why).index(entry.why))
    whose = {"standard": "standard library", "local": "local"}.get(strongest.kind)
    why = _why(strongest)
    return f"{whose}, {why}" if whose else why


def _why(entry: ImportRecord) -> str:
    why = entry.why.value
    return f"{why} ({entry.reason})" if entry.reason else why


def _named(entry: ImportRecord) -> str:
    one = entry.found
    if not one.name or one.name == "*":
        return one.module
    return one.module + ("" if one.module.endswith(".") else ".") + one.name
