"""python_package_create: requirements.json to an environment and its archive."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from pypackage.cli import version
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from typing import NoReturn

    from pypackage.cli.parser import Parser
    from pypackage.core.progress import Reporter

# The version, help pages and errors of usage come at once: none imports what makes environments.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from pypackage.cli import builds, terminal

    if builds.is_asked(sys.argv[1:] if argv is None else argv):
        return builds.main(argv)
    return terminal.run(parser(), _command, argv)


def script() -> NoReturn:
    """Run the executable.

    It does not end by `sys.exit`: after an error, threads of the engine may still be running,
    and they would crash while the interpreter is finalized.
    """
    gc.disable()  # a short process needs none, and tens of thousands of objects live to its end
    version.answer()
    from pypackage.cli import interrupt

    interrupt.watch(os.path.basename(sys.argv[0]))
    os._exit(main())


def serve(descriptor: int | None) -> NoReturn:
    """Run the executable for a program that starts it, with that program's interpreter.

    Args:
        descriptor: Of the pipe for progress and errors; None to write them to stderr.
    """
    from pypackage.cli import terminal
    from pypackage.pipeline.events import Sender
    from pypackage.python import interpreter

    gc.disable()
    interpreter.prefer_running()
    if descriptor is None:
        os._exit(main())
    sender = Sender(descriptor)
    os._exit(terminal.run(parser(), lambda asked, _: _command(asked, sender), failed=sender.error))


def parser() -> Parser:
    """Return the command's parser."""
    from pypackage.cli.create_options import COMMAND
    from pypackage.cli.parser import Parser

    return Parser(COMMAND)


def _command(parsed: argparse.Namespace, reporter: Reporter) -> None:
    from pypackage.cli import arguments, environments

    arguments.settle(parsed)
    environments.check(parsed)

    from pypackage.cli import create_command

    create_command.run(parsed, reporter)


if __name__ == "__main__":  # python -m pypackage.cli.create
    sys.argv[0] = "python_package_create"
    script()
