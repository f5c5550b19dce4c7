"""Render a report as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pypackage.archive.report.costs import Cost, Report
from pypackage.archive.report.duplicates import Copies

SHOWN = 10  # groups of duplicate files


def render(report: Report) -> str:
    """Render the whole report, with a newline after each line."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(report))


def megabytes(size: int) -> str:
    """Format bytes as megabytes, without the unit."""
    return f"{size / 1e6:.1f}"


def _lines(report: Report) -> Iterator[str]:
    yield (
        f"{report.archive}: {megabytes(report.packed)} MB, unpacked {megabytes(report.size)} MB "
        f"in {report.files} files"
    )
    yield "MB of each package; saves: of itself, and of what it alone needs"
    yield ""
    yield from _table(report.costs)
    yield from _several("The same file in several packages", report.same_content)
    yield from _several("Several copies of a shared library", report.same_library)
    yield ""
    if report.savings:
        total = megabytes(sum(saving.size for saving in report.savings))
        yield f"--slim would leave out {total} MB:"
        for saving in report.savings:
            yield f"  {saving.kind}: {megabytes(saving.size)} MB in {saving.files} files"
    else:
        yield "--slim would leave out nothing."
    if report.omitted:
        left = report.omitted
        yield f"Left out: {megabytes(left.size)} MB in {left.files} files ({', '.join(left.rules)})"


def _table(costs: Sequence[Cost]) -> Iterator[str]:
    yield (f"{'package':30} {'unpacked':>8} {'packed':>8} {'files':>6} {'saves':>8}  through")
    for cost in costs:
        yield (
            f"{title(cost):30} {megabytes(cost.size):>8} {megabytes(cost.packed):>8} "
            f"{cost.files:>6} {megabytes(cost.saves):>8}  {way(cost)}"
        )


def title(cost: Cost) -> str:
    """A package's name and version."""
    return f"{cost.name} {cost.version}" if cost.name else "(no package)"


def way(cost: Cost) -> str:
    """The dependency chain to a package, in words."""
    if not cost.name:
        return ""
    if len(cost.way) == 1:
        return "asked for"
    return " > ".join(cost.way[:-1]) or "nothing needs it"


def _several(heading: str, groups: Sequence[Copies]) -> Iterator[str]:
    if not groups:
        return
    yield ""
    yield f"{heading} ({megabytes(sum(one.extra for one in groups))} MB more than once):"
    for one in groups[:SHOWN]:
        yield f"  {one.name}: {megabytes(one.size)} MB"
        for path, owner in one.files:
            yield f"    {path} ({owner or 'no package'})"
    if len(groups) > SHOWN:
        yield f"  and {len(groups) - SHOWN} more"
