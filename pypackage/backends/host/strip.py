"""Strip debug information, which is larger than the code in locally built interpreters."""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pypackage.backends.host.files import PackageFile
from pypackage.core import process
from pypackage.core.elf_dynamic import MAGIC
from pypackage.core.errors import ProcessError


def is_possible() -> bool:
    """Whether `strip` (binutils) is installed."""
    return shutil.which("strip") is not None


def without_debug(items: Iterable[PackageFile], scratch: Path) -> list[PackageFile]:
    """Replace files that have debug information by copies without it, if `strip` is installed.

    The symbols stay, so that debuggers and profilers can name functions. This precedes the
    change of run paths: patchelf moves sections, which not every strip can handle.

    Args:
        scratch: A folder that exists until the returned items have been read.

    Raises:
        OSError: A file cannot be read or copied.
    """
    found = list(items)
    if not is_possible():
        return found
    copies: dict[int, Path] = {}
    for number, item in enumerate(found):
        if item.source and _has_debug(item.source):
            copies[number] = scratch / f"strip-{number}"
            shutil.copyfile(item.source, copies[number])
            copies[number].chmod(0o644 | item.source.stat().st_mode & 0o111)
    if copies:
        with suppress(ProcessError):  # a file that strip does not know stays as it is
            process.run(["strip", "--strip-debug", *copies.values()])
    return [
        replace(item, source=copies[number]) if number in copies else item
        for number, item in enumerate(found)
    ]


def _has_debug(path: Path) -> bool:
    """Whether a file is ELF with sections of debug information (DWARF)."""
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b".debug_info") >= 0
