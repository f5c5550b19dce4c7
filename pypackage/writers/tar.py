"""A tar file, plain or compressed by zstd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pypackage import files, manifest, tarring, zstandard
from pypackage.compression import Compression
from pypackage.progress import Step
from pypackage.writers.trees import Tree

# Between size and time: smaller than gzip's best, in less time than its fastest.
LEVEL = 6

# Of a frame that readers of zstd skip (RFC 8878, 3.1.2).
_SKIPPABLE = bytes.fromhex("502a4d18")


def write(tree: Tree, output: Path, step: Step, _how: Compression) -> None:
    """Write a plain tar file."""
    with files.new_file(output) as file:
        _stream(tree, file, step)


def write_zst(tree: Tree, output: Path, step: Step, how: Compression) -> None:
    """Write a tar file compressed by zstd, after a frame that tells the environment's id."""
    line = f"\npypackage-archive {manifest.FORMAT} {tree.environment_id}\n".encode()
    with files.new_file(output) as file:
        file.write(_SKIPPABLE + len(line).to_bytes(4, "little") + line)
        with zstandard.compressing(file, how.level or LEVEL, how.workers) as stream:
            _stream(tree, stream, step)


def _stream(tree: Tree, file: BinaryIO, step: Step) -> None:
    for block in _blocks(tree):
        file.write(block)
        step.advance(len(block))


def _blocks(tree: Tree) -> Iterator[bytes]:
    for entry in tree.entries:
        yield from tarring.blocks(entry)
    yield tarring.END
