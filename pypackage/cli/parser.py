"""Parsers and help pages, made from the tables of a command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pypackage.cli.options import Command, Group, Option, add
from pypackage.core.errors import UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

    from _typeshed import SupportsWrite

# Python has no translations of argparse; looking for some takes as long as the parser.
argparse._ = str  # type: ignore[attr-defined]

ALL = "all"
"""The help page of all options."""


class Parser(argparse.ArgumentParser):
    """The parser of a command line; its errors are `UsageError`s (exit 1, not 2)."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            usage=command.usage, allow_abbrev=False, add_help=False, formatter_class=_Formatter
        )
        self._command = command
        self.color = False  # Python 3.14's, also in the usage of an error: stderr may be a file
        # One group without a formatter: to check options, Python 3.14 would load colors in 13 ms.
        options = self.add_argument_group()
        for group in _with_common(command, command.groups):
            add(options, group.options)

    def format_help(self) -> str:
        """Return the default help page."""
        return self.page()

    def page(self, topic: str = "") -> str:
        """Return a help page: of a topic, of all options, or the default one."""
        command = self._command
        page = _Formatter(self.prog)
        page.add_usage(self.usage, (), ())
        whole = topic in ("", ALL)
        page.add_text(command.description if whole else None)
        chosen = tuple(one for one in command.documented if topic in (one.topic, ALL))
        for group in _with_common(command, chosen) if whole else chosen:
            page.start_section(group.title)
            page.add_text(group.note or None)
            page.add_arguments(_actions(group))
            page.end_section()
        page.add_text(_epilog(command) if whole else None)
        return page.format_help()

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` with the usage as its hint."""
        raise UsageError(
            message, f"{self._meant(message)}{self.format_usage().strip()}\nsee {self.prog} -h"
        )

    def _meant(self, message: str) -> str:
        """Return a line that suggests the option that an unknown one may mean."""
        from difflib import get_close_matches

        said = message.partition("unrecognized arguments: ")[2].split()
        unknown = next((one.partition("=")[0] for one in said if one.startswith("--")), "")
        near = get_close_matches(unknown, self._option_string_actions, 1, 0.7)
        return f"did you mean {near[0]}?\n" if near else ""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Write a message without suppressing errors as argparse does."""
        stream = file or sys.stdout
        if stream is not None:
            stream.write(message)


def common(command: Command) -> Group:
    """Return the options of every command line: help pages, verbosity, version."""
    topics = command.topics
    if topics:
        general = Option(
            "-h --help",
            "show this help, or all options",
            ALL,
            more={**_help(), "nargs": "?"},
        )._replace(offers=(ALL,))
    else:
        general = Option("-h --help", "show this help", more=_help())
    pages = (
        Option(f"--help-{topic}", f"show the options for {title}", more=_help(topic))
        for topic, title in topics.items()
    )
    return Group(
        "options",
        (
            general,
            *pages,
            Option("-q --quiet", "show errors only", exclusive="loudness"),
            Option("-v --verbose", "show each step in detail", exclusive="loudness"),
            Option("--version", "show the version and exit", more={"action": _Version}),
        ),
    )


def _with_common(command: Command, groups: tuple[Group, ...]) -> tuple[Group, ...]:
    return (*groups[:1], common(command), *groups[1:])


def _actions(group: Group) -> list[argparse.Action]:
    """Return the options as argparse's formatter takes them."""
    parser = argparse.ArgumentParser(add_help=False, formatter_class=_Formatter)
    add(parser, group.options)
    return parser._actions


def positive(text: str) -> int:
    """Parse a positive integer."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _help(topic: str = "") -> dict[str, object]:
    return {"action": _Help, "const": topic}


def _epilog(command: Command) -> str:
    examples = "".join(f"  {line}\n" for line in command.examples.splitlines())
    status = "".join(f"  {line}\n" for line in command.exit_status.splitlines())
    parts = {"examples": examples, "exit status": status}
    return "\n".join(f"{title}:\n{text}" for title, text in parts.items() if text).rstrip()


class _Help(argparse.Action):
    """Shows a help page and exits."""

    def __init__(self, option_strings: list[str], dest: str, **kind: object) -> None:
        kind = {"nargs": 0, **kind, "default": argparse.SUPPRESS}
        super().__init__(option_strings, argparse.SUPPRESS, **kind)  # type: ignore[arg-type]

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Show the topic's page, or the page that the value names."""
        assert isinstance(parser, Parser)
        parser._print_message(parser.page(ALL if values == ALL else str(self.const)))
        parser.exit()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Determines the terminal's width without shutil, which takes longer to import than a run."""

    def __init__(self, prog: str, **_: object) -> None:
        super().__init__(prog, width=_width() - 2)


def _width() -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) < 6 and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class _Version(argparse.Action):
    """Looks the version up only when requested: the look-up takes long."""

    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the version and exit."""
        from pypackage.cli import version

        version.show(parser.prog)
        parser.exit()
