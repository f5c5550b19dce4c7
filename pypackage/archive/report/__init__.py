"""Report what an archive is made of and what it costs, as text or as a page."""

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
    """Look at what an archive holds.

    Args:
        contents: All of it; the files are still there.
        asked: The match specs and requirements that were to be satisfied.
        archive: The finished archive, or the folder.
        compressed: Whether it is smaller than what is in it.

    Raises:
        PackError: A file cannot be read.
    """
    try:
        return costs.report(contents, asked, archive, compressed)
    except OSError as error:
        raise PackError.of(error, "cannot tell what the archive costs") from error


def plain(report: costs.Report) -> str:
    """A report for a terminal, 100 columns wide."""
    return text.render(report)


def write_page(report: costs.Report, output: Path) -> None:
    """Write a report as one HTML page that needs nothing else.

    Raises:
        InputPathError: It cannot be written.
    """
    try:
        with files.new_file(output) as file:
            file.write(page.render(report).encode())
    except OSError as error:
        raise InputPathError.of(error, "cannot write the report", output) from error
