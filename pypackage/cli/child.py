"""`python_package_create` in a process of its own, for a program that hears its events."""

from __future__ import annotations

import gc
import os
from typing import NoReturn

from pypackage.cli import create, terminal
from pypackage.pipeline.events import Sender
from pypackage.python import interpreter


def script(descriptor: int | None) -> NoReturn:
    """Run the command line of this process, for the interpreter that runs it.

    Args:
        descriptor: Of the pipe to which progress and errors go; without it, to stderr.
    """
    gc.disable()  # as `create.script` does
    interpreter.prefer_running()
    parser = create.parser()
    if descriptor is None:
        os._exit(terminal.run(parser, create.command))
    sender = Sender(descriptor)
    os._exit(
        terminal.run(parser, lambda parsed, _: create.command(parsed, sender), failed=sender.error)
    )
