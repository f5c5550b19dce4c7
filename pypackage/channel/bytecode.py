"""Byte code, made once by the interpreter that will run it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from pypackage import process
from pypackage.channel.items import Item
from pypackage.errors import ProcessError, SolveError

_CHUNK_BYTES = 2_000_000
_SOME_FAILED = 1  # compileall's exit status when a file has another syntax


@dataclass(frozen=True)
class Compiler:
    """Compiles with one interpreter, several files at a time.

    Attributes:
        python: The interpreter.
        workers: Runs the chunks.
    """

    python: Path
    workers: Executor

    def compile(self, items: Iterable[Item], scratch: Path) -> list[Item]:
        """The byte code of the modules among some items; what does not compile has none.

        The chunks depend on the files alone, and each is compiled in one process in sorted
        order with a fixed hash seed: so the byte code comes out the same each time.

        Args:
            items: Those with a placeholder are left out, for byte code cannot be rewritten,
                and test suites, which are half the work and hardly ever imported.
            scratch: A folder that lives until the returned items have been read.
        """
        modules = [i for i in items if i.path.endswith(".py") and _is_module(i)]
        tree = scratch / "bytecode"
        for item in modules:
            _expose(item, tree / item.path)
        chunks = _chunks(sorted(modules, key=lambda item: item.path), tree)
        for done in [self.workers.submit(self._run, tree, chunk) for chunk in chunks]:
            done.result()
        return [
            Item(path.relative_to(tree).as_posix(), source=path)
            for path in sorted(tree.rglob("__pycache__/*.pyc"))
        ]

    def _run(self, tree: Path, chunk: Sequence[Path]) -> None:
        # No -E and no -I: they would disregard the hash seed.
        options = ["-q", "-q", "-i", "-", "--invalidation-mode", "unchecked-hash", "-s", str(tree)]
        environment = {"PYTHONHASHSEED": "0"}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        command = [str(self.python), "-s", "-S", "-m", "compileall", *options]
        listing = "".join(f"{path}\n" for path in chunk).encode()
        try:
            process.run(command, cwd=tree, env=environment, stdin=listing)
        except ProcessError as error:
            if error.returncode != _SOME_FAILED:
                raise SolveError("cannot compile to byte code", str(error)) from error


def _is_module(item: Item) -> bool:
    """Whether a `.py` file is imported from a fixed place; test suites hardly ever are."""
    if item.placeholder or "\n" in item.path or re.search("/tests?/", item.path):
        return False
    return item.path.startswith("lib")


def _expose(item: Item, place: Path) -> None:
    """Let a module be seen at a place that tells only where it will be in the prefix."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if item.source:
        place.symlink_to(item.source)
    else:
        place.write_bytes(item.content or b"")


def _chunks(modules: Sequence[Item], tree: Path) -> list[list[Path]]:
    """The places of the modules, in portions of about `_CHUNK_BYTES`."""
    chunks: list[list[Path]] = []
    room = 0
    for item in modules:
        place = tree / item.path
        size = place.stat().st_size
        if size > room or not chunks:
            chunks.append([])
            room = _CHUNK_BYTES
        chunks[-1].append(place)
        room -= size
    return chunks
