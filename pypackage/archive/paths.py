"""Give each file of an environment one path, with nothing below a file or link.

A package may list a file below a folder that another package has as a link: `lib64/x`, where
`lib64` points to `lib`. On disk that is one file. In an archive it would be a folder in place of
the link, or the file twice, and an environment assembled from its parts could not contain both.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pypackage.core.errors import PackError

if TYPE_CHECKING:
    from pypackage.archive.contents import Contents, Entry

_DETOURS = re.compile(r"(^|/)\.?/|/\.?$")
_MOST_LINKS = 40  # followed for one path, as in Linux


def resolve(contents: Contents) -> Contents:
    """Resolve links in the entries' paths, so that each file has only one entry.

    Raises:
        PackError: A path leads out of the environment, or is below a file.
    """
    if not _below_others(contents.entries) and not any(
        _DETOURS.search(one.target) for one in contents.entries
    ):
        return contents
    links = {
        one.target: one.link or os.readlink(one.source or "")
        for one in contents.entries
        if _is_link(one)
    }
    found: dict[str, Entry] = {}
    for entry in contents.entries:
        target = _followed(entry.target, links)
        if target == entry.target or target not in found:
            found[target] = replace(entry, target=target)
    relocations = {
        (target := _followed(one.path, links)): replace(one, path=target)
        for one in contents.relocations
    }
    return replace(
        contents,
        entries=tuple(found[target] for target in sorted(found)),
        relocations=tuple(relocations[path] for path in sorted(relocations)),
    )


def check(entries: Sequence[Entry]) -> None:
    """Check that no entry is below another one that is not a folder.

    Raises:
        PackError: An entry is.
    """
    for below, above in _below_others(entries):
        if _is_link(above) or not (above.source and os.path.isdir(above.source)):
            raise PackError(
                f"{below} cannot be packed: {above.target} is a file or a link",
                f"leave one of them out: --exclude '{above.target}'",
            )


def _below_others(entries: Iterable[Entry]) -> list[tuple[str, Entry]]:
    """The paths that are below another entry, each with that entry."""
    known = {entry.target: entry for entry in entries}
    seen: set[str] = set()
    found = []
    for target in known:
        for folder in _folders(target):
            if folder in seen:
                break
            seen.add(folder)
            if folder in known:
                found.append((target, known[folder]))
    return found


def _folders(path: str) -> Iterator[str]:
    """The parent folders of a path, nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_link(entry: Entry) -> bool:
    return bool(entry.link) or bool(entry.source and os.path.islink(entry.source))


def _followed(path: str, links: Mapping[str, str]) -> str:
    """The path after following links in its parent folders, but not itself."""
    place = posixpath.normpath(path)
    for _ in range(_MOST_LINKS):
        link = next((one for one in _folders(place) if one in links), "")
        if not link:
            return place
        start = posixpath.join(posixpath.dirname(link), links[link])
        place = posixpath.normpath(posixpath.join(start, place[len(link) + 1 :]))
        if place.startswith(("/", "../")):
            raise PackError(f"{path} cannot be packed: {link} leads out of the environment")
    raise PackError(f"{path} cannot be packed: its links form a loop")
