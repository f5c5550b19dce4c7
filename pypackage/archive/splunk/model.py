"""Describe a Splunk app to be made, as a value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pypackage.core import fingerprint
from pypackage.core.errors import InputPathError, UsageError

ENDING = ".spl"

KINDS = ("streaming", "reporting", "generating")
CLASS = "splunklib"
"""The kind of commands that are splunklib.searchcommands classes, which declare their type."""

# Paths that the user's own files must not begin with.
_RESERVED = {
    "bin/": "its programs are in the environment: add them by --add",
    "default/commands.conf": "commands are declared by --splunk-command",
    "local/": "this folder is for the settings of those who install the app: use default/",
    "metadata/local.meta": "it is for those who install the app: use metadata/default.meta",
}

_NAME = r"[A-Za-z0-9][\w.-]*"
_VERSION = r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}([a-z][a-z0-9]*)?"
_COMMAND = r"[A-Za-z][A-Za-z0-9]*"
_MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"


class Command(NamedTuple):
    """A search command.

    Attributes:
        name: Its name in searches.
        module: The module of the environment that contains its function.
        function: The function's name, or that of a class of splunklib.
        kind: One of `KINDS`; empty to determine it from the function's source.
    """

    name: str
    module: str
    function: str
    kind: str = ""

    @property
    def target(self) -> str:
        """`module:function`."""
        return f"{self.module}:{self.function}"


@dataclass(frozen=True)
class SplunkApp:
    """An app: its name, and its search commands.

    Attributes:
        app: Its id, and its folder's name in Splunk's app folder.
        version: Three numbers.
        commands: Its search commands.
        maintainer: Name and address: `Jane Doe <jane@example.org>`.
        description: What it is; the first line is the summary.
        license: The name of its license, such as `MIT`.
        files: A folder of further files: dashboards, lookups, settings.
    """

    app: str
    version: str = "1.0.0"
    commands: tuple[Command, ...] = ()
    maintainer: str = ""
    description: str = ""
    license: str = ""
    files: Path | None = None

    @property
    def prefix(self) -> PurePosixPath:
        """The environment's folder in the archive: in bin, where files are executable."""
        return PurePosixPath(self.app) / "bin" / "environment"

    @property
    def summary(self) -> str:
        """The description's first line, or a default."""
        lines = self.description.strip().splitlines()
        names = ", ".join(one.name for one in self.commands)
        return lines[0] if lines else f"Search commands with a Python of their own: {names}"

    def own_files(self) -> Iterator[tuple[str, Path]]:
        """The user's files by their paths in the app, without hidden ones and byte code.

        Raises:
            OSError: The folder cannot be read.
        """
        if self.files:
            for path, _ in sorted(fingerprint.walk(self.files)):
                if not any(part.startswith(".") for part in path.split("/")):
                    yield path, self.files / path

    def identity(self) -> list[object]:
        """Everything that the app's bytes depend on besides the environment, for JSON.

        Raises:
            OSError: A file cannot be read.
        """
        listed = [
            [path, fingerprint.of_file(file), os.access(file, os.X_OK)]
            for path, file in self.own_files()
        ]
        return [repr(self), listed]


def parse_command(text: str) -> Command:
    """Parse `NAME=MODULE:FUNCTION` or `NAME=MODULE:FUNCTION:KIND`.

    Raises:
        UsageError: It has another form.
    """
    name, _, rest = text.partition("=")
    module, _, function = rest.partition(":")
    function, colon, kind = function.partition(":")
    if not (re.fullmatch(_MODULE, module) and re.fullmatch(_MODULE, function)):
        raise UsageError(
            f"--splunk-command: {text!r} is not NAME=MODULE:FUNCTION[:KIND]",
            "such as --splunk-command score=shop.searches:score",
        )
    if not re.fullmatch(_COMMAND, name, re.A):
        raise UsageError(
            f"--splunk-command: Splunk does not accept a command named {name!r}",
            "use only letters and digits, and begin with a letter",
        )
    if colon and kind not in KINDS:
        raise UsageError(
            f"--splunk-command: no kind {kind!r} of command", f"there are {', '.join(KINDS)}"
        )
    return Command(name, module, function, kind)


def check(app: SplunkApp) -> None:
    """Check that the description of an app is valid.

    Raises:
        UsageError: Its name or version is invalid, it has no commands, or has reserved files.
        InputPathError: The folder of files does not exist.
    """
    if not re.fullmatch(_NAME, app.app, re.A) or app.app.endswith((".", ".tar", ".tgz", ENDING)):
        raise UsageError(
            f"Splunk does not accept an app named {app.app!r}",
            "use only letters, digits and . _ -; see --app",
        )
    if not re.fullmatch(_VERSION, app.version, re.A):
        raise UsageError(
            f"Splunk does not accept the version {app.version!r}",
            "write three numbers: --app-version 1.0.0",
        )
    if not app.commands:
        raise UsageError(
            "a Splunk app needs a search command",
            "give --splunk-command NAME=MODULE:FUNCTION; see docs/splunk.md",
        )
    names = [one.name for one in app.commands]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"--splunk-command: {twice} is given twice")
    if app.files:
        _check_files(app, app.files)


def _check_files(app: SplunkApp, folder: Path) -> None:
    if not folder.is_dir():
        raise InputPathError(f"there is no folder {folder} (--splunk-files)")
    with InputPathError.wrapping("--splunk-files", folder):
        paths = [path for path, _ in app.own_files()]
    for path in paths:
        if why := next((why for start, why in _RESERVED.items() if path.startswith(start)), ""):
            raise UsageError(f"--splunk-files: an app cannot contain {path}", why)
