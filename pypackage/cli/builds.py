"""python_package_create --builds: many OS packages at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pypackage.cli import parser, terminal
from pypackage.cli.options import Command, Group, Option
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pypackage.core.progress import Reporter

GROUP = Group(
    "many packages at once",
    (
        Option("--builds", "the YAML file that describes them", "FILE", more={"required": True}),
        Option(
            "--output",
            "where the packages and their logs go (default: the current folder)",
            "FOLDER",
            more={"default": "."},
        ),
        Option(
            "-j --jobs",
            "how many are made at the same time (default: one per processor)",
            "N",
            more={"type": parser.positive, "default": None},
        ),
    ),
    "os-packages",
)
COMMAND = Command(
    name="python_package_create",
    usage="%(prog)s --builds FILE [options]",
    description="""\
Make the OS packages that a file tells of, at the same time, each with a log of its own. One that
fails does not stop the others. The packages' paths go to stdout.""",
    exit_status="0 if all are made, else that of the first one that is not",
    groups=(GROUP._replace(topic=""),),
)


def is_asked(argv: Sequence[str]) -> bool:
    """Whether a command line of python_package_create is for builds."""
    return any(word == "--builds" or word.startswith("--builds=") for word in argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return terminal.run(parser.Parser(COMMAND), _command, argv)


def _command(parsed: argparse.Namespace, reporter: Reporter) -> None:
    from pathlib import Path

    from pypackage.integrations.vdist import builds_file
    from pypackage.integrations.vdist.builder import BuildsError

    builder = builds_file.load(Path(parsed.builds), reporter)
    try:
        made = builder.build(parsed.output, parsed.jobs)
    except BuildsError as error:
        _print(error.made)
        raise
    _print(made)


def _print(made: Sequence[Path]) -> None:
    if sys.stdout is not None:  # None if it was closed
        sys.stdout.write("".join(f"{path}\n" for path in made))
        sys.stdout.flush()  # which an error would leave out
