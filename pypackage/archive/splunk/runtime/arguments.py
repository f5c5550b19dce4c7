"""Convert the words of a search command to arguments of the user's function."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TRUE = ("1", "t", "true", "y", "yes")
_FALSE = ("0", "f", "false", "n", "no")
_OPTION = re.compile(r"([^\W\d]\w*)(=)(?!=)(.*)", re.S)  # not a comparison: numpy==2.1
SEARCH_INFO = "searchinfo"
"""The parameter that receives Splunk's information on the search; it is not an option."""


class ArgumentError(Exception):
    """The words do not fit the function; the message is for the user of the search."""


def bind(
    function: Callable[..., Any], words: Sequence[str], info: dict[str, Any], *, records: bool
) -> tuple[list[str], dict[str, Any]]:
    """The arguments for a function, except its records.

    Args:
        words: `name=value` sets the parameter of that name, converted to the type of its
            annotation or default (int, float, bool); other words, such as `a==b`, go to `*fields`.
        info: Splunk's information on the search, for a parameter `searchinfo`.
        records: Whether the first parameter is for the records.

    Raises:
        ArgumentError: A word fits no parameter, or a required parameter is missing.
    """
    parameters = list(inspect.signature(function).parameters.values())[1 if records else 0 :]
    kinds = {one.kind for one in parameters}
    known = {
        one.name: one
        for one in parameters
        if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }
    fields: list[str] = []
    options: dict[str, Any] = {}
    for word in words:
        found = _OPTION.fullmatch(word)
        name, equals, value = found.groups() if found else (word, "", "")
        if equals and name != SEARCH_INFO and name in known:
            options[name] = _converted(known[name], value)
        elif equals and inspect.Parameter.VAR_KEYWORD in kinds:
            options[name] = value
        elif not equals and inspect.Parameter.VAR_POSITIONAL in kinds:
            fields.append(word)
        else:
            raise ArgumentError(_unknown(word, known, equals))
    if SEARCH_INFO in known:
        options[SEARCH_INFO] = info
    _check_complete(known, options)
    return fields, options


def _unknown(word: str, known: dict[str, inspect.Parameter], equals: str) -> str:
    names = ", ".join(name for name in known if name != SEARCH_INFO)
    what = "an option" if equals else "an argument"
    told = f"; its options are {names}" if names else ", which has no options"
    return f"{word.partition('=')[0]!r} is not {what} of this command{told}"


def _check_complete(known: dict[str, inspect.Parameter], options: dict[str, Any]) -> None:
    lacking = [
        name
        for name, one in known.items()
        if name not in options and one.default is inspect.Parameter.empty
    ]
    if lacking:
        raise ArgumentError(f"this command needs {' '.join(f'{one}=…' for one in lacking)}")


def _converted(parameter: inspect.Parameter, text: str) -> Any:
    kind = _kind(parameter)
    try:
        if kind == "bool":
            return _boolean(text)
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
    except ValueError:
        told = {"int": "a whole number", "float": "a number", "bool": "true or false"}[kind]
        raise ArgumentError(f"{parameter.name}={text}: not {told}") from None
    return text


def _kind(parameter: inspect.Parameter) -> str:
    """The name of the parameter's type; annotations may be strings (PEP 563)."""
    wanted = parameter.annotation
    if wanted is inspect.Parameter.empty:
        return type(parameter.default).__name__
    return (
        str(getattr(wanted, "__name__", wanted))
        .replace("Optional[", "")
        .split("|")[0]
        .strip(" ]'\"")
    )


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)
