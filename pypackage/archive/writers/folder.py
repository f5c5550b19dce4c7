"""Write a folder: the tree as `tar x` makes it, to be prepared by the runner on first use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pypackage.archive import manifest, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Entry
from pypackage.archive.writers.tree import Tree
from pypackage.core import files
from pypackage.core.errors import PackError
from pypackage.core.progress import Task


def write(tree: Tree, output: Path, task: Task, _how: Compression) -> None:
    """Create the folder, replacing an empty one or an existing environment.

    Raises:
        PackError: There is another folder, or a file.
    """
    check_replaceable(output)
    with files.new_folder(output, replace=True) as folder:
        fill(tree, folder, task)


def check_replaceable(output: Path) -> None:
    """Check that nothing of the user's own is lost.

    Raises:
        PackError: There is a file, or a folder that is not an environment of ours.
    """
    if not os.path.lexists(output) or (output / manifest.PATH).is_file():
        return
    if not output.is_dir() or any(output.iterdir()):
        raise PackError(
            f"{output} exists and is not an environment made by python_package_create",
            "choose another name, or remove it first",
        )


def fill(tree: Tree, folder: Path, task: Task) -> None:
    """Write a tree into an empty folder.

    Folders get fixed modes and times, so that nothing depends on the umask or the time.
    """
    made: set[Path] = set()
    for entry in tree.entries:
        path = folder / entry.target
        made.update(_missing_parents(path, made, folder))
        path.parent.mkdir(parents=True, exist_ok=True)
        if _write(entry, path, task):
            made.add(path)
    for one in made:
        normalize_metadata(one)


def normalize_metadata(folder: Path) -> None:
    """Set a folder's mode and time."""
    folder.chmod(0o755)
    os.utime(folder, (tar_stream.EPOCH, tar_stream.EPOCH))


def _missing_parents(path: Path, made: set[Path], top: Path) -> Iterator[Path]:
    for parent in path.parents:
        if parent in made or parent == top:
            return
        yield parent


def _write(entry: Entry, path: Path, task: Task) -> bool:
    """Write one entry; return whether it is a folder."""
    info = tar_stream.tar_info(entry)
    if info.isdir():
        path.mkdir(exist_ok=True)
        return True
    if info.issym():
        path.symlink_to(info.linkname)
    else:
        with path.open("xb") as file:
            for block in tar_stream.content(entry, info.size):
                file.write(block)
                task.advance(len(block))
        path.chmod(info.mode)
    os.utime(path, (info.mtime, info.mtime), follow_symlinks=False)
    return False
