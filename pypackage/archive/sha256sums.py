"""List the digests of an environment's files, in the format of `sha256sum`.

Each part of an environment contains the list of its own files, so that a part is the same in every
environment, and can be checked by itself. The digest of all lists together is in the manifest.
With them the runner checks what it only sees unpacked or mounted: a zip file, an image, a folder.
`cat etc/pypackage/sha256sums/* | sha256sum -c` reads them too; links and folders are comments.
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

_LONGEST = 200  # characters of a list's name; a file name may have 255 bytes


def path(package: str, place: str, index: int) -> str:
    """The path of a part's list.

    Args:
        package: The part's package; empty for files without one.
        place: The folder of files without a package.
        index: The index of the member in the part, from 0.
    """
    name = quote(package, safe="") if package else f"+{quote(place, safe='')}"
    if len(name) > _LONGEST:
        name = f"+{sha256(name.encode()).hexdigest()}"
    return f"{SHA256SUMS}/{name}{f'+{index}' if index else ''}"


def text(entries: Iterable[Entry]) -> str:
    """The list of a part's entries, sorted.

    A line is `<digest>  path`; `<digest> *path` for an executable file, which sha256sum treats the
    same; `# path -> target` for a link; `# path/` for a folder, including parent folders.

    Raises:
        PackError: A name contains a newline, which the runner could not compare.
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
    """The digest of all lists for the manifest; the lists are given by path."""
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
