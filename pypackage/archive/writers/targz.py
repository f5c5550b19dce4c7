"""Write the archive: a plain `.tar.gz` whose gzip stream has a member for each part.

The first member only contains the manifest, and its header has the environment's id in its comment
field (RFC 1952), where sh finds it without unpacking anything. `tar xzf` reads all members as one
stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import compression, head
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made
from pypackage.archive.writers import parted
from pypackage.core import files
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter


def write(
    contents: Contents, output: Path, reporter: Reporter, how: Compression = compression.DEFAULT
) -> None:
    """Write an environment's archive; an existing one is replaced at the end.

    Raises:
        PackError: A file cannot be read, or the archive cannot be written (a full disk, say).
    """
    with PackError.wrapping(f"cannot write {output}"), files.new_file(output) as file:
        parted.write(contents, Archive(file), reporter, how)


class Archive:
    """A whole archive as the destination of its parts."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def start(self, length: int) -> None:
        """Leave space for the first member, which is written last."""
        self._file.seek(length)

    def has(self, _length: int, _digest: str) -> bool:
        """False: the archive is new and empty."""
        return False

    def add(self, made: Made) -> None:
        """Append a part."""
        made.write(self._file)

    def copy(self, added: Sequence[Member], file: BinaryIO) -> None:
        """Write parts, which are consecutive here, to another file."""
        self._file.flush()
        with open(self._file.name, "rb") as source:
            files.copy(source, added[0].offset, sum(one.length for one in added), file)

    def finish(self, environment_id: str, text: bytes) -> None:
        """Write the first member."""
        self._file.seek(0)
        self._file.write(head.whole(environment_id, text))
