"""python_package_create: requirements.json to an environment and its archive."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pypackage.cli import (
    arguments,
    builds,
    create_options,
    environments,
    image,
    interrupt,
    os_package,
    splunk,
    terminal,
)
from pypackage.cli.options import Command, Group, Option
from pypackage.cli.parser import Parser
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.requirements.selected import Selected

if TYPE_CHECKING:
    from pypackage.archive.report.costs import Report
    from pypackage.pipeline.options import Options
    from pypackage.pipeline.target import Target

ARGUMENTS = Group(
    "arguments",
    (
        Option(
            "requirements",
            "the file that python_package_analyze wrote, environment.yml, requirements.txt, "
            "a project, a lock file, a Python script, - (stdin), or an environment's folder or "
            "name",
            "REQUIREMENTS",
            more={"nargs": "?", "default": None},
        ),
        Option(
            "target",
            "a name makes the environment in conda's envs folder, and NAME.tar.gz here; a path, or "
            "a name with an archive's ending, makes only the archive",
            "NAME_OR_ARCHIVE",
            more={"nargs": "?", "default": None},
        ),
    ),
)
OF_INPUTS = Group(
    "what is in the requirements",
    (
        Option(
            "--environment",
            "which environment of a pixi manifest or lock file (default: default)",
            "NAME",
        ),
        Option("--extra", "also take this extra of a project; repeatable", "NAME", repeated=True),
        Option(
            "--group",
            "also take this dependency group of a project, such as dev; repeatable",
            "NAME",
            repeated=True,
        ),
        Option(
            "--category",
            "also take this category of a conda-lock.yml, such as dev; repeatable",
            "NAME",
            repeated=True,
        ),
        Option("--allow-empty", "accept requirements that ask for nothing, otherwise an error"),
    ),
)
COMMAND = Command(
    name="python_package_create",
    usage="""\
%(prog)s [options] REQUIREMENTS NAME_OR_ARCHIVE
       %(prog)s --list [NAME] | --versions | --update NAME PACKAGE... | --remove NAME...
       %(prog)s --join LAYERS... ARCHIVE
       %(prog)s --builds FILE [--output FOLDER]""",
    description="""\
Make the conda environment that a program requires and pack it into an archive that runs on
other machines. The archive's path goes to stdout.""",
    examples="""\
%(prog)s -c host requirements.json myenv      (from this machine's Python)
%(prog)s requirements.json myenv              (from conda-forge)
%(prog)s -c /shared/channel requirements.json /scratch/myenv.tar.gz""",
    exit_status="""\
0 success, 1 invalid command, 2 invalid path, 3 invalid requirements,
4 cannot be solved, 5 cannot be installed, 6 cannot be packed,
7 a module does not import in the finished environment""",
    groups=(
        ARGUMENTS,
        arguments.OPTIONS,
        *create_options.PACKAGES,
        OF_INPUTS,
        create_options.ARCHIVE,
        os_package.GROUP,
        image.GROUP,
        splunk.GROUP,
        *environments.GROUPS,
        create_options.CACHE,
    ),
    elsewhere=(builds.GROUP,),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    if builds.is_asked(sys.argv[1:] if argv is None else argv):
        return builds.main(argv)
    return terminal.run(parser(), command, argv)


def script() -> NoReturn:
    """Run the executable.

    It does not end by `sys.exit`: after an error, threads of the engine may still be running,
    and they would crash while the interpreter is finalized.
    """
    gc.disable()  # a short process needs none, and tens of thousands of objects live to its end
    interrupt.watch(os.path.basename(sys.argv[0]))
    os._exit(main())


def serve(descriptor: int | None) -> NoReturn:
    """Run the executable for a program that starts it, with that program's interpreter.

    Args:
        descriptor: Of the pipe for progress and errors; None to write them to stderr.
    """
    from pypackage.pipeline.events import Sender
    from pypackage.python import interpreter

    gc.disable()
    interpreter.prefer_running()
    if descriptor is None:
        os._exit(main())
    sender = Sender(descriptor)
    os._exit(terminal.run(parser(), lambda asked, _: command(asked, sender), failed=sender.error))


def parser() -> Parser:
    """Return the command's parser."""
    return Parser(COMMAND)


def _options(parsed: argparse.Namespace, platform: str) -> Options:
    """Convert the command line to options; the platform may come from the target instead."""
    from pypackage.cli import dates
    from pypackage.core import caches
    from pypackage.pipeline import inputs
    from pypackage.pipeline.options import Options

    lock = (parsed.locked, _selected(parsed), platform)
    return Options(
        channels=tuple(parsed.channel),
        locked=inputs.load_lock(*lock) if parsed.locked else None,
        lock=Path(parsed.lock) if parsed.lock else None,
        sbom=Path(parsed.sbom) if parsed.sbom else None,
        allow_sdist=parsed.allow_sdist,
        allow_guesses=parsed.allow_guesses,
        add=tuple(parsed.add),
        selection=tuple(parsed.selection),
        slim=parsed.slim,
        compress_level=parsed.compress_level,
        jobs=parsed.jobs,
        platform=platform,
        exclude_newer=dates.parse_cutoff(parsed.exclude_newer) if parsed.exclude_newer else None,
        offline=parsed.offline,
        conda_executable=parsed.conda_executable,
        base=_base(parsed.requirements),
        verify=not parsed.no_verify,
        rebuild=parsed.rebuild,
        cache_limit=caches.limit(parsed.cache_limit),
        report=bool(parsed.report),
        python_source=parsed.python_source,
        optimize=parsed.optimize,
        ensurepip=not parsed.without_ensurepip,
    )


