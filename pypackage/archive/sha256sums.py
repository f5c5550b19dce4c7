"""The digests of an environment's files, as `sha256sum` prints them.

Each part of an environment brings the list of its own files, so that a part is the same in each
environment, and can be checked by itself. The digest of all lists together stands in the
manifest. With them the runner checks what it can only see unpacked or mounted: a zip file, an
image, a folder. `cat etc/pypackage/sha256sums/* | sha256sum -c` reads them too, for which links
and folders are comments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from urllib.parse import quote

from pypackage.archive import tar_stream
from pypackage.archive.contents import Entry
from pypackage.archive.manifest import SHA256SUMS
from pypackage.core.errors import PackError

_LONGEST = 200  # of a list's name; a file's may have 255 bytes


def path(package: str, place: str, index: int) -> str:
    """Where a part's list is.

    Args:
        package: What it is a part of; empty for files of none.
        place: For these, where they lie.
        index: Which part, from 0.
    """
    name = quote(package, safe="") if package else f"+{quote(place, safe='')}"
    if len(name) > _LONGEST:
        name = f"+{sha256(name.encode()).hexdigest()}"
    return f"{SHA256SUMS}/{name}{f'+{index}' if index else ''}"


def text(entries: Iterable[Entry]) -> str:
    """The list of a part's entries, sorted.

    A line is `<digest>  path`; `<digest> *path` for a file that may be run, which means the same
    to sha256sum; `# path -> target` for a link; `# path/` for a folder, those in between too.

    Raises:
        PackError: A name has a newline, with which the runner could not compare it.
        OSError: A file cannot be read.
    """
    entries = list(entries)
    lines = {*map(_line, entries), f"# {SHA256SUMS}/"}
    lines.update(f"# {folder}/" for folder in _folders(entry.target for entry in entries))
    return "".join(f"{line}\n" for line in sorted(lines))


def entry(place: str, listed: str) -> Entry:
    """A list as a file of the environment."""
    return Entry(place, None, os.fsencode(listed), mode=0o644)


def digest(lists: Mapping[str, str]) -> str:
    """What the manifest says of all lists, by their paths."""
    found = sha256()
    for place in sorted(lists):
        found.update(os.fsencode(lists[place]))
    return found.hexdigest()


def _line(entry: Entry) -> str:
    info = tar_stream.tar_info(entry)
    if "\n" in entry.target + info.linkname:
        hint = f"leave it out: --exclude '{entry.target.translate({10: '?'})}'"
        raise PackError(f"{entry.target!r} cannot be packed: a newline is in its name", hint)
    if info.issym():
        return f"# {entry.target} -> {info.linkname}"
    if info.isdir():
        return f"# {entry.target}/"
    digest = sha256()
    for block in tar_stream.content(entry, info.size):
        digest.update(block)
    return f"{digest.hexdigest()} {'*' if info.mode & 0o100 else ' '}{entry.target}"


def _folders(targets: Iterable[str]) -> Iterator[str]:
    seen = {SHA256SUMS}
    for target in [*targets, SHA256SUMS]:
        folder = target.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]
