"""The lines of a requirements.txt, as pip reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from pypackage.core.reading import read_text
from pypackage.requirements.declarations import Collector

_INCLUDE = r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))(?P<path>\S.*)"
_EDITABLE = r"(?:-e|--editable)(?:\s+|=)(?P<what>\S.*)"
_OPTION_AFTER = r"\s+--(?:hash|config-settings?|global-option|install-option)\b.*"
_VCS = r"(?:git|hg|svn|bzr)\+"


def take(made: Collector, text: str, path: str, seen: set[str]) -> None:
    """The lines of a requirements file, those of the files that it includes, too."""
    for line, place in logical_lines(text, path):
        included = re.fullmatch(_INCLUDE, line)
        editable = re.fullmatch(_EDITABLE, line)
        if included:
            inner = os.path.join(os.path.dirname(path), expanded(included["path"]))
            if os.path.abspath(inner) not in seen:
                seen.add(os.path.abspath(inner))
                take(made, read_text(inner, place), inner, seen)
        elif editable:
            made.warnings.append(f"{place}: {editable['what']} is editable and was not taken over")
        elif line.startswith("-"):
            option = re.split(r"[\s=]", line, maxsplit=1)[0]
            made.warnings.append(f"{place}: {option} is for pip and was not taken over")
        else:
            _requirement_line(made, re.sub(_OPTION_AFTER, "", line), place)


def _requirement_line(made: Collector, line: str, place: str) -> None:
    """A requirement, or a path or URL, of which only one that says its name is one."""
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", line)
    if re.match(rf"{_VCS}|\w+://", line):
        if egg:
            made.add(f"{egg[1]} @ {line}", place)
        else:
            made.warnings.append(f"{place}: {line} does not say its name and was not taken over")
    elif re.match(r"[./~]", line) or re.search(r"\.(whl|zip|tar\.\w+|tgz)$", line.split(" ")[0]):
        made.warnings.append(f"{place}: {line} is a path and was not taken over")
    else:
        made.add(expanded(line), place)


def logical_lines(text: str, path: str) -> Iterator[tuple[str, str]]:
    """Lines with their place, continued ones joined, without comments and empty ones."""
    begun, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        first = first or number
        # A comment ends a continued line, as pip has it.
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            begun += raw[:-1]
            continue
        line = re.sub(r"(^|\s+)#.*$", "", begun + raw).strip()
        if line:
            yield line, f"{path}:{first}"
        begun, first = "", 0


def expanded(line: str) -> str:
    """The line with `${NAME}` replaced from the environment, as pip does."""
    return re.sub(r"\$\{([A-Z0-9_]+)\}", lambda m: os.environ.get(m[1], m[0]), line)