def _base(requirements: str | None) -> Path:
    """Return the folder that relative paths in a requirements file start from: its own."""
    return Path() if requirements in ("-", None) else Path(requirements or "").resolve().parent


def command(parsed: argparse.Namespace, reporter: Reporter) -> None:
    """Run a command line; the archive's path goes to stdout."""
    from pypackage.pipeline import target

    arguments.settle(parsed)
    environments.check(parsed)
    for output in (parsed.report, parsed.lock, parsed.sbom):
        if output not in ("", "-"):
            target.check_writable(Path(output))
    if parsed.requirements is None:
        for kind in (os_package, image, splunk):
            kind.GROUP.refuse(parsed)
    if parsed.join:
        _print(os.fsencode(_join(parsed, reporter)) + b"\n")
    elif parsed.update or parsed.requirements is not None:
        made, costs = (_update if parsed.update else _create)(parsed, reporter)
        _print(os.fsencode(made.output.path) + b"\n")
        if costs:
            _tell(costs, parsed.report)
    else:
        told = environments.answer(parsed, _options(parsed, parsed.platform), reporter)
        _print(told.encode(errors="surrogateescape"))


def _create(parsed: argparse.Namespace, reporter: Reporter) -> tuple[Target, Report | None]:
    from pypackage.backends import request
    from pypackage.pipeline import create, inputs

    made, platform = _target(parsed)
    if parsed.requirements == parsed.locked == "-":
        raise UsageError("REQUIREMENTS and --locked cannot both be stdin")
    given = inputs.load(
        parsed.requirements,
        reporter,
        selected=Selected() if parsed.locked else _selected(parsed),
        platform=platform,
        python=request.host_python(parsed.channel),
        allow_empty=parsed.allow_empty,
    )
    return made, create.create(given, made, _options(parsed, platform), reporter)


def _selected(parsed: argparse.Namespace) -> Selected:
    extra, group, category = parsed.extra, parsed.group, parsed.category
    return Selected(parsed.environment, tuple(extra), tuple(group), tuple(category))


def _join(parsed: argparse.Namespace, reporter: Reporter) -> Path:
    from pypackage.pipeline import join

    *sources, name = parsed.join
    if not sources:
        raise UsageError("--join needs two arguments: LAYERS and ARCHIVE")
    return join.join([Path(one) for one in sources], name, parsed.format, parsed.since, reporter)


def _target(parsed: argparse.Namespace) -> tuple[Target, str]:
    """Return the target, and the platform it is for."""
    from pypackage.pipeline import target

    if parsed.prefix:
        made: target.Archive | target.NamedEnvironment = target.at(parsed.prefix, parsed.format)
    else:
        made = target.parse(parsed.target, parsed.format)
    kinds = (os_package, image, splunk)
    kind = next((one for one in kinds if made.output.format in one.FORMATS), None)
    if kind and parsed.since:
        raise UsageError("--since is for archives, not for OS packages, images and Splunk apps")
    of_apps = os_package.OF_APPS if kind is splunk else ()
    shared = os_package.OF_IMAGES if kind is image else of_apps
    for other in kinds:
        if other is not kind:
            other.GROUP.refuse(parsed, shared)
    if kind is None:
        return target.thin(made, Path(parsed.since)) if parsed.since else made, parsed.platform
    if kind is not os_package:
        return kind.target(parsed, made.output.path), parsed.platform
    path, format_ = made.output.path, made.output.format
    platform = os_package.platform(parsed.platform, parsed.architecture, format_)
    return os_package.target(parsed, path, format_, platform), platform


def _update(parsed: argparse.Namespace, reporter: Reporter) -> tuple[Target, Report | None]:
    from pypackage.core import caches
    from pypackage.pipeline.environments import update

    name, *packages = parsed.update
    options = _options(parsed, parsed.platform)
    return update(name, packages, options, caches.folder(), reporter, parsed.without)


def _tell(costs: Report, output: str) -> None:
    """Write the report to stdout or as a page."""
    from pypackage.archive import report

    if output == "-":
        _print(report.plain(costs).encode())
    else:
        report.write_page(costs, Path(output))


def _print(text: bytes) -> None:
    if sys.stdout is not None:  # None if it was closed
        sys.stdout.buffer.write(text)


if __name__ == "__main__":  # python -m pypackage.cli.create
    sys.argv[0] = "python_package_create"
    script()
