"""Write a thin archive: the manifest of an environment, and only the parts that others lack.

It is for those who already have an older environment: the common parts are not sent again.
Everything in it is the same as in the whole archive, including the id.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import head
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made
from pypackage.archive.writers import parted
from pypackage.core import files
from pypackage.core.progress import Reporter


def write(
    contents: Contents,
    output: Path,
    reporter: Reporter,
    how: Compression,
    since: Collection[str],
) -> None:
    """Write a thin archive; an existing one is replaced at the end.

    Args:
        since: The digests of the parts that can be left out.

    Raises:
        OSError: A file cannot be read, or the archive cannot be written.
    """
    with files.new_file(output) as file, spill(output) as temporary:
        parted.write(contents, Thin(file, temporary, since), reporter, how)


def spill(output: Path) -> BinaryIO:
    """A temporary file without a name, on the file system of the output."""
    return tempfile.TemporaryFile(dir=output.absolute().parent)


class Thin:
    """A thin archive as the destination of parts.

    Parts are first written to a temporary file: the list of them precedes them, and its length is
    only known at the end.
    """

    def __init__(self, file: BinaryIO, aside: BinaryIO, since: Collection[str]) -> None:
        self._file = file
        self._aside = aside
        self._since = since
        self._places: dict[str, Member] = {}

    def start(self, _length: int) -> None:
        """Do nothing: no space need be left."""

    def has(self, _length: int, digest: str) -> bool:
        """Whether a part can be left out."""
        return digest in self._since

    def add(self, made: Made) -> None:
        """Store a part in the temporary file, even if it turns out not to be needed."""
        if made.is_at_hand and made.sha256 not in self._places:
            self._places[made.sha256] = Member(self._aside.tell(), made.length, made.sha256)
            made.write(self._aside)

    def copy(self, added: Sequence[Member], file: BinaryIO) -> None:
        """Write parts one after the other to another file.

        Raises:
            OSError: A part was not handed over, as it can be left out.
        """
        for one in added:
            if one.sha256 not in self._places:
                raise OSError(errno.ENOENT, "the part is missing")
            files.copy(self._aside, self._places[one.sha256].offset, one.length, file)
        self._aside.seek(0, 2)

    def finish(self, environment_id: str, text: bytes) -> None:
        """Write the manifest, the list of parts, and the parts that others lack."""
        chosen = [one for one in self._places.values() if one.sha256 not in self._since]
        held, start = [], 0
        for one in chosen:
            held.append(Member(start, one.length, one.sha256))
            start += one.length
        self._file.write(head.thin(environment_id, text, held))
        self._aside.flush()
        for one in chosen:
            files.copy(self._aside, one.offset, one.length, self._file)
