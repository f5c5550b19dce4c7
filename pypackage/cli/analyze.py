"""python_package_analyze: Python sources to requirements.json."""
# PYTHON_ARGCOMPLETE_OK

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from pypackage.cli import version
from pypackage.core.errors import InputPathError, UsageError

if TYPE_CHECKING:
    import argparse

    from pypackage.cli import terminal
    from pypackage.core.progress import Reporter
    from pypackage.pipeline.analyze import Needs
    from pypackage.requirements.model import Requirements

# What a short run spends its time on is imports: none is made before it is needed.

USAGE = "%(prog)s [options] SOURCE... OUT"
DESCRIPTION = """\
Find the modules that Python programs import and the packages that these come from, and
write what the programs need as JSON, from which python_package_create makes an environment.
Nothing of the sources is imported or run."""
EPILOG = """\
examples:
  %(prog)s script.py requirements.json
  %(prog)s project/ notes.ipynb requirements.json
  %(prog)s --python 3.12 --function Model.fit script.py requirements.json
  %(prog)s --explain script.py -
  %(prog)s --format environment.yml script.py environment.yml
  %(prog)s -m mypackage.tool requirements.json
  python -c 'import m, inspect; print(inspect.getsource(m.f))' | %(prog)s - -

exit status:
  0 success, 1 invalid command, 2 a path cannot be read or written,
  3 a source cannot be parsed, or what it declares is not valid"""
FORMATS = ("json", "requirements.txt", "environment.yml")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    from pypackage.cli import terminal

    return terminal.run(_parser(), _command, argv)


# --- the command line --------------------------------------------------------------------


def script() -> NoReturn:
    """The executable; ends the process."""
    gc.disable()  # nothing of what such a short process makes is worth collecting
    version.answer()
    from pypackage.cli import terminal

    terminal.leave(main())


def _parser() -> terminal.Parser:
    from pypackage.cli import terminal

    parser = terminal.Parser(USAGE, DESCRIPTION, EPILOG)
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="SOURCE... OUT",
        help="Python files, notebooks, folders; - is stdin; the last is the file to write, "
        "where - is stdout",
    )
    _add_sources(parser)
    _add_packages(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--format", choices=FORMATS, default="json", help="of OUT (default: json)")
    group.add_argument(
        "--explain",
        action="store_true",
        help="list each module with every place and reason on stdout, instead of the result if "
        "OUT is -",
    )
    group.add_argument("--json", action="store_true", help="the same as JSON")
    group.add_argument(
        "--graph",
        choices=("mermaid", "dot"),
        help="draw on stdout which file imports what, instead of the result if OUT is -",
    )
    return parser


def _add_sources(parser: terminal.Parser) -> None:
    group = parser.add_argument_group("what is analyzed")
    group.add_argument(
        "-m",
        "--module",
        action="append",
        default=[],
        metavar="NAME",
        help="a module, as python -m takes it, or a console script; repeatable",
    )
    group.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="FOLDER",
        help="look for local modules here too; repeatable",
    )
    group.add_argument(
        "--function",
        metavar="NAME",
        help="only what this function needs, or Class.method, outer.inner",
    )
    group.add_argument(
        "--toplevel", action="store_true", help="leave out what functions import when they run"
    )
    group.add_argument(
        "--keep-going",
        action="store_true",
        help="leave out named sources that cannot be read or parsed, as files of folders are",
    )
    group.add_argument(
        "--strict",
        action="store_true",
        help="end with an error where a file of a folder cannot be read or parsed",
    )
    group.add_argument(
        "--python",
        metavar="PYTHON",
        help="the target: a version such as 3.12, which need not be installed, or an "
        "interpreter (default: the python3 on PATH)",
    )


def _add_packages(parser: terminal.Parser) -> None:
    group = parser.add_argument_group("packages")
    group.add_argument(
        "--declared",
        action="append",
        default=[],
        metavar="FILE",
        help="a pyproject.toml, requirements.txt or environment.yml that tells the versions of "
        "what is imported; repeatable",
    )
    group.add_argument(
        "--pkg-mapping",
        action="append",
        default=[],
        metavar="IMPORT=NAME",
        help="the package that a module comes from; repeatable",
    )
    group.add_argument(
        "--extra-pkg",
        action="append",
        default=[],
        metavar="PKG",
        help="a package that no import shows; repeatable",
    )
    pin = group.add_mutually_exclusive_group()
    pin.add_argument(
        "--pin",
        choices=("exact", "minor", "none"),
        default="exact",
        help="how much of the installed versions to require (default: exact)",
    )
    pin.add_argument(
        "--no-pin", action="store_const", const="none", dest="pin", help="the same as --pin none"
    )


