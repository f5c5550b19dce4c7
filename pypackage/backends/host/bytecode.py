"""Byte code for the host channel's packages, made once by the interpreter that will run it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pypackage.backends.host.files import PackageFile
from pypackage.core.errors import ProcessError, SolveError
from pypackage.python.compile import Compiler, Module


def compiled(items: Iterable[PackageFile], compiler: Compiler) -> list[PackageFile]:
    """The byte code of the modules among some items; what does not compile has none.

    Items with a placeholder are left out, for byte code cannot be rewritten.

    Raises:
        SolveError: The interpreter cannot be run.
    """
    modules = [
        Module(item.path, item.source or Path(), item.content)
        for item in items
        if item.path.endswith(".py")
        and item.path.startswith("lib")
        and not (item.placeholder or item.link)
    ]
    try:
        found = compiler.compile(modules)
    except ProcessError as error:
        raise SolveError("cannot compile to byte code", str(error)) from error
    return [
        PackageFile(place, content=code) for place, code in found.items() if isinstance(code, bytes)
    ]
