"""Render the configuration files of a Splunk app."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from pypackage.archive.splunk.functions import Described
from pypackage.archive.splunk.model import SplunkApp

ENTRY = "run_command.py"

_META = """\
[]
access = read : [ * ], write : [ admin, sc_admin ]

[commands]
export = system

[searchbnf]
export = system
"""


def render(app: SplunkApp, commands: Sequence[Described]) -> dict[str, str]:
    """The texts of the files, by their paths in the app."""
    return {
        "README.txt": _readme(app, commands),
        "app.manifest": _manifest(app),
        "default/app.conf": _app(app),
        "default/commands.conf": "\n".join(map(_command, commands)),
        "default/distsearch.conf": _distributed(app),
        "default/searchbnf.conf": "\n".join(map(_help, commands)),
        "metadata/default.meta": _META,
    }


def _app(app: SplunkApp) -> str:
    return f"""\
[install]
is_configured = false
build = 1

[package]
id = {app.app}
check_for_updates = false

[ui]
is_visible = false
label = {_label(app.app)}

[launcher]
author = {_line(app.maintainer)}
description = {_line(app.summary)}
version = {app.version}

[id]
name = {app.app}
version = {app.version}
"""


def _command(described: Described) -> str:
    """From 10.2 on Splunk reads `python.required` before `python.version`; any of its will do."""
    command = described.command
    return f"""\
[{command.name}]
chunked = true
filename = {ENTRY}
python.version = python3
python.required = 3.9, 3.13
command.arg.1 = {command.target}
command.arg.2 = {command.kind}
"""


def _distributed(app: SplunkApp) -> str:
    """Commands run on the search head, so indexers need no copy of the environment."""
    return f"""\
[replicationDenylist]
{re.sub(r"[^A-Za-z0-9]", "_", app.app)}_environment = apps/{app.app}/bin/environment/...
"""


def _help(described: Described) -> str:
    command = described.command
    lines = described.text.splitlines()
    short = lines[0] if lines else f"The function {command.function} of {command.module}"
    return f"""\
[{command.name}-command]
syntax = {described.syntax}
shortdesc = {_line(short)}
description = {_line(described.text) or _line(short)}
usage = public
example1 = {"| " if command.kind == "generating" else "... | "}{command.name}
comment1 = {_line(short)}
"""


def _manifest(app: SplunkApp) -> str:
    """The manifest for Splunk's packaging toolkit, in version 2.0.0 of its format."""
    name, _, address = app.maintainer.partition("<")
    author = {"name": name.strip(), "email": address.strip(" >") or None, "company": None}
    licensed = {"name": app.license, "text": None, "uri": None} if app.license else None
    told = {
        "schemaVersion": "2.0.0",
        "info": {
            "title": app.app,
            "id": {"group": None, "name": app.app, "version": app.version},
            "author": [author] if name.strip() else [],
            "description": app.summary,
            "license": licensed,
        },
        "supportedDeployments": ["_standalone", "_distributed", "_search_head_clustering"],
        "targetWorkloads": ["_search_heads"],
    }
    return json.dumps(told, indent=2) + "\n"


def _readme(app: SplunkApp, commands: Iterable[Described]) -> str:
    listed = "\n".join(
        f"    {one.syntax}\n        {_line(one.text) or one.command.target}" for one in commands
    )
    return f"""\
{app.app} {app.version}

{app.description.strip() or app.summary}

Search commands:

{listed}

They run in bin/environment, which has a Python of its own with all packages that they need: that
of Splunk only starts it. The environment works at any place and needs nothing else installed.
"""


def _label(name: str) -> str:
    """The app's name in lists; Splunk requires 5 to 80 characters."""
    return name[:80] if len(name) >= 5 else f"{name} commands"


def _line(text: str) -> str:
    """Make a text the value of a setting: one line, without a backslash that would continue it."""
    return " ".join(text.split()).rstrip("\\ ")
