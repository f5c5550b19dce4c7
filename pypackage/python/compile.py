"""Compile modules to byte code with the interpreter that will run them."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from pypackage.core import process
from pypackage.python import _compile

_CHUNK_BYTES = 2_000_000  # of sources that one process compiles


@dataclass(frozen=True)
class Module:
    """A module to be compiled.

    Attributes:
        target: Its path relative to the prefix.
        path: Its current path; not read if `content` is given.
        content: Its source, if it differs from the file.
        formers: Paths of byte code that its package's builder made, by target.
        installed: Whether byte code that an installer made beside it is used.
    """

    target: str
    path: Path = Path()
    content: bytes | None = None
    formers: Mapping[str, Path] = field(default_factory=dict)
    installed: bool = False


# The content of a pyc file; True if the former one can be used; None if compiling failed.
ByteCode = bytes | bool | None


@dataclass(frozen=True)
class Compiler:
    """Compiles with one interpreter, in several processes at a time.

    Attributes:
        python: The interpreter, 3.7 or later.
        workers: Runs the chunks.
    """

    python: Path
    workers: Executor

    def compile(self, modules: Sequence[Module]) -> dict[str, ByteCode]:
        """Return the byte code of modules, by the targets of the pyc files.

        It has a hash of the source that is never checked, so that neither time stamps nor
        a read-only folder make it stale. It is reproducible, whether or not an installer had
        compiled a module.

        Raises:
            ProcessError: The interpreter cannot be run.
        """
        chunks = _chunks(sorted(modules, key=lambda module: module.target))
        found: dict[str, ByteCode] = {}
        for answer in [self.workers.submit(self._run, chunk) for chunk in chunks]:
            found.update(answer.result())
        return found

    def _run(self, chunk: Sequence[Module]) -> dict[str, ByteCode]:
        # Without -E and -I, which would disable the hash seed.
        environment = {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        command = [str(self.python), "-s", "-S", "-B", _compile.__file__]
        question = marshal.dumps([_row(module) for module in chunk], 2)
        answer: dict[str, ByteCode] = marshal.loads(
            process.run(command, env=environment, stdin=question)
        )
        return answer


def _row(module: Module) -> list[object]:
    formers = {target: os.fspath(path) for target, path in module.formers.items()}
    return [module.target, os.fspath(module.path), module.content, formers, module.installed]


def _chunks(modules: Sequence[Module]) -> Iterator[list[Module]]:
    """Split modules into chunks of about `_CHUNK_BYTES`."""
    chunk: list[Module] = []
    room = _CHUNK_BYTES
    for module in modules:
        size = _size(module)
        if chunk and size > room:
            yield chunk
            chunk, room = [], _CHUNK_BYTES
        chunk.append(module)
        room -= size
    if chunk:
        yield chunk


def _size(module: Module) -> int:
    """Return the bytes to compile; if byte code exists, a size of equivalent cost to read it."""
    if module.content is not None:
        return len(module.content)
    try:
        size = module.path.stat().st_size
    except OSError:
        return 0
    is_made = module.formers or (module.installed and (module.path.parent / "__pycache__").is_dir())
    return size // 5 if is_made else size
