"""Each file of an environment has one path, and nothing lies below a file or a link.

A package may list a file below a folder that another one has made a link, `lib64/x` where
`lib64` points to `lib`. On the disk that is one file. In an archive it would be a folder in the
place of the link, or one file twice, and an environment that is put together from its parts
could not have both.
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
_MOST_LINKS = 40  # that are followed for one path, as Linux does


def resolve(contents: Contents) -> Contents:
    """The same, with each entry where it is once links are followed, and there once.

    Raises:
        PackError: A path leads out of the environment, or below a file.
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
    """Make sure that no entry lies below another one that is no folder.

    Raises:
        PackError: One does.
    """
    for below, above in _below_others(entries):
        if _is_link(above) or not (above.source and os.path.isdir(above.source)):
            raise PackError(
                f"{below} cannot be packed: {above.target} is a file or a link",
                f"leave one of them out: --exclude '{above.target}'",
            )


def _below_others(entries: Iterable[Entry]) -> list[tuple[str, Entry]]:
    """Paths that lie below another entry, with that."""
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
    """The folders that a path lies in, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_link(entry: Entry) -> bool:
    return bool(entry.link) or bool(entry.source and os.path.islink(entry.source))


def _followed(path: str, links: Mapping[str, str]) -> str:
    """Where a path leads when the links on its way are followed, but not itself."""
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
