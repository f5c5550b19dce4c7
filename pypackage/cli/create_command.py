"""What python_package_create does for a command line that was parsed."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.cli import environments, image, os_package, splunk
from pypackage.core import caches, limits, output
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import target
from pypackage.requirements.selected import Selected

if TYPE_CHECKING:
    from pypackage.archive.report.costs import Report
    from pypackage.pipeline.options import Options
    from pypackage.pipeline.target import Target


def run(parsed: argparse.Namespace, reporter: Reporter) -> None:
    """Run a command line; the archive's path goes to stdout."""
    # Whatever the umask, we can use what we make, and not everybody can write to it.
    os.umask(os.umask(0o077) & 0o077 | 0o002)
    for path in (parsed.report, parsed.lock, parsed.sbom):
        if path not in ("", "-"):
            output.check_file(path)
    if parsed.requirements is None:
        for kind in (os_package, image, splunk):
            kind.GROUP.refuse(parsed)
    if parsed.join:
        _print(os.fsencode(_join(parsed, reporter)) + b"\n")
    elif parsed.update or parsed.requirements is not None:
        limits.check()
        made, costs = (_update if parsed.update else _create)(parsed, reporter)
        _print(os.fsencode(made.output.path) + b"\n")
        if costs:
            _tell(costs, parsed.report)
    else:
        told = environments.answer(parsed, partial(_options, parsed, parsed.platform), reporter)
        _print(told.encode(errors="surrogateescape"))


def _options(parsed: argparse.Namespace, platform: str) -> Options:
    """Convert the command line to options; the platform may come from the target instead."""
    from pypackage.cli import dates
    from pypackage.pipeline import inputs
    from pypackage.pipeline.options import Options

    named = (parsed.requirements, parsed.locked, parsed.since)
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
        inputs=tuple(Path(one) for one in named if one not in ("", "-", None)),
        base=_base(parsed.requirements),
        verify=not parsed.no_verify,
        rebuild=parsed.rebuild,
        cache_limit=caches.limit(parsed.cache_limit),
        report=parsed.report,
        python_source=parsed.python_source,
        optimize=parsed.optimize,
        ensurepip=not parsed.without_ensurepip,
    )


def _base(requirements: str | None) -> Path:
    """Return the folder that relative paths in a requirements file start from: its own."""
    return Path() if requirements in ("-", None) else Path(requirements or "").resolve().parent


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
    from pypackage.pipeline.update import update

    name, *packages = parsed.update
    options = _options(parsed, parsed.platform)
    return update(name, packages, options, caches.folder(), reporter, parsed.without)


def _tell(costs: Report, path: str) -> None:
    """Write the report to stdout or as a page."""
    from pypackage.archive import report

    if path == "-":
        _print(report.plain(costs).encode())
    else:
        report.write_page(costs, Path(path))


def _print(text: bytes) -> None:
    if sys.stdout is not None:  # None if it was closed
        sys.stdout.buffer.write(text)
