"""Man pages, in the roff of man(7), made from the tables of a command line."""

from __future__ import annotations

from collections.abc import Iterator

from pypackage.cli.options import Command, Group, Option


def page(command: Command, common: Group, version: str) -> str:
    """Write the man page of a command, of section 1.

    Args:
        common: The options that are not in the table: for help and the like.
        version: Of the package.
    """
    return "".join(f"{line}\n" for line in _lines(command, common, version))


def alias(name: str) -> str:
    """Write a man page that includes another command's."""
    return f".so man1/{name}.1\n"


def _lines(command: Command, common: Group, version: str) -> Iterator[str]:
    summary = command.description.replace("\n", " ").partition(". ")[0].rstrip(".")
    yield f'.TH {command.name.upper()} 1 "" "python-package-tools {version}" "User Commands"'
    yield ".SH NAME"
    yield f"{command.name} \\- {_text(summary[0].lower() + summary[1:])}"
    yield from _verbatim("SYNOPSIS", command.usage, command.name)
    yield ".SH DESCRIPTION"
    yield from _filled(command.description)
    for group in (*command.groups[:1], common, *command.groups[1:], *command.elsewhere):
        if group.options:
            yield from _options(group)
    yield from _verbatim("EXAMPLES", command.examples, command.name)
    yield from _verbatim("EXIT STATUS", command.exit_status, command.name)


def _options(group: Group) -> Iterator[str]:
    yield f".SH {_text(group.title.upper())}"
    yield from _filled(group.note)
    for option in group.options:
        yield ".TP"
        yield _heading(option)
        yield from _filled(option.help)


def _heading(option: Option) -> str:
    """Format the names in bold, with the name of the value."""
    if not option.is_option:
        return f"\\fI{_text(option.metavar)}\\fR"
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
    optional = option.more.get("nargs") == "?"
    value = f"[{option.metavar}]" if optional else option.metavar
    return f"{names} \\fI{_text(value)}\\fR" if value else names


def _verbatim(title: str, text: str, name: str) -> Iterator[str]:
    """Yield a section whose lines are not filled."""
    if text:
        yield f".SH {title}"
        yield ".nf"
        for line in text.splitlines():
            yield from _filled(line.strip() % {"prog": name} if "%(" in line else line.strip())
        yield ".fi"


def _filled(text: str) -> Iterator[str]:
    """Yield lines of text; an empty line starts a paragraph."""
    for line in text.splitlines():
        yield _text(line) if line else ".PP"


def _text(text: str) -> str:
    """Escape roff's syntax; `-` becomes the minus that can be copied, not a hyphen."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text
