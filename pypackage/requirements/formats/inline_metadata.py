"""Read a script's inline metadata (PEP 723)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.core.errors import RequirementsError
from pypackage.requirements.declarations import Collector, Declarations
from pypackage.requirements.formats import document, pyproject


def read(source: str, path: str) -> Declarations:
    """Read a script's inline metadata (PEP 723); its declarations are `wanted`.

    Raises:
        RequirementsError: There are two blocks, or the block is not valid.
    """
    if "# /// script" not in source:
        return Declarations()
    blocks = list(_script_blocks(re.sub(r"\r\n?", "\n", source).split("\n")))
    if not blocks:
        return Declarations()
    line, content = blocks[0]
    if len(blocks) > 1:
        raise RequirementsError(
            f"{path}:{blocks[1][0]}: a second block of script metadata", f"the first is at {line}"
        )
    made = Collector()
    pyproject.declare_script(made, document.of_toml(content, path, line))
    return made.made()


def _script_blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the blocks of type `script`: the line of each one's start, and its content.

    A block extends from its start to the last `# ///` of the same run of comment lines, with
    something in between, as by the specification's regular expression, which may take
    time quadratic in the length of a hostile source.
    """
    at = 0
    while at < len(lines):
        begin = at
        while at < len(lines) and (lines[at] == "#" or lines[at].startswith("# ")):
            at += 1
        run = lines[begin:at]
        end = len(run) - 1 - run[::-1].index("# ///") if "# ///" in run else 0
        starts = (i for i in range(end - 1) if re.fullmatch(r"# /// [a-zA-Z0-9-]+", run[i]))
        start = next(starts, None)
        if start is not None and run[start] == "# /// script":
            yield begin + start + 1, "\n".join(line[2:] for line in run[start + 1 : end])
        at += 1
