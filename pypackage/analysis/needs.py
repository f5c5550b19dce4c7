"""The table of what programs need without importing it; `core/data/needs.txt` tells its form."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from pypackage.core.typed import NamedTuple

TABLE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "core", "data", "needs.txt")


class Rule(NamedTuple):
    """A line of the table.

    Attributes:
        modules: The modules of which a file has to import one.
        trigger: What stands in the file.
        needs: The modules that this needs; each is one of several that will do.
        certain: Whether there is no doubt of it.
    """

    modules: frozenset[str]
    trigger: str
    needs: tuple[tuple[str, ...], ...]
    certain: bool


class File(NamedTuple):
    """A file of the program.

    Attributes:
        label: What messages call it.
        content: Its bytes.
        modules: The dotted names that it imports.
    """

    label: str
    content: bytes
    modules: frozenset[str]


class Implied(NamedTuple):
    """A need that no import shows.

    Attributes:
        place: Where it shows.
        what: What shows it; empty where it is too usual to be told.
        modules: One of these modules is needed; the usual one comes first.
        certain: Whether there is no doubt of it.
    """

    place: str
    what: str
    modules: tuple[str, ...]
    certain: bool


def distinct(all_: Iterable[Implied]) -> list[Implied]:
    """Each need once, by the first place that leaves no doubt of it, or else by the first."""
    found: dict[tuple[str, ...], Implied] = {}
    for one in all_:
        known = found.get(one.modules)
        if known is None or (one.certain and not known.certain):
            found[one.modules] = one
    return list(found.values())


def is_relevant(modules: Iterable[str]) -> bool:
    """Whether what imports some modules has to be looked at."""
    return not _triggering().isdisjoint(name.partition(".")[0] for name in modules)


def unmet(imported: Collection[str]) -> Mapping[str, list[Rule]]:
    """The rules by which a program that imports some top-level modules may need others."""

    def is_met(rule: Rule) -> bool:
        each = ({module.partition(".")[0] for module in one} for one in rule.needs)
        return bool(rule.needs) and not any(one.isdisjoint(imported) for one in each)

    return {kind: [one for one in rules if not is_met(one)] for kind, rules in table().items()}


def may_show(file: File, rules: Mapping[str, Sequence[Rule]]) -> bool:
    """Whether what some rules look for may be in a file, by its text alone."""
    tops = {name.partition(".")[0] for name in file.modules}
    lower = file.content.lower()
    for kind, listed in rules.items():
        for rule in listed:
            if tops.isdisjoint(rule.modules):
                continue
            if kind == "part" and any(name.startswith(rule.trigger) for name in file.modules):
                return True
            if _word(rule.trigger) in lower and _pattern(kind, rule.trigger).search(lower):
                return True
    return False


# What surrounds a trigger in the text of a file, by the kind of the rule.
_SHAPES = {
    "part": rb"\b%b\b",
    "call": rb"\b%b\s*(?:(?:\.\w+\s*)?\(|as\b)",
    "load": rb"\b%b\s*\(",
    "engine": rb"[\"']%b[\"']",
    "scheme": rb"[\"']%b",
    "list": rb"\b%b\b[^=\n]*=",
    "text": rb"[\"']%b[\"']",
    "env": rb"[\"']%b[\"']",
}
# Files of settings do not import what they are for; those of other names say it for the program.
_SETTINGS = {"settings": "django", "conf": "sphinx", "config": "", "configuration": ""}


def _word(trigger: str) -> bytes:
    return trigger.partition("=")[0].rpartition(".")[2].lower().encode()


def modules_of(label: str, imported: Iterable[str], program: Iterable[str]) -> frozenset[str]:
    """What a file has to do with: what it imports, and of settings what the program does.

    Args:
        label: Its name.
        imported: The dotted names that it imports.
        program: The top-level modules that the whole program imports.
    """
    stem = _settings(label)
    if not stem:
        return frozenset(imported)
    return frozenset((*imported, *program, _SETTINGS[stem])) - {""}


def is_of_framework(label: str) -> bool:
    """Whether a file is a module of settings that Django imports, or Sphinx' `conf.py`."""
    return bool(_SETTINGS.get(_settings(label)))


def _settings(label: str) -> str:
    """What kind of settings a file has, by its name; empty for none."""
    folder, _, name = label.rpartition(os.sep)
    is_in = folder.rpartition(os.sep)[2] == "settings"
    stem = "settings" if is_in else name.partition(".")[0]
    return stem if stem in _SETTINGS and name.endswith(".py") else ""


@cache
def _pattern(kind: str, trigger: str) -> re.Pattern[bytes]:
    word = _word(trigger) if kind in ("load", "env") else trigger.lower().encode()
    return re.compile(_SHAPES[kind] % re.escape(word))


@cache
def _triggering() -> frozenset[str]:
    rules = (rule for listed in table().values() for rule in listed)
    return frozenset(name for rule in rules for name in rule.modules)


@cache
def table() -> Mapping[str, list[Rule]]:
    """The rules by their kinds."""
    found: dict[str, list[Rule]] = defaultdict(list)
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            words = line.partition("#")[0].split()
            if words:
                found[words[0]].append(_rule(words[0], *words[1:]))
    return found


def _rule(kind: str, modules: str, trigger: str, needs: str = "") -> Rule:
    plain = needs.removeprefix("!")
    together = (tuple(one.split("|")) for one in plain.split(",")) if plain else ()
    certain = plain != needs or kind == "load"
    return Rule(frozenset(modules.split(",")), trigger, tuple(together), certain)
