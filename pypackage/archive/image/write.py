"""Write container images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from pypackage.archive import fixed_place, manifest, members, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.image import base as bases
from pypackage.archive.image import layers, layout, libc
from pypackage.archive.image.layers import Layer
from pypackage.archive.image.model import ENDING, Image, architecture, check
from pypackage.core import caches, files
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter
from pypackage.core.urls import redact

_RECORDS = ("etc/pypackage/environment.lock", manifest.PATH, manifest.SHA256SUMS)
_OF_LAYOUTS = {"blobs", "index.json", "oci-layout"}


def check_all(image: Image, output: Path) -> None:
    """Check, before the work is done, that an image can be made.

    Raises:
        UsageError: Its name or another option is invalid.
        InputPathError: The base image does not exist.
        PackError: skopeo is needed and not installed, or the user's own folder is in the way.
    """
    check(image)
    bases.check(image.base)
    if output.is_dir() and not {path.name for path in output.iterdir()} <= _OF_LAYOUTS:
        raise PackError(
            f"{output} exists and is not an OCI image layout",
            "choose another name, or remove it first",
        )


def write(
    contents: Contents, image: Image, output: Path, reporter: Reporter, how: Compression
) -> None:
    """Write an image: a folder, or one file if its name ends in `.oci.tar`.

    An existing one is replaced at the end. The same contents and base give the same bytes.

    Args:
        contents: The contents, as returned by `fixed_place.settle`.

    Raises:
        PackError: It cannot be made.
    """
    with PackError.wrapping(f"cannot write {output}"), _new(image, output) as folder:
        _fill(folder, contents, image, reporter, how)


@contextmanager
def _new(image: Image, output: Path) -> Iterator[Path]:
    """A folder for a layout that becomes the output."""
    if not output.name.endswith(ENDING):
        with files.new_folder(output, replace=True) as folder:
            yield folder
        return
    with files.temporary_folder(Path(os.path.realpath(output)).parent) as folder:
        yield folder
        with files.new_file(output) as file:
            layout.pack(folder, image, file)


def _fill(
    folder: Path, contents: Contents, image: Image, reporter: Reporter, how: Compression
) -> None:
    platform = next((p.subdir for p in contents.packages if p.subdir != "noarch"), "")
    if not architecture(platform)[0]:
        raise PackError(f"images cannot be made for {platform or 'an environment without Python'}")
    _check_commands(contents, image)
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    kept = caches.folder() / "bases"
    with (
        files.temporary_folder(folder.parent) as scratch,
        bases.load(image.base, platform, kept, scratch, reporter) as base,
    ):
        if base.layers:
            needed = manifest.lowest_glibc(contents.packages, contents.glibc)
            libc.check(base, redact(image.base), needed, reporter)
        for layer in base.layers:
            with (blobs / layer.digest.partition(":")[2]).open("wb") as file:
                base.copy(layer, file)
        made = _write_layers(contents, image, blobs, reporter, how)
    about = layout.config(
        image,
        base,
        made,
        platform,
        fixed_place.epoch(contents),
        active=fixed_place.is_activated(contents),
    )
    layout.write(folder, image, base, made, about)


def _write_layers(
    contents: Contents, image: Image, blobs: Path, reporter: Reporter, how: Compression
) -> list[Layer]:
    """Write the environment's layers; the last, small one has the records about all others."""
    entries = tar_stream.with_tools(contents.entries)
    records = [entry for entry in entries if entry.target in _RECORDS]
    groups = layers.groups([e for e in entries if e.target not in _RECORDS], contents.packages)
    size = sum(group.size for group in groups)
    level = members.LEVEL if how.level is None else how.level
    with reporter.task("packing", size) as task:
        made = layers.write(groups, image.prefix, blobs, level, how.workers, task)
        digests = "".join(f"{layer.diff_id}\n" for layer in made)
        _, described = manifest.render(
            contents.packages,
            (),
            (),
            files=len(entries),
            size=size,
            tree=sha256(digests.encode()).hexdigest(),
            omitted=contents.omitted,
            glibc=contents.glibc,
        )
        records.append(Entry(manifest.PATH, None, described, mode=0o644))
        last = layers.Group("records", records)
        return made + layers.write([last], image.prefix, blobs, level, 1, task)


def _check_commands(contents: Contents, image: Image) -> None:
    there = {entry.target for entry in contents.entries}
    for name in image.commands:
        if f"bin/{name}" not in there:
            raise PackError(
                f"the environment has no program {name!r} to start (--command)",
                "it must be in the bin folder of the environment",
            )
