"""Report what an archive consists of and its size by package, as text or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypackage.archive.contents import Contents
from pypackage.archive.report import costs, page, text
from pypackage.core import files
from pypackage.core.errors import InputPathError, PackError


def of(
    contents: Contents, asked: Sequence[str], archive: Path, *, compressed: bool
) -> costs.Report:
    """Analyze the content of an archive.

    Args:
        contents: All of its contents; the files must still exist.
        asked: The requested match specs and requirements.
        archive: The finished archive, or the folder.
        compressed: Whether the archive is compressed.

    Raises:
        PackError: A file cannot be read.
    """
    with PackError.wrapping("cannot tell what the archive costs"):
        return costs.report(contents, asked, archive, compressed)


def plain(report: costs.Report) -> str:
    """Render a report for a terminal, 100 columns wide."""
    return text.render(report)


def write_page(report: costs.Report, output: Path) -> None:
    """Write a report as a self-contained HTML page.

    Raises:
        InputPathError: It cannot be written.
    """
    with InputPathError.wrapping("cannot write the report", output):
        files.write_new(output, page.render(report).encode())
