"""python_package_create: requirements.json to an environment and its archive."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pypackage.cli import talk
from pypackage.progress import Reporter

USAGE = "%(prog)s [options] REQUIREMENTS NAME_OR_ARCHIVE"
DESCRIPTION = """\
Make the conda environment that a program requires and pack it into an archive that runs on
other machines. The archive's path goes to stdout."""
EPILOG = """\
examples:
  %(prog)s -c host requirements.json myenv      (from this machine's Python)
  %(prog)s requirements.json myenv              (from conda-forge)
  %(prog)s -c /shared/channel requirements.json /scratch/myenv.tar.gz

exit status:
  0 success, 1 invalid command, 2 invalid path, 3 invalid requirements,
  4 cannot be solved, 5 cannot be installed, 6 cannot be packed"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return talk.run(_parser(), _command, argv)


def script() -> NoReturn:
    """The executable.

    It does not end by `sys.exit`: after an error threads of the engine may still be at work,
    and an interpreter that ends in good order crashes under them.
    """
    os._exit(main())


def _parser() -> talk.Parser:
    parser = talk.Parser(USAGE, DESCRIPTION, EPILOG)
    parser.add_argument(
        "requirements",
        metavar="REQUIREMENTS",
        help="the file that python_package_analyze wrote; - is stdin",
    )
    parser.add_argument(
        "target",
        metavar="NAME_OR_ARCHIVE",
        help="a name: the environment in conda's folder of environments, and NAME.tar.gz here; "
        "a path, or what ends in .tar.gz: the archive alone",
    )
    parser.add_argument(
        "-c",
        "--channel",
        action="append",
        default=[],
        metavar="CHANNEL",
        help="a conda channel by name, URL or folder, or 'host' for what is installed here; "
        "repeatable, the first is preferred (default: the requirements', condarc's, conda-forge)",
    )
    return parser


def _command(options: argparse.Namespace, report: Reporter) -> None:
    from pypackage import pipeline, requirements

    target = pipeline.target(options.target)
    needed = requirements.load(options.requirements)
    if needed.local:
        report.warn(f"not in the archive, send along with the task: {', '.join(needed.local)}")
    pipeline.create(needed, target, options.channel, report)
    if sys.stdout is not None:  # None where it was closed
        sys.stdout.buffer.write(os.fsencode(target.archive) + b"\n")
