"""Evaluate .gitignore files by git's rules."""

from __future__ import annotations

import os
import re

from pypackage.core.typed import NamedTuple


class Rule(NamedTuple):
    """One line of a .gitignore file.

    Attributes:
        pattern: Matches the path relative to the .gitignore's folder.
        ignores: Whether a match is ignored; else it is an exception (`!`).
        folders_only: Whether it matches only folders.
    """

    pattern: re.Pattern[str]
    ignores: bool
    folders_only: bool


class Ignored:
    """The rules that apply in a folder: its own and those of its parents.

    Paths that are tested must begin with the folder.
    """

    def __init__(self, folder: str, above: Ignored | None = None) -> None:
        self._folder = folder
        self._above = above
        self._rules = _rules(os.path.join(folder, ".gitignore"))

    def covers(self, path: str, *, is_folder: bool = False) -> bool:
        """Whether a file is ignored, or a folder with everything in it."""
        relative = path[len(self._folder) :].lstrip("/")
        for rule in reversed(self._rules):  # the last matching rule decides
            if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(relative):
                return rule.ignores
        return self._above is not None and self._above.covers(path, is_folder=is_folder)


def _rules(path: str) -> list[Rule]:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            lines = file.read(1_000_000).splitlines()
    except OSError:
        return []
    return [rule for rule in map(_rule, lines) if rule is not None]


def _rule(line: str) -> Rule | None:
    text = re.sub(r"(?<!\\) +$", "", line)
    if not text or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    # A slash at the beginning or in the middle anchors the pattern to the file's folder.
    anywhere = "" if "/" in text else "(?:.*/)?"
    try:
        pattern = re.compile(anywhere + _translated(text.lstrip("/")))
    except re.error:
        return None
    return Rule(pattern, ignores, folders_only)


def _translated(text: str) -> str:
    """Translate a gitignore pattern to a regular expression."""
    pieces = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    token = re.compile(r"\*\*/|/\*\*$|\*+|\?|\[!?\]?[^\]]*\]|\\.|.", re.DOTALL)
    out = []
    for one in token.findall(text):
        if one in pieces:
            out.append(pieces[one])
        elif one.startswith("*"):
            out.append("[^/]*")
        elif one.startswith("[") and len(one) > 2:
            inner = one[1:-1].replace("\\", r"\\").replace("[", r"\[")
            out.append(f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]")
        else:
            out.append(re.escape(one[-1]))
    return "".join(out)
