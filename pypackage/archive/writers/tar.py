"""Write a tar file, plain or compressed with zstd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import manifest, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.writers.tree import Tree
from pypackage.core import files, zstd
from pypackage.core.progress import Task

# A compromise: smaller than gzip's best, in less time than its fastest.
LEVEL = 6

# The magic number of a skippable frame (RFC 8878, 3.1.2).
_SKIPPABLE = bytes.fromhex("502a4d18")


def write(tree: Tree, output: Path, task: Task, _how: Compression) -> None:
    """Write a plain tar file."""
    with files.new_file(output) as file:
        _stream(tree, file, task)


def write_zst(tree: Tree, output: Path, task: Task, how: Compression) -> None:
    """Write a tar file compressed by zstd, after a frame with the environment's id."""
    line = f"\npypackage-archive {manifest.FORMAT} {tree.environment_id}\n".encode()
    with files.new_file(output) as file:
        file.write(_SKIPPABLE + len(line).to_bytes(4, "little") + line)
        with zstd.compressing(file, how.level or LEVEL, how.workers) as stream:
            _stream(tree, stream, task)


def _stream(tree: Tree, file: BinaryIO, task: Task) -> None:
    for block in _blocks(tree):
        file.write(block)
        task.advance(len(block))


def _blocks(tree: Tree) -> Iterator[bytes]:
    for entry in tree.entries:
        yield from tar_stream.tar_blocks(entry)
    yield tar_stream.END
