"""Find the `try` statements around imports in code whose source is not at hand.

A notebook's functions arrive without it. Since Python 3.11 a code object has a table of the
handlers of its instructions; code of Python 3.10 has none that `dis` shows.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator, Mapping, Sequence

from pypackage.analysis.imports.model import BODY, HANDLER
from pypackage.analysis.imports.tries import CATCHING
from pypackage.core.typed import NamedTuple

_NAMING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "BUILD_TUPLE", "CACHE")
_ENDS = ("POP_EXCEPT", "RAISE_VARARGS", "RERAISE")
_MOST = 50  # nested handlers


class Guards(NamedTuple):
    """The `try` statements around an instruction.

    Attributes:
        choices: As in `Import`; a fork is numbered by where its handler starts.
        reason: Why an import there is not required; empty if it is.
    """

    choices: tuple[tuple[int, int], ...] = ()
    reason: str = ""


def of_imports(code: types.CodeType) -> Mapping[int, Guards]:
    """The guards of each import instruction, by its offset."""
    entries = getattr(dis.Bytecode(code), "exception_entries", ())
    if not entries:
        return {}
    instructions = list(dis.get_instructions(code))
    index = {one.offset: at for at, one in enumerate(instructions)}
    handlers = {
        target: _catcher(instructions, index[target], index)
        for target in {entry.target for entry in entries}
        if target in index
    }
    inside = {one: target for target, its in handlers.items() if its for one in its.offsets}

    def choices(offset: int) -> Iterator[tuple[int, int]]:
        """The forks around an instruction, the innermost first."""
        for _ in range(_MOST):
            entry = next((one for one in entries if one.start <= offset < one.end), None)
            if offset in inside:
                yield inside[offset], HANDLER
            if entry is None:
                return
            if handlers.get(entry.target):
                yield entry.target, BODY
            offset = entry.target

    found = {}
    for one in instructions:
        if one.opname == "IMPORT_NAME":
            around = tuple(dict.fromkeys(choices(one.offset)))
            if around:
                its = handlers[around[0][0]]
                reason = f"except {its.caught}".rstrip() if its else ""
                reason = f"try/{reason}" if around[0][1] == BODY else reason
                found[one.offset] = Guards(around[::-1], reason)
    return found


class _Catcher(NamedTuple):
    """A handler that catches a failing import, and goes on.

    Attributes:
        caught: The exception's name; empty for a bare `except`.
        offsets: Those of its instructions.
    """

    caught: str
    offsets: frozenset[int]


def _catcher(
    instructions: Sequence[dis.Instruction], at: int, index: Mapping[int, int]
) -> _Catcher | None:
    """The clause of a handler that catches a failing import; None if none goes on after it."""
    opnames = [one.opname for one in instructions] + [""]  # code from a pickle may end anywhere
    if opnames[at] != "PUSH_EXC_INFO":
        return None  # it cleans up after another handler
    at += 1
    for _ in range(_MOST):
        names: list[str] = []
        while opnames[at] in _NAMING:
            names.append(str(instructions[at].argval))
            at += 1
        caught = next((one for one in names if one in CATCHING), "")
        if opnames[at] == "CHECK_EXC_MATCH" and opnames[at + 1]:
            at += 1
            if caught:
                break
            at = index.get(instructions[at].argval, len(instructions))
        elif opnames[at] == "POP_TOP" and not names:
            break  # a bare except
        else:
            return None  # `finally` or `with`
    offsets: list[int] = []
    for one in instructions[at:]:
        if one.opname in _ENDS:
            return _Catcher(caught, frozenset(offsets)) if one.opname == _ENDS[0] else None
        offsets.append(one.offset)
    return None
