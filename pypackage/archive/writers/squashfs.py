"""Write a squashfs image with mksquashfs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import manifest, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.writers import folder
from pypackage.archive.writers.tree import Tree
from pypackage.core import files, process
from pypackage.core.errors import PackError, ProcessError
from pypackage.core.progress import Task

# Of gzip, the one method that all readers know. 6 takes 1.7 times as long and saves a thirtieth;
# 9, the default of mksquashfs, four times as long as that and saves a hundredth more.
LEVEL = 4


def program() -> str:
    """Where mksquashfs is.

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
    """Write an image; the line behind it lets its last bytes stand for its whole content.

    Raises:
        PackError: mksquashfs is not installed, or failed.
    """
    mksquashfs = program()
    line = f"\npypackage-archive {manifest.FORMAT} {tree.environment_id}\n".encode()
    with files.temporary_folder(Path(os.path.realpath(output)).parent) as temporary:
        root = temporary / "root"
        root.mkdir()
        folder.fill(tree, root, task)
        folder.normalize_metadata(root)
        with files.new_file(output) as file:
            _make(mksquashfs, root, file, how)
            file.seek(0, os.SEEK_END)
            file.write(line)


def _make(mksquashfs: str, tree: Path, file: BinaryIO, how: Compression) -> None:
    # It is a new empty file of ours: -noappend says that there is nothing to be kept.
    command = [mksquashfs, str(tree), file.name, "-noappend", "-no-progress", "-quiet"]
    command += ["-all-root", "-no-xattrs", "-no-exports", "-mkfs-time", str(tar_stream.EPOCH)]
    command += ["-comp", "gzip", "-Xcompression-level", str(how.level or LEVEL)]
    command += ["-processors", str(how.workers)]
    try:
        process.run(command)
    except ProcessError as error:
        raise PackError("mksquashfs failed", error.output) from error
