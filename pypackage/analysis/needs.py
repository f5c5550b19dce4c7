"""Read the table of needs that no import shows; `core/data/needs.txt` has its format."""

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
        modules: It applies to files that import one of these.
        trigger: What to look for in the file.
        needs: The modules needed, each as alternatives of which one will do.
        certain: Whether they are needed without doubt.
    """

    modules: frozenset[str]
    trigger: str
    needs: tuple[tuple[str, ...], ...]
    certain: bool


class File(NamedTuple):
    """A file of the program.

    Attributes:
        label: Its name in messages.
        content: Its bytes.
        modules: The dotted names that it imports.
    """

    label: str
    content: bytes
    modules: frozenset[str]


class Implied(NamedTuple):
    """A need that no import shows.

    Attributes:
        place: Where it was found.
        what: What was found there; empty if it is too common to be reported.
        modules: Alternatives of which one is needed, the usual one first.
        certain: Whether it is needed without doubt.
    """

    place: str
    what: str
    modules: tuple[str, ...]
    certain: bool


def distinct(all_: Iterable[Implied]) -> list[Implied]:
    """Each need once, with the first place where it is certain, else with the first place."""
    found: dict[tuple[str, ...], Implied] = {}
    for one in all_:
        known = found.get(one.modules)
        if known is None or (one.certain and not known.certain):
            found[one.modules] = one
    return list(found.values())


def is_relevant(modules: Iterable[str]) -> bool:
    """Whether a file that imports these modules may trigger a rule."""
    return not _triggering().isdisjoint(name.partition(".")[0] for name in modules)


def unmet(imported: Collection[str]) -> Mapping[str, list[Rule]]:
    """The rules whose needs are not all among the imported top-level modules, by kind."""

    def is_met(rule: Rule) -> bool:
        each = ({module.partition(".")[0] for module in one} for one in rule.needs)
        return bool(rule.needs) and not any(one.isdisjoint(imported) for one in each)

    return {kind: [one for one in rules if not is_met(one)] for kind, rules in table().items()}


def may_show(file: File, rules: Mapping[str, Sequence[Rule]]) -> bool:
    """Whether a file may trigger one of the rules, judged by its text without parsing."""
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


# The text around a trigger, by the kind of rule.
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
# Settings files do not import what they configure; their names show what that is.
_SETTINGS = {"settings": "django", "conf": "sphinx", "config": "", "configuration": ""}


def _word(trigger: str) -> bytes:
    return trigger.partition("=")[0].rpartition(".")[2].lower().encode()


def modules_of(label: str, imported: Iterable[str], program: Iterable[str]) -> frozenset[str]:
    """The modules that a file imports; for a settings file also those of the program.

    Args:
        label: The file's name.
        imported: The dotted names that it imports.
        program: The top-level modules that the whole program imports.
    """
    stem = _settings(label)
    if not stem:
        return frozenset(imported)
    return frozenset((*imported, *program, _SETTINGS[stem])) - {""}


def is_of_framework(label: str) -> bool:
    """Whether a file is a settings module that Django imports, or Sphinx' `conf.py`."""
    return bool(_SETTINGS.get(_settings(label)))


def _settings(label: str) -> str:
    """The kind of settings a file has, by its name; empty if none."""
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
    """The rules by kind."""
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
