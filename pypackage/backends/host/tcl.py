"""Tcl and Tk for tkinter: their script libraries, placed where the C libraries look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pypackage.backends.host.files import PackageFile
from pypackage.core import process
from pypackage.core.errors import ProcessError
from pypackage.python.interpreter import Interpreter

USERS = frozenset(("_tkinter", "idlelib", "tkinter", "turtle", "turtledemo"))
"""Modules of the standard library that need them."""

_ASK = "import tkinter; print(tkinter.Tcl().eval('info library'), tkinter.TkVersion, sep='\\n')"
_LEFT_OUT = frozenset(("demos", "tzdata"))  # not needed by tkinter


def items(base: Interpreter) -> Iterator[PackageFile]:
    """Yield the scripts, in `lib/` beside `bin/`, where Tcl looks relative to the executable.

    None if the interpreter has no tkinter; importing it then fails.
    """
    try:
        told = process.run([base.executable, "-I", "-c", _ASK]).decode().splitlines()
    except ProcessError:
        return
    tcl, version = Path(told[0]), told[1]
    modules = f"tcl{version[0]}"
    yield from _tree(tcl, f"lib/{tcl.name}")
    yield from _tree(tcl.with_name(f"tk{version}"), f"lib/tk{version}")
    yield from _tree(tcl.with_name(modules), f"lib/{modules}")
    # Debian has Tcl's own modules inside, under a name that only its Tcl looks for.
    yield from _tree(tcl / modules, f"lib/{modules}/{version}")


def _tree(root: Path, place: str) -> Iterator[PackageFile]:
    """Yield the files of a folder, if it exists, with their paths below another."""
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name not in _LEFT_OUT)
        inner = os.path.relpath(folder, root)
        here = place if inner == "." else f"{place}/{inner}"
        for name in sorted(files):
            if not name.endswith((".sh", ".a")):
                yield PackageFile(f"{here}/{name}", source=Path(folder, name).resolve())
