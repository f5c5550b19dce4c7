"""Write a squashfs image with mksquashfs."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import manifest, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.writers import folder
from pypackage.archive.writers.tree import Tree
from pypackage.core import files, fingerprint, process
from pypackage.core.errors import PackError, ProcessError
from pypackage.core.progress import Task

# For gzip, the only method that all readers support. 6 takes 1.7 times as long and saves a
# thirtieth; 9, the default of mksquashfs, four times as long as that and saves a hundredth more.
LEVEL = 4

# For an image that can be mounted. Programs read libraries in pieces, for each of which whole
# blocks are decompressed: with 32 KB, the first import of numpy takes 0.1 s less than with
# mksquashfs's 128 KB, in a file 5 % larger (16 KB: 10 % larger, and no faster). The interpreter,
# nearly all of which each start reads, is not compressed: 0.03 s less, for 4 MB.
_BLOCK = "32K"
_INTERPRETER = "pathname(lib/libpython3*) || pathname(bin/python3.*)"

# The manifest is neither compressed nor put together with the ends of other files.
_AS_IT_IS = [
    *("-action", f"uncompressed@pathname({manifest.PATH})"),
    *("-action", f"no-fragments@pathname({manifest.PATH})"),
]
_STARTS = (96, 106)  # offset of the first file: after the header, and options if the level is not 9


def program() -> str:
    """The path of mksquashfs.

    Raises:
        PackError: It is not installed.
    """
    found = shutil.which("mksquashfs")
    if not found:
        raise PackError(
            "a squashfs image needs the program mksquashfs, which is not installed",
            "install squashfs-tools (apt, dnf and conda-forge have it), or choose another format",
        )
    return found


def write(tree: Tree, output: Path, task: Task, how: Compression) -> None:
    """Write an image whose manifest has the digest of all else in it.

    An older mksquashfs cannot put the manifest where it is found without mounting: then a line
    behind the image tells the id, and it is checked by its lists of digests alone.

    Raises:
        PackError: mksquashfs is not installed, or failed.
    """
    mksquashfs = program()
    plain, digested = tree.entries[0].data or b"", _has_actions(mksquashfs)
    text = manifest.with_digest(plain, "squashfs", manifest.UNKNOWN) if digested else plain
    entries = (replace(tree.entries[0], data=text), *tree.entries[1:])
    with files.temporary_folder(Path(os.path.realpath(output)).parent) as temporary:
        root, order = temporary / "root", temporary / "order"
        root.mkdir()
        folder.fill(replace(tree, entries=entries), root, task)
        folder.normalize_metadata(root)
        order.write_text(f"{manifest.PATH} 1\n")
        with files.new_file(output) as file:
            _make(mksquashfs, root, file, how, _layout(plain, order if digested else None))
            if digested:
                _put_manifest(file, plain, text)
            else:
                file.seek(0, os.SEEK_END)
                file.write(
                    f"\npypackage-archive {manifest.FORMAT} {tree.environment_id}\n".encode()
                )


def _layout(plain: bytes, order: Path | None) -> list[str]:
    """The options for how files are stored; without `order`, mksquashfs has no actions."""
    to_mount = not json.loads(plain)["relocate"]
    options = ["-b", _BLOCK] if to_mount else []
    if order:
        options += ["-sort", str(order), *_AS_IT_IS]
        options += ["-action", f"uncompressed@{_INTERPRETER}"] if to_mount else []
    return options


def _has_actions(mksquashfs: str) -> bool:
    """Whether it is version 4.5 (2021) or later, which supports actions."""
    version = re.search(rb"version (\d+)\.(\d+)", process.run([mksquashfs, "-version"]))
    return version is not None and (int(version[1]), int(version[2])) >= (4, 5)


def _make(mksquashfs: str, tree: Path, file: BinaryIO, how: Compression, more: list[str]) -> None:
    # -noappend: the file is new and empty, there is nothing to be kept.
    command = [mksquashfs, str(tree), file.name, "-noappend", "-no-progress", "-quiet"]
    command += ["-all-root", "-no-xattrs", "-no-exports", "-mkfs-time", str(tar_stream.EPOCH)]
    command += ["-comp", "gzip", "-Xcompression-level", str(how.level or LEVEL)]
    command += ["-processors", str(how.workers), *more]
    try:
        process.run(command)
    except ProcessError as error:
        raise PackError("mksquashfs failed", error.output) from error


def _put_manifest(file: BufferedRandom, plain: bytes, unfinished: bytes) -> None:
    """Put the manifest in place of the one that stands for it."""
    for start in _STARTS:
        file.seek(start)
        if file.read(len(unfinished)) == unfinished:
            break
    else:
        raise PackError("mksquashfs has put the manifest somewhere else", "choose another format")
    others = [(0, start), (start + len(unfinished), file.seek(0, os.SEEK_END))]
    digest = fingerprint.of_ranges(file, others)
    file.seek(start)
    file.write(manifest.with_digest(plain, "squashfs", digest))
