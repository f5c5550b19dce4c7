"""Options of python_package_create for managing environments and their sources."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

from pypackage.cli.options import Group, Option
from pypackage.core.errors import UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pypackage.core.progress import Reporter
    from pypackage.pipeline.environments import EnvironmentInfo
    from pypackage.pipeline.options import Options

_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600))


_INTERPRETER = (
    Option(
        "--python-source",
        "build CPython once from Python-X.Y.Z.tgz (a path or URL; a version is fetched from "
        "python.org) and use this interpreter as the host channel",
        "SOURCE",
    ),
    Option("--optimize", "build with profile-guided optimization, which takes long"),
    Option("--without-ensurepip", "build it without pip"),
)

_MADE_BEFORE = (
    Option(
        "--list",
        "list the environments, and the interpreters built from source: name, Python, size, "
        "age, folder; with NAME, the packages of that environment",
        "NAME",
        more={"nargs": "?", "const": "", "default": None},
        exclusive="action",
    ),
    Option(
        "--versions",
        "list the Python versions of the channels (-c) and of this machine",
        exclusive="action",
    ),
    Option(
        "--update",
        "add packages (match specs, or pip:REQUIREMENT) to an environment, or remove some "
        "(--without), and pack it again",
        "NAME",
        more={"nargs": "+", "metavar": ("NAME", "PACKAGE"), "default": None},
        exclusive="action",
    ),
    Option(
        "--join",
        "write the environment of the first argument as the .tar.gz or layers folder of the last; "
        "its parts are looked for in all layers folders and archives in between, too",
        "SOURCE",
        more={"nargs": "+", "metavar": ("SOURCE", "TARGET"), "default": None},
        exclusive="action",
    ),
    Option(
        "--remove",
        "remove environments or interpreters, without asking",
        "NAME",
        more={"nargs": "+", "default": None},
        exclusive="action",
    ),
)


_DETAILS = (
    Option(
        "--without",
        "with --update: no longer require this package; repeatable",
        "PACKAGE",
        repeated=True,
    ),
    Option("--json", "with --list, --versions or --cache list: write JSON"),
)


GROUPS = (
    Group("environments made before", (*_MADE_BEFORE, *_DETAILS), "environments"),
    Group("an interpreter built from source", _INTERPRETER, "interpreters"),
)


def check(parsed: argparse.Namespace) -> None:
    """Check that the two arguments are given where they are required, and only there.

    Raises:
        UsageError: They are not.
    """
    if (parsed.optimize or parsed.without_ensurepip) and not parsed.python_source:
        raise UsageError("--optimize and --without-ensurepip go with --python-source")
    given = [one for one in (parsed.requirements, parsed.target) if one is not None]
    listing = parsed.list is not None or parsed.versions
    if parsed.json and not (listing or parsed.cache == "list"):
        raise UsageError("--json goes with --list, --versions and --cache list")
    if parsed.without and not parsed.update:
        raise UsageError("--without goes with --update NAME")
    alone = listing or parsed.cache or parsed.update or parsed.remove or parsed.join
    if alone and given:
        raise UsageError(
            f"{given[0]!r} goes with none of --list, --versions, --update, --join, --remove, "
            "--cache"
        )
    if parsed.since and alone and not parsed.join:
        raise UsageError("--since goes with REQUIREMENTS and NAME_OR_ARCHIVE, or with --join")
    if not alone and len(given) < 2 and (given or not parsed.python_source):
        both = {"REQUIREMENTS": parsed.requirements, "NAME_OR_ARCHIVE": parsed.target}
        names = [name for name, value in both.items() if value is None]
        raise UsageError(
            f"the following arguments are required: {', '.join(names)}",
            "see python_package_create -h",
        )


def answer(parsed: argparse.Namespace, options: Callable[[], Options], reporter: Reporter) -> str:
    """Run an action that makes no archive, and return what goes to stdout."""
    from pypackage.core import caches

    cache = caches.folder()
    if parsed.cache:
        return _of_cache(cache, parsed)
    from pypackage.pipeline import environments

    if parsed.list:
        packages = environments.packages_of(parsed.list, cache)
        rows = [one._asdict() for one in packages]
        return _json(rows) if parsed.json else _named_table(rows)
    if parsed.list is not None:
        made = environments.every(cache)
        return (
            _json([_described(one) for one in made]) if parsed.json else _listed(made, time.time())
        )
    if parsed.versions:
        from pypackage.pipeline import pythons

        offers = [
            {"version": o.version, "channel": o.channel}
            for o in pythons.offered(options(), reporter)
        ]
        return _json(offers) if parsed.json else _table([tuple(o.values()) for o in offers])
    if parsed.remove:
        environments.remove(parsed.remove, cache, reporter)
        return ""
    from pypackage.pipeline import plan

    return f"{plan.own_python(options(), '', cache, reporter)}\n"


def _of_cache(root: Path, parsed: argparse.Namespace) -> str:
    """List or clean the cache."""
    from pypackage.core import caches

    if parsed.cache == "clean":
        return f"{caches.clear(root) / 1e6:.1f} MB removed\n"
    kept = [(one.name, one.size, len(one.entries)) for one in caches.usage(root)]
    if parsed.json:
        kinds = [{"kind": name, "size": size, "entries": number} for name, size, number in kept]
        return _json({"folder": os.fspath(root), "kinds": kinds})
    lines = (f"{size / 1e6:>9.1f} MB  {number:6}  {name}\n" for name, size, number in kept)
    return f"{root}\n{''.join(lines)}"


def _json(value: object) -> str:
    import json

    return f"{json.dumps(value, indent=1)}\n"


def _described(one: EnvironmentInfo) -> dict[str, object]:
    """Describe an environment for JSON: sizes in bytes, times as in RFC 3339."""
    from datetime import datetime, timezone

    moment = datetime.fromtimestamp(int(one.time), timezone.utc).isoformat()
    return {
        "kind": one.kind,
        "name": one.name,
        "python": one.python,
        "size": one.size,
        "made": moment,
        "folder": os.fspath(one.folder),
    }


def _named_table(rows: Sequence[Mapping[str, str]]) -> str:
    """Format rows as a table with the columns' names as its head."""
    if not rows:
        return ""
    head = [name.upper() for name in rows[0]]
    return _table([head, *([text or "-" for text in row.values()] for row in rows)])


def _listed(made: Sequence[EnvironmentInfo], now: float) -> str:
    rows = [
        (
            one.kind,
            one.name,
            one.python or "-",
            f"{one.size / 1e6:.1f} MB",
            _age(now - one.time),
            os.fspath(one.folder),
        )
        for one in made
    ]
    return _table([("KIND", "NAME", "PYTHON", "SIZE", "AGE", "FOLDER"), *rows]) if rows else ""


def _age(seconds: float) -> str:
    """Format an age in the largest unit of which it is at least one."""
    unit, length = next((one for one in _UNITS if seconds >= one[1]), ("minute", 60))
    count = max(int(seconds // length), 0)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Format rows in columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in padded)