def _command(options: argparse.Namespace, reporter: Reporter) -> None:
    from pypackage.analysis.analyzer import Scope
    from pypackage.pipeline import analyze

    named, out = _split(options)
    if options.function == "":
        raise UsageError("--function: the name is empty")
    if options.graph and (options.explain or options.json):
        raise UsageError("--graph cannot be given with --explain or --json")
    needs = analyze.analyze(
        named,
        modules=options.module,
        python=options.python,
        scope=Scope(
            _folders(options.path),
            options.function or "",
            options.toplevel,
            options.keep_going,
            options.strict,
        ),
        options=analyze.ResolveOptions(
            options.declared,
            _mapping(options.pkg_mapping),
            options.extra_pkg,
            options.pin,
            options.format == "requirements.txt",
        ),
        reporter=reporter,
    )
    for entry in needs.analysis.entries if options.verbose else ():
        reporter.debug(f"{entry.place}: {entry.found.module}: {entry.reason or entry.why.value}")
    _write(needs, options, out)


def _split(options: argparse.Namespace) -> tuple[list[str], str]:
    """The sources and OUT; surely a slip are a source given twice on stdin, or as OUT."""
    *named, out = options.paths or [""]
    if not out or not (named or options.module):
        missing = "OUT" if out or options.module else "SOURCE, OUT"
        raise UsageError(f"the following arguments are required: {missing}")
    if named.count("-") > 1:
        raise UsageError("only one SOURCE can be - (stdin)")
    if os.path.isfile(out):
        sources_too = any(os.path.exists(one) and os.path.samefile(one, out) for one in named)
        if sources_too or out.endswith((".py", ".ipynb")):
            raise UsageError(
                f"{out} is a source and would be overwritten", "the last argument is the output"
            )
    return named, out


def _mapping(given: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for text in given:
        module, equals, package = text.partition("=")
        if not (module and equals and package):
            raise UsageError(f"--pkg-mapping {text}: expected IMPORT=NAME")
        mapping[module] = package
    return mapping


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    for path in paths:
        if not os.path.isdir(path):
            raise InputPathError(f"--path {path}: no such folder")
    return tuple(paths)


def _write(needs: Needs, options: argparse.Namespace, out: str) -> None:
    """Write the result, and what is to be told of it; the latter alone if both go to stdout."""
    from pypackage.core import output

    told = options.explain or options.json or options.graph
    if not (told and output.is_stdout(out)):
        output.write(_formatted(needs.requirements, options.format, _folder(out)), out)
    if options.graph:
        from pypackage.analysis import graph

        output.write(graph.draw(needs.analysis, options.graph), "-")
    elif told:
        output.write(_explained(needs, as_json=options.json), "-")


def _explained(needs: Needs, *, as_json: bool) -> str:
    from pypackage.analysis import explain

    if not as_json:
        return explain.as_text(needs.analysis, needs.origins)
    import json

    from pypackage.requirements import model

    data = json.loads(model.dumps(needs.requirements, _folder("-")))
    data["imports"] = explain.as_data(needs.analysis)
    data["packages"] = explain.packages_as_data(needs.origins)
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _folder(out: str) -> str:
    """The folder that paths in the output are relative to."""
    from pypackage.core import output

    place = os.curdir if output.is_stdout(out) else os.path.dirname(os.path.abspath(out))
    return os.path.realpath(place)


def _formatted(result: Requirements, form: str, folder: str) -> str:
    if form == "json":
        from pypackage.requirements import model

        return model.dumps(result, folder)
    from pypackage.requirements.formats import export

    write = export.requirements_txt if form == "requirements.txt" else export.environment_yml
    return write(result)


if __name__ == "__main__":  # python -m pypackage.cli.analyze
    import sys

    sys.argv[0] = "python_package_analyze"
    script()
