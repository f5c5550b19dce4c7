"""Telling for each module where it is imported, and why it is or is not required."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pypackage.analysis.findings import Analysis, ImportRecord
from pypackage.analysis.imports import Why


def as_text(analysis: Analysis) -> str:
    """A paragraph for each module, sorted: its name and what it is, then its places."""
    by_module: dict[str, list[ImportRecord]] = {}
    for entry in _sorted(analysis.entries):
        by_module.setdefault(entry.found.top or entry.found.module, []).append(entry)
    lines = []
    for module in sorted(by_module):
        entries = by_module[module]
        lines.append(f"{module}: {_summary(entries)}")
        for entry in entries:
            lines.append(f"  {entry.place}: {_named(entry)}: {_why(entry)}")
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
        found.append(item)
    return found


def _sorted(entries: Iterable[ImportRecord]) -> list[ImportRecord]:
    def key(entry: ImportRecord) -> tuple[object, ...]:
        one = entry.found
        module = one.top or one.module
        return (module, entry.label, one.cell, one.line, one.column, one.module, one.name)

    return sorted(entries, key=key)


def _summary(entries: list[ImportRecord]) -> str:
    """What a module is: the strongest of its reasons, and whose it is."""
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
