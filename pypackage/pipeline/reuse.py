"""Reuse an archive that was made earlier from the same inputs.

The cache key covers the lock, the content of own code, data by its digest, the options, and the
code of this package itself. Inputs without a content digest (branches, plain URLs) disable reuse.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from pypackage.core import files, fingerprint
from pypackage.core.store import Store
from pypackage.pipeline.plan import Plan
from pypackage.pipeline.target import Output
from pypackage.prefix import own_code
from pypackage.requirements.data_sources import Git, Source

_CODE = Path(__file__).parents[1]


def key(plan: Plan, output: Output) -> str:
    """The archive's cache key, a digest of all that its bytes depend on; empty for no reuse."""
    packages = plan.packages.digest
    known = all(_is_fixed(source) for source in plan.content.data)
    looked_into = plan.options.report or plan.options.sbom
    if not packages or not known or looked_into or not output.is_kept:
        return ""
    try:
        return _digest(packages, plan, output)
    except OSError:  # reported where the file is used
        return ""


def _digest(packages: str, plan: Plan, output: Output) -> str:
    needed, options = plan.requirements, plan.options
    told = [
        packages,
        sorted((*needed.modules, *needed.submodules, *needed.standard)),
        sorted(needed.optional),
        sorted(needed.variables.items()),
        [list(source) for source in plan.content.data],
        [fingerprint.of_file(built.wheel) for built in plan.content.built],
        own_code.identity(plan.content.own.copies),
        output.identity(),
        [options.compress_level, options.slim, options.verify],
        [[rule.pattern, rule.keep] for rule in options.selection],
        fingerprint.of_folder(_CODE),
    ]
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def take(kept: Store, name: str, archive: Path) -> bytes | None:
    """Copy a cached archive into place, unless it is still there unchanged.

    Args:
        kept: The store of archives and their locks.
        archive: Where the archive is to be.

    Returns:
        Its lock; None if no such archive is cached, or it was modified.

    Raises:
        OSError: It cannot be written.
    """
    noted, former = kept.open(f"{name}.lock"), _opened(kept.root / name)
    if noted is None or former is None:
        return None
    with noted, former:
        before, handed_out, text = noted.readline(), noted.readline(), noted.read()
        if before != _line(os.fstat(former.fileno())):
            return None
        if handed_out == state(archive):
            os.utime(archive)
            handed_out = state(archive)
        else:
            with files.new_file(archive) as file:
                files.copy(former, 0, os.fstat(former.fileno()).st_size, file)
                handed_out = _line(os.fstat(file.fileno()))
            if os.fstat(former.fileno()).st_mode & 0o100:
                archive.chmod(archive.stat().st_mode | 0o111)
        with suppress(OSError):  # a read-only cache can be used as well
            os.utime(former.fileno())
            _note(kept, name, handed_out, text)
        return text


def keep(kept: Store, name: str, archive: Path, written: bytes, text: bytes) -> None:
    """Add an archive and its lock to the cache; if there is no space for it, nothing happens.

    The cached archive is a copy, not a hard link: gzip and other tools refuse files with several
    links, and changes by the user must not get into the cache. Copies share blocks on file systems
    that support it.

    Args:
        kept: The store of archives and their locks.
        written: The archive's state when written; another process may have replaced it since.
        text: Its lock.
    """
    part = files.part_of(kept.root / name)
    with suppress(OSError), archive.open("rb") as source:
        if _line(os.fstat(source.fileno())) != written:
            return
        kept.root.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as copy:
                files.copy(source, 0, os.fstat(source.fileno()).st_size, copy)
            shutil.copymode(archive, part)
            part.replace(kept.root / name)
        finally:
            part.unlink(missing_ok=True)
        _note(kept, name, written, text)


def state(path: Path) -> bytes:
    """A file's stat fingerprint as a line: device, inode, size, mtime; empty if it is missing."""
    try:
        return _line(path.stat())
    except OSError:
        return b""


def _line(status: os.stat_result) -> bytes:
    number, size, time = status.st_ino, status.st_size, status.st_mtime_ns
    return f"{status.st_dev} {number} {size} {time}\n".encode()


def _note(kept: Store, name: str, handed_out: bytes, text: bytes) -> None:
    """Write the lock, after the fingerprints of the cached and the last handed-out archive."""
    with kept.new(f"{name}.lock") as file:  # written last: without it the archive is not found
        file.write(state(kept.root / name) + handed_out + text)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _is_fixed(source: Source) -> bool:
    """Whether a source always has the same content."""
    if isinstance(source, Git):
        return bool(re.fullmatch("[0-9a-f]{40}", source.ref))
    return bool(source.sha256)
