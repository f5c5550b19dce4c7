"""Completion of options, values and files for bash, zsh and fish, made from the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pypackage.cli.options import Option

_BASH = """\
# Completion of {name} for bash.
_{name}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    if [[ $word == = ]]; then # of --option=VALUE, which bash takes for three words
        word=
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    case $before in
{values}    esac
    [[ $word != -* ]] || mapfile -t COMPREPLY < <(compgen -W '{options}' -- "$word")
}}
complete -o default -F _{name} {name}
"""
_BASH_VALUES = """\
    {names}) mapfile -t COMPREPLY < <(compgen -W '{values}' -- "$word"); return ;;
"""


def bash(name: str, options: Sequence[Option]) -> str:
    """Write a bash script; what is neither an option nor one of known values is a file."""
    values = (
        _BASH_VALUES.format(names=" | ".join(one.names), values=" ".join(one.values))
        for one in options
        if one.values
    )
    flags = " ".join(flag for one in options for flag in one.names)
    return _BASH.format(name=name, values="".join(values), options=flags)


def zsh(names: Sequence[str], options: Iterable[Option]) -> str:
    """Write a zsh function for several names of one command."""
    specs = (f"    {_quoted(spec)}" for one in options for spec in _zsh(one))
    lines = ["_arguments -s", *specs, "    '*:file:_files'"]
    return f"#compdef {' '.join(names)}\n" + " \\\n".join(lines) + "\n"


def _zsh(option: Option) -> Iterator[str]:
    """Yield the spec of `_arguments` for each name of an option."""
    several = "*" if option.repeated else f"({option.flags})" if len(option.names) > 1 else ""
    said = re.sub(r"([\[\]\\:])", r"\\\1", summary(option))
    for name in option.names:
        if not option.metavar:
            yield f"{several}{name}[{said}]"
            continue
        what = f"({' '.join(option.values)})" if option.values else "_files"
        between = "::" if option.more.get("nargs") == "?" else ":"
        sign = "=" if name.startswith("--") else "+"
        metavar = option.metavar.replace(":", "\\:")
        yield f"{several}{name}{sign}[{said}]{between}{metavar}:{what}"


def fish(name: str, options: Iterable[Option]) -> str:
    """Write a fish script."""
    return "".join(f"{_fish(name, one)}\n" for one in options)


def _fish(name: str, option: Option) -> str:
    words = ["complete", "-c", name]
    for flag in option.names:
        words += ["-l", flag[2:]] if flag.startswith("--") else ["-s", flag[1:]]
    if option.values:
        words += ["-x", "-a", _quoted(" ".join(option.values))]
    elif option.metavar and option.more.get("nargs") != "?":
        words.append("-r")
    return " ".join([*words, "-d", _quoted(summary(option))])


def summary(option: Option) -> str:
    """Return the first part of an option's help, for one line."""
    return re.split(r"[;:(]|, (?:or|and) ", option.help)[0].strip()


def _quoted(text: str) -> str:
    """Quote a word; fish, unlike sh, has escapes in single quotes: this one works in both."""
    return "'" + text.replace("'", "'\\''") + "'"
