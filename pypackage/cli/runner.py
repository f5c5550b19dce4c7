"""The runner's command line as a table, parsed from the output of its `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.cli.options import Command, Group, Option

NAME = "python_package_run"

_OPTION = re.compile(r"  (-{1,2}[\w-]+(?:, --[\w-]+)*)(?: (\S+))?  +(\S.*)")


def table(said: str) -> Command:
    """Parse the table.

    Args:
        said: The output of `python_package_run --help`.
    """
    usage, rest = said.split("\n\n", 1)
    description, rest = re.split(r"\n\nOptions.*:\n", rest, maxsplit=1)
    options, exit_status = rest.split("\n\n", 1)
    return Command(
        name=NAME,
        usage=usage.removeprefix("Usage: "),
        description=description,
        exit_status=exit_status,
        groups=(Group("options", tuple(_options(options))),),
    )


def _options(text: str) -> Iterator[Option]:
    """Yield the options; a line that does not start with one continues the one before."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if match := _OPTION.fullmatch(line):
            names, value, does = match.groups("")
            found.append([names.replace(",", ""), value, does])
        else:
            found[-1][2] += f" {line.strip()}"
    for names, value, does in found:
        offers = tuple(value.split("|")) if "|" in value else ()
        yield Option(names, does, value, offers=offers)
