"""The digests of an environment's files, as `sha256sum` prints them.

The list is a file of the environment, and its own digest stands in the manifest. With it the
runner checks what it can only see unpacked or mounted: a zip file, an image, a folder.
`sha256sum -c etc/pypackage/SHA256SUMS` reads it too, for which links and folders are comments.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import PurePosixPath

from pypackage.archive import tar_stream
from pypackage.archive.contents import Entry
from pypackage.archive.manifest import SHA256SUMS

PATH = SHA256SUMS


def lines(entries: Iterable[Entry]) -> list[str]:
    """A line for each entry.

    `<digest>  path`; `<digest> *path` for a file that may be run, which means the same to
    sha256sum; `# path -> target` for a link; `# path/` for a folder.

    Raises:
        OSError: A file cannot be read.
    """
    return list(map(_line, entries))


def _line(entry: Entry) -> str:
    info = tar_stream.tar_info(entry)
    if info.issym():
        return f"# {entry.target} -> {info.linkname}"
    if info.isdir():
        return f"# {entry.target}/"
    digest = sha256()
    for block in tar_stream.content(entry, info.size):
        digest.update(block)
    return f"{digest.hexdigest()} {'*' if info.mode & 0o100 else ' '}{entry.target}"


def entry(listed: Iterable[str], targets: Iterable[str]) -> Entry | None:
    """The list as a file of the environment; None when a line cannot tell a name in it.

    Args:
        listed: The lines of all other entries.
        targets: Their paths, for the folders that they lie in.
    """
    unique = {*listed, *(f"# {folder}/" for folder in _folders([*targets, PATH]))}
    if any("\n" in line for line in unique):
        return None
    return Entry(
        PATH, None, os.fsencode("".join(f"{line}\n" for line in sorted(unique))), mode=0o644
    )


def digest(entry: Entry | None) -> str:
    """What the manifest says of the list; empty without one."""
    return sha256(entry.data).hexdigest() if entry and entry.data is not None else ""


def _folders(targets: Iterable[str]) -> Iterator[PurePosixPath]:
    seen: set[PurePosixPath] = set()
    for target in targets:
        for folder in PurePosixPath(target).parents[:-1]:
            if folder in seen:
                break
            seen.add(folder)
            yield folder
