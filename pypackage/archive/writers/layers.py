"""Write a layers folder: the manifest, and each part as a file named by its digest.

Several environments can share the parts in one folder; existing parts are not written again.
Nothing in it is ever changed: the manifest, written last, completes an environment.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from pypackage.archive import parts
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made
from pypackage.archive.writers import parted
from pypackage.core import files
from pypackage.core.errors import InputPathError, PackError
from pypackage.core.progress import Reporter


def write(contents: Contents, output: Path, reporter: Reporter, how: Compression) -> None:
    """Write an environment into a layers folder; an existing manifest is replaced at the end.

    Args:
        output: The folder; or, if it has several environments, the manifest in it.

    Raises:
        OSError: A file cannot be read, or a part cannot be written.
    """
    parted.write(contents, Layers(output), reporter, how)


def manifest_of(output: Path) -> Path:
    """The path of the manifest, given the folder or the manifest itself."""
    return output if output.name.endswith(".json") else output / parts.MANIFEST


def check_replaceable(output: Path) -> None:
    """Check that nothing of the user's own is lost or mixed with parts.

    Raises:
        PackError: There is a file that is not a manifest, or a folder with other files.
    """
    place = manifest_of(output)
    try:
        if place.exists():
            parts.read(place)
        elif place.parent == output and not _is_free(output):
            raise PackError(f"{output} exists and is not a layers folder", _ANOTHER)
    except InputPathError as error:
        raise PackError(
            f"{place} exists and is not the manifest of an environment", _ANOTHER
        ) from error
    except OSError as error:
        raise PackError.of(error, f"cannot write {output}") from error


def _is_free(folder: Path) -> bool:
    """Whether the folder does not exist yet, is empty, or contains parts."""
    if not folder.is_dir():
        return not folder.exists()
    return (folder / parts.FOLDER).is_dir() or not any(folder.iterdir())


_ANOTHER = "choose another name, or remove it first"


class Layers:
    """A layers folder as the destination of parts."""

    def __init__(self, output: Path) -> None:
        self._manifest = manifest_of(output)
        self._folder = self._manifest.parent / parts.FOLDER

    def start(self, _length: int) -> None:
        """Create the folder; the first member gets no file: it can be made from the manifest."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def has(self, length: int, digest: str) -> bool:
        """Whether a part exists in its full length."""
        return parts.is_whole(self._part(digest), length)

    def add(self, made: Made) -> None:
        """Write a part, unless it exists.

        Raises:
            OSError: It cannot be written, or was removed after it was seen.
        """
        if self.has(made.length, made.sha256):
            made.close()
            return
        if not made.is_at_hand:
            raise FileNotFoundError(
                errno.ENOENT, "a part was removed", os.fspath(self._part(made.sha256))
            )
        with files.new_file(self._part(made.sha256)) as file:
            made.write(file)

    def copy(self, added: Sequence[Member], file: BinaryIO) -> None:
        """Write parts one after the other to another file."""
        for one in added:
            with self._part(one.sha256).open("rb") as source:
                files.copy(source, 0, one.length, file)

    def finish(self, _environment_id: str, text: bytes) -> None:
        """Write the manifest."""
        files.write_new(self._manifest, text)

    def _part(self, digest: str) -> Path:
        return self._folder / parts.file_name(digest)
