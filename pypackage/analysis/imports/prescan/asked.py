"""Decide from its text whether a condition may test a flag that another file sets.

In doubt the answer is yes, which makes the caller parse the source.
"""

from __future__ import annotations

import re
from collections.abc import Set

_DEEPEST = 5  # names assigned from each other
# The forms of testing a flag: `NAME`, `not NAME.x`, `NAME()`, `NAME is not None`.
_OPERAND = re.compile(
    r"[(\s]*(?:not\b)?(?:[(\[\s]|bool\(|callable\(|all\(|any\()*([A-Za-z_]\w*)(?:\.\w+)*"
    r"(?:\(\)|\[[^]]*\]|\([\"'][^\"']*[\"']\)?)?[)\]\s]*"
    r"(?:(?:is(?:\s+not)?|==|!=)\s*(?:None|True|False)[)\s]*)?"
)
_OF_TYPE = re.compile(r"\bisinstance\([^()]*(?:\([^()]*\)[^()]*)*\)")  # asks for no flag
_BETWEEN = re.compile(r"\b(?:and|or)\b|,")
_STEP = re.compile(
    r"\n([ \t]*)(?:(?:async[ \t]+)?def[ \t]+(\w+)"
    r"|(?:return\b|(\w+(?:,[ ]\w+)*)[ \t]*(?::[^=\n]*)?=(?!=))([^\n]*))"
)


class Asked:
    """The names of a source that may be flags of other files.

    Args:
        text: The source.
        imported: The names imported from modules that may set flags.
    """

    def __init__(self, text: str, imported: Set[str]) -> None:
        self._text = text
        self._known = dict.fromkeys(imported, True)
        self._steps: dict[str, list[str]] | None = None

    def by(self, condition: str) -> bool:
        """Whether the rest of an `if` line may test a flag."""
        before, colon, after = condition.rpartition(":")
        if after.strip() and not after.lstrip().startswith("#"):
            before, colon, _ = condition.partition(":")
        return not colon or any(self._is_flag(name) for name in _operands(before))

    def _is_flag(self, name: str, depth: int = 0) -> bool:
        """Whether a name is imported, assigned from such a name, or a function that returns one."""
        if name not in self._known:
            self._known[name] = name == "("
            self._steps = self._passed() if self._steps is None else self._steps
            values = self._steps.get(name, ()) if depth < _DEEPEST else ()
            self._known[name] = self._known[name] or any(
                self._is_flag(one, depth + 1) for value in values for one in _operands(value)
            )
        return self._known[name]

    def _passed(self) -> dict[str, list[str]]:
        """The expressions assigned to each name, or returned by each function."""
        found: dict[str, list[str]] = {}
        functions: list[tuple[int, str]] = []
        for match in _STEP.finditer(self._text):
            lead, function, targets, value = match.groups()
            while functions and functions[-1][0] >= len(lead):
                functions.pop()
            if function:
                functions.append((len(lead), function))
            elif targets:
                for name in targets.split(", "):
                    found.setdefault(name, []).append(value.rpartition(" = ")[2])
            elif functions:
                found.setdefault(functions[-1][1], []).append(value)
        return found


def _operands(condition: str) -> set[str]:
    """The names that are operands of a condition; `(` if it continues on the next line."""
    if "#" in condition:
        condition = condition.partition("#")[0]
    condition = _OF_TYPE.sub("0", condition.rstrip())
    matches = (_OPERAND.fullmatch(one) for one in _BETWEEN.split(condition))
    found = {match[1] for match in matches if match}
    return found | {"("} if condition.endswith(("(", "\\", " and", " or")) else found
