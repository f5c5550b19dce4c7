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
from tarfile import TarInfo
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


class Listed:
    """The tar stream of a part's entries and of their list, which is made while they are read.

    Attributes:
        path: The path of the list.
        text: The list, sorted; complete once the stream has been read. A line is `<digest>  path`;
            `<digest> *path` for an executable file, which sha256sum treats the same;
            `# path -> target` for a link; `# path/` for a folder, including parent folders.
    """

    def __init__(self, path: str, entries: Iterable[Entry]) -> None:
        self.path = path
        self.text = ""
        self._entries = entries
        self._lines: dict[str, str] = {}

    def __iter__(self) -> Iterator[memoryview]:
        """The stream in pieces, each of which is valid until the next one is requested.

        Raises:
            PackError: A name contains a newline, which the runner could not compare.
            OSError: A file cannot be read.
        """
        return tar_stream.stream(self._with_list(), self._add)

    def _with_list(self) -> Iterator[Entry]:
        yield from self._entries
        folders = {f"# {folder}/" for folder in _folders(self._lines)}
        lines = sorted({*self._lines.values(), *folders, f"# {SHA256SUMS}/"})
        self.text = "".join(f"{line}\n" for line in lines)
        yield entry(self.path, self.text)

    def _add(self, info: TarInfo, digest: str) -> None:
        self._lines[info.name] = _line(info, digest)


def entry(path: str, text: str) -> Entry:
    """A list as a file of the environment."""
    return Entry(path, None, os.fsencode(text), mode=0o644)


def digest(lists: Mapping[str, str]) -> str:
    """The digest of all lists for the manifest; the lists are given by path."""
    found = sha256()
    for place in sorted(lists):
        found.update(os.fsencode(lists[place]))
    return found.hexdigest()


def _line(info: TarInfo, digest: str) -> str:
    if "\n" in info.name + info.linkname:
        hint = f"leave it out: --exclude '{info.name.translate({10: '?'})}'"
        raise PackError(f"{info.name!r} cannot be packed: a newline is in its name", hint)
    if info.issym():
        return f"# {info.name} -> {info.linkname}"
    if info.isdir():
        return f"# {info.name}/"
    return f"{digest} {'*' if info.mode & 0o100 else ' '}{info.name}"


def _folders(targets: Iterable[str]) -> Iterator[str]:
    seen = {SHA256SUMS}
    for target in [*targets, SHA256SUMS]:
        folder = target.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]
