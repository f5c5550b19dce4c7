"""Record in an environment what it was made from, so that it can be updated.

The record is only in the environment on this machine, not in archives: it has local paths.
Passwords and tokens are left out of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pypackage.archive.select import SelectionRule
from pypackage.backends import request
from pypackage.core.errors import InstallError
from pypackage.core.urls import redact
from pypackage.pipeline.options import Options
from pypackage.pipeline.plan import Plan
from pypackage.prefix.directory import PROVENANCE
from pypackage.requirements.data_sources import Git, Http
from pypackage.requirements.model import Requirements

_FORMAT = 1

# Options that apply to one run of the command, not to the environment.
_PASSING = (
    "inputs",
    "locked",
    "lock",
    "sbom",
    "jobs",
    "offline",
    "report",
    "rebuild",
    "cache_limit",
    "python_source",
    "pinned",
    "constraints",
)


@dataclass(frozen=True)
class Provenance:
    """What an environment was made from.

    Attributes:
        requirements: What was required, as packages, not modules.
        options: How it was made; options for a single run have their defaults.
        format: The format of its archive.
    """

    requirements: Requirements
    options: Options
    format: str


def note(prefix: Path, plan: Plan, format_: str) -> None:
    """Record in a new environment what it was made from.

    Args:
        plan: The plan of the environment.
        format_: The format of its archive.
    """
    channels = [_absolute(name) for name in plan.options.channels]
    options = replace(
        plan.options,
        channels=tuple(channels),
        add=tuple(os.path.join(os.getcwd(), os.path.expanduser(one)) for one in plan.options.add),
        base=Path(os.path.abspath(plan.options.base)),
    )
    kept = [field.name for field in fields(options) if field.name not in _PASSING]
    content = {
        "format": _FORMAT,
        "archive": format_,
        "requirements": _plain(plan.packages.named(plan.requirements)._asdict()),
        "options": {name: _plain(getattr(options, name)) for name in kept},
    }
    (prefix / PROVENANCE).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def read(prefix: Path) -> Provenance:
    """Read what an environment was made from.

    Raises:
        InstallError: There is no readable record.
    """
    try:
        content = json.loads((prefix / PROVENANCE).read_bytes())
        if content["format"] != _FORMAT:
            raise ValueError("another format")
        return Provenance(
            _requirements(content["requirements"]),
            _options(content["options"]),
            str(content["archive"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallError(
            f"{prefix} has no note of what it was made from",
            "another version of python_package_create made it: create it anew",
        ) from error


def _absolute(channel: str) -> str:
    return channel if request.is_host(channel) else request.channel_of(channel)


# --- as JSON -----------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Convert a value for JSON, without the secrets in URLs."""
    if isinstance(value, str):
        return redact(value) if "://" in value else value
    if isinstance(value, SelectionRule):
        return [value.pattern, value.keep]
    if isinstance(value, Git | Http):
        return [type(value).__name__, *map(_plain, value)]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return os.fspath(value) if isinstance(value, Path) else value


_KINDS: dict[str, type[Git] | type[Http]] = {"Git": Git, "Http": Http}


def _requirements(noted: Mapping[str, Any]) -> Requirements:
    values: dict[str, Any] = {
        key: tuple(one) if isinstance(one, list) else one for key, one in noted.items()
    }
    values["data"] = tuple(_KINDS[kind](*rest) for kind, *rest in noted["data"])
    values["hashes"] = {key: tuple(one) for key, one in noted["hashes"].items()}
    return Requirements(**values)


def _options(noted: Mapping[str, Any]) -> Options:
    values: dict[str, Any] = {
        key: tuple(one) if isinstance(one, list) else one for key, one in noted.items()
    }
    values["selection"] = tuple(SelectionRule(*one) for one in noted["selection"])
    values["base"] = Path(noted["base"])
    moment = noted["exclude_newer"]
    values["exclude_newer"] = datetime.fromisoformat(moment) if moment else None
    return Options(**values)
