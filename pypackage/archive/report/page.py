"""Render a report as one HTML page, readable offline and without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from pypackage.archive.report.costs import Cost, Report
from pypackage.archive.report.duplicates import Copies
from pypackage.archive.report.text import megabytes, title, way

_PAGE = Path(__file__).with_name("report.html")
_COLOURS = 8  # of the strip; the last one is for all others
_SHOWN = 50  # groups of duplicate files


def render(report: Report) -> str:
    """Render the whole page."""
    parts = _parts(report)
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(f"{report.archive}: what it costs"),
        archive=escape(report.archive),
        tiles=_tiles(report),
        shares=escape(", ".join(f"{name} {megabytes(size)} MB" for name, size in parts)),
        strip=_strip(parts),
        legend=_legend(parts),
        rows="".join(_row(cost, report.costs[0].size or 1) for cost in report.costs),
        slim=_slim(report),
        libraries=_several(report.same_library),
        copies=_several(report.same_content),
    )


def _tiles(report: Report) -> str:
    packages = sum(bool(cost.name) for cost in report.costs)
    tiles = [
        ("MB in the archive", megabytes(report.packed)),
        ("MB unpacked", megabytes(report.size)),
        ("files", f"{report.files:,}"),
        ("packages", str(packages)),
        ("MB that --slim would save", megabytes(sum(one.size for one in report.savings))),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles)


def _parts(report: Report) -> list[tuple[str, int]]:
    """The largest packages, and all others together."""
    largest = [(cost.name or "of no package", cost.size) for cost in report.costs[: _COLOURS - 1]]
    rest = sum(cost.size for cost in report.costs[_COLOURS - 1 :])
    return [*largest, ("all others", rest)] if rest else largest


def _strip(parts: Sequence[tuple[str, int]]) -> str:
    return "".join(
        f'<span style="flex:{size};background:var(--c{number})" '
        f'title="{escape(name)}: {megabytes(size)} MB"></span>'
        for number, (name, size) in enumerate(parts)
    )


def _legend(parts: Sequence[tuple[str, int]]) -> str:
    return "".join(
        f'<li><i style="background:var(--c{number})"></i>{escape(name)} '
        f'<span class="soft">{megabytes(size)} MB</span></li>'
        for number, (name, size) in enumerate(parts)
    )


def _row(cost: Cost, largest: int) -> str:
    origin = "" if cost.origin in ("", "conda") else f" · {cost.origin}"
    name, _, version = title(cost).partition(" ") if cost.name else (title(cost), "", "")
    through = escape(way(cost)).replace("&gt;", "&rsaquo;")
    bar = f'<span class="bar"><b style="width:{100 * cost.size / largest:.1f}%"></b></span>'
    return (
        f'<tr><th scope="row" data-v="{escape(cost.name)}">{escape(name)} '
        f'<span class="soft">{escape(version)}{origin}</span></th>'
        f"{_number(cost.size, bar)}{_number(cost.packed)}"
        f'<td class="n" data-v="{cost.files}">{cost.files:,}</td>'
        f'{_number(cost.saves)}<td class="way">{through}</td></tr>\n'
    )


def _number(size: int, more: str = "") -> str:
    return f'<td class="n" data-v="{size}">{megabytes(size)}{more}</td>'


def _slim(report: Report) -> str:
    left = report.omitted
    told = (
        f"<p>Left out already: {megabytes(left.size)} MB in {left.files:,} files "
        f"({escape(', '.join(left.rules))}).</p>"
        if left
        else ""
    )
    if not report.savings:
        return f"{told}<p>There is nothing that <code>--slim</code> would leave out.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(one.kind)}</th>{_number(one.size)}'
        f'<td class="n" data-v="{one.files}">{one.files:,}</td></tr>\n'
        for one in report.savings
    )
    return (
        f"{told}<p>Files that programs do not need; <code>--slim</code> leaves them out.</p>"
        '<table class="sortable"><thead><tr><th scope="col">Kind</th>'
        '<th scope="col" class="n" aria-sort="descending">MB unpacked</th>'
        f'<th scope="col" class="n">Files</th></tr></thead><tbody>\n{rows}</tbody></table>'
    )


def _several(groups: Sequence[Copies]) -> str:
    if not groups:
        return "<p>There are none.</p>"
    extra = megabytes(sum(one.extra for one in groups))
    shown = f" The largest {_SHOWN} of {len(groups)} are shown." if len(groups) > _SHOWN else ""
    rows = "".join(_group(one) for one in groups[:_SHOWN])
    return (
        f"<p>{extra} MB beside the largest of each.{shown}</p>"
        '<div class="scroll"><table class="sortable"><thead><tr><th scope="col">Name</th>'
        '<th scope="col" class="n">MB unpacked</th><th scope="col">Files</th></tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div>"
    )


def _group(one: Copies) -> str:
    files = "".join(
        f'<li><code>{escape(path)}</code> <span class="soft">{escape(owner or "no package")}</span>'
        for path, owner in one.files
    )
    return (
        f'<tr><th scope="row">{escape(one.name)}</th>{_number(one.size)}'
        f'<td><ul class="files">{files}</ul></td></tr>\n'
    )
