"""Build the tree of an environment, for all writers but that of `.tar.gz`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pypackage.archive import manifest, members, sha256sums, tar_stream
from pypackage.archive.contents import Contents, Entry


@dataclass(frozen=True)
class Tree:
    """Everything that is written, in order.

    Attributes:
        environment_id: The manifest's id.
        entries: The manifest first, the others by path.
        size: The size of all files in bytes.
    """

    environment_id: str
    entries: tuple[Entry, ...]
    size: int


def of(contents: Contents) -> Tree:
    """Add the runner and a manifest, whose id covers the whole content.

    The files are read once for that; they have just been written and are still in memory.

    Raises:
        PackError: A name contains a newline.
        OSError: A file cannot be read.
    """
    listed = tar_stream.with_tools(contents.entries)
    lists = dict(_lists(listed))
    sums = [sha256sums.entry(*item) for item in lists.items()]
    entries = sorted([*listed, *sums], key=lambda entry: entry.target)
    size = sum(map(tar_stream.size, entries))
    environment_id, described = manifest.render(
        contents.packages,
        contents.relocations,
        [],
        files=len(listed),
        size=size,
        sha256sums=sha256sums.digest(lists),
        tree=_digest(entries),
        omitted=contents.omitted,
        glibc=contents.glibc,
    )
    first = Entry(manifest.PATH, None, described, mode=0o644)
    return Tree(environment_id, (first, *entries), size + len(described))


def _lists(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """The paths and texts of the digest lists, which are those of a `.tar.gz`."""
    for part in map(members.Part, members.groups(entries)):
        for index in range(part.number):
            listed = part.listed(index)
            for _ in listed:
                pass
            yield listed.path, listed.text


def _digest(entries: Sequence[Entry]) -> str:
    digest = sha256()
    for entry in entries:
        for block in tar_stream.tar_blocks(entry):
            digest.update(block)
    return digest.hexdigest()
