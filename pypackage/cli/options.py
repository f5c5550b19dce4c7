"""Command lines as tables: parsers, help pages, man pages and shell completion use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pypackage.core.errors import UsageError
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection
    from typing import Any


class Option(NamedTuple):
    """An option, or an argument.

    Attributes:
        flags: Its names, with dashes and separated by spaces; an argument has no dashes.
        help: What it does.
        metavar: The name of its value; empty for a flag, which has none.
        repeated: Whether it may be given several times.
        more: Further arguments for argparse.
        exclusive: A name shared by options of the group that exclude each other; empty for none.
        offers: Values for shell completion, if `more` has no choices.
    """

    flags: str
    help: str
    metavar: str = ""
    repeated: bool = False
    more: Mapping[str, Any] = {}
    exclusive: str = ""
    offers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The flags, one by one."""
        return tuple(self.flags.split())

    @property
    def is_option(self) -> bool:
        """Whether it is an option, not an argument."""
        return self.flags.startswith("-")

    @property
    def values(self) -> tuple[str, ...]:
        """The possible values; empty if they cannot be listed."""
        return tuple(self.more.get("choices", ())) or self.offers


class Group(NamedTuple):
    """Options that belong together.

    Attributes:
        title: What they are.
        options: The options.
        topic: Their help page, `--help-TOPIC`; empty for the default page.
        note: A text on all of them.
    """

    title: str
    options: tuple[Option, ...]
    topic: str = ""
    note: str = ""

    def refuse(self, parsed: argparse.Namespace, but: Collection[str] = ()) -> None:
        """Refuse these options, which would have no effect.

        Args:
            parsed: The command line.
            but: Those that are allowed.

        Raises:
            UsageError: One was given; the message has the group's title.
        """
        for option in self.options:
            name = option.names[0]
            if name not in but and getattr(parsed, name.removeprefix("--").replace("-", "_")):
                raise UsageError(f"{name} is for {self.title}")


class Command(NamedTuple):
    """A command line.

    Attributes:
        name: The executable's.
        usage: Its forms, one a line; `%(prog)s` is the name.
        description: What it does; the first sentence is its summary.
        examples: Command lines, one a line; empty for none.
        exit_status: What its exit codes mean.
        groups: Its arguments and options.
        elsewhere: Options of a form with a parser of its own, which are documented here.
    """

    name: str
    usage: str
    description: str
    examples: str = ""
    exit_status: str = ""
    groups: tuple[Group, ...] = ()
    elsewhere: tuple[Group, ...] = ()

    @property
    def documented(self) -> tuple[Group, ...]:
        """All groups, those of other forms last."""
        return (*self.groups, *self.elsewhere)

    @property
    def topics(self) -> dict[str, str]:
        """The topics of the help pages, with the titles of their groups."""
        titles: dict[str, list[str]] = {}
        for group in self.documented:
            if group.topic:
                titles.setdefault(group.topic, []).append(group.title)
        return {topic: ", ".join(several) for topic, several in titles.items()}


def add(group: argparse._ActionsContainer, options: Iterable[Option]) -> None:
    """Add options to a parser; those not given are False, empty, or an empty list."""
    exclusive: dict[str, argparse._ActionsContainer] = {"": group}
    for option in options:
        if not option.metavar:
            kind: dict[str, Any] = {"action": "store_true"}
        elif option.repeated:
            kind = {"action": "append", "default": [], "metavar": option.metavar}
        else:
            kind = {"default": "", "metavar": option.metavar}
        if option.exclusive not in exclusive:
            exclusive[option.exclusive] = group.add_mutually_exclusive_group()
        into = exclusive[option.exclusive]
        into.add_argument(*option.names, help=option.help, **{**kind, **option.more})
