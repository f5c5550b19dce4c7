"""Write an image's layers: one per package, so that registries and nodes reuse the others."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pypackage.archive import members, tar_stream
from pypackage.archive.contents import Entry
from pypackage.archive.manifest import Package
from pypackage.core.progress import Task

TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"

MOST = 80
"""Layers of an environment: overlay2 allows 128 with those of the base, each is a request."""

_FILES = "files"  # files of no package and no module: bin/, etc/ and so on


class Layer(NamedTuple):
    """A layer as described in manifests.

    Attributes:
        title: What it contains.
        digest: `sha256:…` of the compressed bytes.
        size: The number of compressed bytes.
        diff_id: `sha256:…` of the tar stream.
        media_type: How it is compressed.
    """

    title: str
    digest: str
    size: int
    diff_id: str
    media_type: str = TYPE


class Group(NamedTuple):
    """The entries of a layer."""

    title: str
    entries: Sequence[Entry]

    @property
    def size(self) -> int:
        """The size of its files in bytes."""
        return sum(map(tar_stream.size, self.entries))


def groups(entries: Iterable[Entry], packages: Sequence[Package]) -> list[Group]:
    """Group entries into layers.

    Packages come first, by name; then modules that no conda package owns; then other files.
    Changing a layer means unpacking all layers above it again, so those that change more often are
    on top. If there are more than `MOST`, the smallest share one layer.
    """
    titles = {one.name: f"{one.name} {one.version}" for one in packages}
    records = {f"conda-meta/{one.name}-{one.version}-{one.build}.json": one for one in packages}
    found: dict[tuple[int, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        record = records.get(entry.target)
        package, module = (record.name, "") if record else members.owner(entry)
        if package:
            found[0, titles.get(package, package)].append(entry)
        elif re.search("/(site|dist)-packages/", entry.target):
            found[1, posixpath.basename(module)].append(entry)
        else:
            found[2, _FILES].append(entry)
    made = [Group(title, found[order, title]) for order, title in sorted(found)]
    return _at_most(made, MOST)


def _at_most(made: list[Group], number: int) -> list[Group]:
    """Merge the smallest groups, so that there are at most a number of them."""
    if len(made) <= number:
        return made
    by_size = sorted(made[:-1], key=lambda one: (one.size, one.title))
    small = {one.title for one in by_size[: len(made) - number + 1]}
    together = [entry for one in made if one.title in small for entry in one.entries]
    others = [one for one in made if one.title not in small]
    return [*others[:-1], Group(f"{len(small)} small packages", together), others[-1]]


def write(
    made: Sequence[Group], prefix: PurePosixPath, blobs: Path, level: int, workers: int, task: Task
) -> list[Layer]:
    """Write the layers' blobs; the same entries give the same bytes.

    Args:
        prefix: The folder of the entries in containers.
        blobs: The folder of blobs.
        level: The compression level.
        workers: How many are written in parallel.

    Raises:
        OSError: A file cannot be read or written.
    """

    def one(group: Group) -> Layer:
        layer = _write(group, prefix, blobs, level)
        task.advance(group.size)
        return layer

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, made))


def _write(group: Group, prefix: PurePosixPath, blobs: Path, level: int) -> Layer:
    plain, packed, size = sha256(), sha256(), 0
    deflate = members.deflater(level)
    part = blobs / f"part-{sha256(group.title.encode()).hexdigest()}"
    with part.open("xb") as file:
        for block in _tar(group.entries, prefix):
            plain.update(block)
            piece = deflate.compress(block)
            packed.update(piece)
            size += file.write(piece)
        piece = deflate.flush()
        packed.update(piece)
        size += file.write(piece)
    part.rename(blobs / packed.hexdigest())
    return Layer(group.title, f"sha256:{packed.hexdigest()}", size, f"sha256:{plain.hexdigest()}")


def _tar(entries: Iterable[Entry], prefix: PurePosixPath) -> Iterator[bytes | memoryview]:
    """A layer's tar stream."""
    top = str(prefix).lstrip("/")
    placed = [replace(entry, target=f"{top}/{entry.target}") for entry in entries]
    yield from tar_stream.stream(tar_stream.with_folders(placed))
    yield tar_stream.END
