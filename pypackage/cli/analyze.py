"""python_package_analyze: Python sources to requirements.json."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from pypackage import imports, interpreter, requirements, stdlib
from pypackage.cli import talk
from pypackage.errors import InputPathError, UsageError
from pypackage.imports import Import, Why
from pypackage.progress import SILENT, Reporter
from pypackage.requirements import Requirements

USAGE = "%(prog)s [options] SOURCE... OUT"
DESCRIPTION = """\
Find the modules that Python sources import and write what they need as JSON, from which
python_package_create makes an environment. Nothing of the sources is imported or run."""
EPILOG = """\
examples:
  %(prog)s script.py requirements.json
  %(prog)s script.py helpers.py requirements.json
  %(prog)s --python 3.12 script.py requirements.json
  python -c 'import m, inspect; print(inspect.getsource(m.f))' | %(prog)s - -

exit status:
  0 success, 1 invalid command, 2 a path cannot be read or written,
  3 a source cannot be parsed"""


@dataclass(frozen=True)
class Source:
    """A source that was read.

    Attributes:
        path: What messages call it.
        folder: Where Python would look for the modules beside it.
        found: What it imports.
    """

    path: str
    folder: str
    found: tuple[Import, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return talk.run(_parser(), _command, argv)


def script() -> NoReturn:
    """The executable."""
    sys.exit(main())


def _parser() -> talk.Parser:
    parser = talk.Parser(USAGE, DESCRIPTION, EPILOG)
    parser.add_argument("source", nargs="+", metavar="SOURCE", help="a Python source; - is stdin")
    parser.add_argument("out", metavar="OUT", help="the file to write; - is stdout")
    parser.add_argument(
        "--python",
        metavar="PYTHON",
        help="the target: a version such as 3.12, which need not be installed, or an "
        "interpreter (default: the python3 on PATH)",
    )
    return parser


def _command(options: argparse.Namespace, report: Reporter) -> None:
    _check_paths(options.source, options.out)
    sources = [read(path) for path in options.source]
    version, asked = target(options.python)
    standard = stdlib.names(version, asked)
    requirements.dump(combine(sources, version, standard, report), options.out)


def _check_paths(sources: list[str], out: str) -> None:
    """Refuse what is surely a slip: a source given twice on stdin, or as OUT."""
    if sources.count("-") > 1:
        raise UsageError("only one SOURCE can be - (stdin)")
    if os.path.isfile(out):
        sources_too = any(os.path.exists(one) and os.path.samefile(one, out) for one in sources)
        if sources_too or out.endswith(".py"):
            raise UsageError(
                f"{out} is a source and would be overwritten", "the last argument is the output"
            )


def read(path: str) -> Source:
    """Read and scan a source; `-` is stdin, whose modules lie in the present folder.

    Raises:
        InputPathError: It cannot be read.
        SourceError: It cannot be parsed.
    """
    if os.path.isdir(path):
        raise InputPathError(f"{path} is a folder", "name the Python files in it")
    label, folder = ("<stdin>", os.getcwd()) if path == "-" else (path, _folder(path))
    return Source(label, folder, imports.scan(requirements.read_input(path), label))


def _folder(path: str) -> str:
    return os.path.dirname(os.path.realpath(path))  # as Python does, links resolved


def target(python: str | None) -> tuple[str, interpreter.Interpreter | None]:
    """The version that is meant, and an interpreter of it where one had to be looked for.

    Args:
        python: A version, the name or path of an interpreter, or None for the default one.

    Raises:
        InputPathError: There is no such interpreter.
    """
    alone = python and re.fullmatch(r"\d+\.\d+(\.\d+)?((a|b|rc)\d+)?", python)
    version = python if python and alone else interpreter.version(python)
    return version, None if stdlib.is_known(version) else interpreter.find(python)


def combine(
    sources: Sequence[Source], version: str, standard: frozenset[str], report: Reporter = SILENT
) -> Requirements:
    """Bring together what sources need for a version whose standard library is given."""
    listing = cache(_modules_in)
    local: dict[str, str] = {}
    foreign: list[Import] = []
    for folder, one in [(source.folder, one) for source in sources for one in source.found]:
        report.note(f"{one.place}: {one.module}: {one.reason or one.why.value}")
        if one.why in (Why.REQUIRED, Why.OPTIONAL):
            path = _local(folder, one, listing)
            if path:
                local[os.path.relpath(path, folder)] = path
            elif one.top and one.top not in standard:
                foreign.append(one)
    _warn_of_unread(sources, local, report)
    required = {one.top for one in foreign if one.why is Why.REQUIRED}
    return Requirements(
        python=version,
        modules=tuple(sorted(required)),
        # Backwards, for the first reason to stay.
        optional={one.top: one.reason for one in reversed(foreign) if one.top not in required},
        local=tuple(sorted(local)),
    )


def _warn_of_unread(sources: Sequence[Source], local: dict[str, str], report: Reporter) -> None:
    """Tell of local modules that no source is: what they import is not in the result."""
    read_too = {os.path.realpath(source.path) for source in sources}
    for name, path in sorted(local.items()):
        if os.path.realpath(path) not in read_too:
            report.warn(f"{name} is local and was not looked into; name it as a source as well")


# --- local modules -----------------------------------------------------------------------

_Listing = Callable[[str], tuple[str, ...]]


def _local(folder: str, one: Import, listing: _Listing) -> str:
    """The path of the local module or package that an import means, empty when it is none."""
    rest = one.module.lstrip(".")
    level = len(one.module) - len(rest)
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    names = [name for name in (*rest.split("."), one.name) if name]
    return _beside(folder, names[0], names[1] if len(names) > 1 else "", listing)


def _beside(folder: str, name: str, inner: str, listing: _Listing) -> str:
    """The path of a module in a folder, in Python's order; `inner` is taken from it."""
    path = os.path.join(folder, name)
    if os.path.isfile(os.path.join(path, "__init__.py")):
        return path
    for file in listing(folder):
        if file.partition(".")[0] == name:
            return os.path.join(folder, file)
    # A folder without __init__.py gives way to an installed package of the same name, so it
    # counts only if it has what is asked of it.
    inside = os.path.join(path, inner)
    if inner and (os.path.isdir(inside) or os.path.isfile(f"{inside}.py")):
        return path
    return ""


def _modules_in(folder: str) -> tuple[str, ...]:
    """The files in a folder that are modules: extension modules before Python's own."""
    try:
        files = sorted(os.listdir(folder))
    except OSError:
        return ()
    compiled = [one for one in files if one.endswith((".so", ".pyd"))]
    return (*compiled, *(one for one in files if one.endswith(".py") and one.count(".") == 1))
