"""python_package_analyze: Python sources to requirements.json."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence

from pypackage.cli import version
from pypackage.core.errors import InputPathError, UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from typing import NoReturn

    from pypackage.core.progress import Reporter
    from pypackage.pipeline.analyze import Needs
    from pypackage.requirements.model import Requirements

# A short run mainly spends its time on imports: none is made before it is needed.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from pypackage.cli import analyze_options, terminal
    from pypackage.cli.parser import Parser

    return terminal.run(Parser(analyze_options.COMMAND), _command, argv)


def script() -> NoReturn:
    """Run the executable; ends the process."""
    gc.disable()  # no object of such a short process is worth collecting
    version.answer()
    from pypackage.cli import terminal

    terminal.leave(main())


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
    """Return the sources and OUT; refuse two stdins and an OUT that is a source, surely slips."""
    from pypackage.core import output

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
    if not output.is_stdout(out):
        output.check_file(out, stream=True)
    return named, out


def _mapping(given: Sequence[str]) -> dict[str, str]:
    from pypackage.analysis.resolution import naming

    mapping = {}
    for text in given:
        module, equals, package = text.partition("=")
        is_module = all(part.isidentifier() for part in module.split("."))
        if not (is_module and equals and package):
            raise UsageError(f"--pkg-mapping {text}: expected IMPORT=NAME")
        naming.parse(package, f"--pkg-mapping {text}", conda=True)
        mapping[module] = package
    return mapping


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    for path in paths:
        if not os.path.isdir(path):
            raise InputPathError(f"--path {path}: no such folder")
    return tuple(paths)


def _write(needs: Needs, options: argparse.Namespace, out: str) -> None:
    """Write the result and reports on it; if both go to stdout, only the reports."""
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
    """Return the folder that paths in the output are relative to."""
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
