"""Relocate contents at packing time, for targets with a fixed prefix.

In OS packages and container images the environment has a fixed place: there is no worker to
rewrite files, and files of the system's package manager must not be changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path, PurePosixPath

from pypackage.archive import bytecode, relocate, relocate_sh, tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Relocation
from pypackage.core import elf, elf_dynamic, files
from pypackage.core.errors import PackError, SolveError, UsageError
from pypackage.core.progress import SILENT
from pypackage.core.store import Store
from pypackage.prefix import datasets

_HOOKS = "etc/conda/activate.d/"
_OLDEST = 946_684_800  # the year 2000: lintian reports older files
_PREPARED = "etc/pypackage/prepared"  # tells the runner that relocation is done
# Scripts that would relocate the files, as conda-pack does.
_USELESS = ("bin/conda-unpack", "bin/conda_unpack_progress.py", relocate_sh.PATH)


def settle(
    contents: Contents, place: PurePosixPath, prefix: Path, cache: Path, workers: int
) -> Contents:
    """Rewrite all files for their fixed place.

    Programs also get run paths with absolute entries for their libraries: `$ORIGIN` needs /proc,
    which may be missing in a chroot where packages are installed.

    Args:
        place: The environment's folder on the target machines.
        prefix: The environment here, whose interpreter compiles the rewritten modules.
        cache: The cache folder.
        workers: The number of processes that compile.

    Raises:
        PackError: A file has no space for the place, or cannot be read.
    """
    try:
        return _settled(contents, place, prefix, cache, workers)
    except OSError as error:
        raise PackError.of(error, "cannot read the environment") from error
    except SolveError as error:  # from patchelf
        raise PackError(error.message, error.hint) from error


def _settled(
    contents: Contents, place: PurePosixPath, prefix: Path, cache: Path, workers: int
) -> Contents:
    listed = {one.path: one for one in contents.relocations}
    kept = [entry for entry in contents.entries if entry.target not in _USELESS]
    settled = [
        _rewritten(entry, listed[entry.target], place) if entry.target in listed else entry
        for entry in kept
    ]
    settled = list(_with_run_paths(settled, place, cache / "programs"))
    settled.append(Entry(_PREPARED, None, os.fsencode(f"{place}\n"), mode=0o644))
    result = replace(contents, entries=tuple(settled), relocations=())
    return _with_byte_code(result, listed, prefix, Store(cache / "bytecode"), workers)


def _rewritten(entry: Entry, how: Relocation, place: PurePosixPath) -> Entry:
    content = _content(entry)
    placeholder, new = how.placeholder.encode(), os.fsencode(place)
    pieces = relocate.pieces_of(content, how.mode, placeholder)
    if how.mode == "binary" and pieces and len(new) > len(placeholder):
        raise PackError(
            f"the application cannot be in {place}: {entry.target} has room for a prefix of "
            f"{len(placeholder)} bytes, and this one has {len(new)}",
            "choose a shorter --install-root or --app",
        )
    original = relocate.Original(entry.target, how.mode, placeholder, pieces)
    return replace(entry, data=relocate.content_for(original, new, content), pristine=False)


def _content(entry: Entry) -> bytes:
    return entry.data if entry.data is not None else Path(entry.source or "").read_bytes()


def _with_run_paths(entries: list[Entry], place: PurePosixPath, scratch: Path) -> Iterator[Entry]:
    with files.temporary_folder(scratch) as folder:
        for entry in entries:
            yield _absolute(entry, place, folder) if _is_program(entry) else entry


def _is_program(entry: Entry) -> bool:
    """Whether an entry may be an ELF program that is started by name."""
    if not entry.target.startswith("bin/") or entry.link or not entry.source:
        return False
    return os.path.isfile(entry.source) and not os.path.islink(entry.source)


def _absolute(entry: Entry, place: PurePosixPath, folder: Path) -> Entry:
    """A program with absolute entries added to the relative ones in its run path."""
    copy = folder / "program"
    content = _content(entry)
    if not content.startswith(elf_dynamic.MAGIC):
        return entry
    copy.write_bytes(content)
    found = elf.read(copy)
    if found is None or found.soname:
        return entry
    origin = str(place / PurePosixPath(entry.target).parent)
    absolute = [elf.expand(part, origin) for part in found.run_path if "ORIGIN" in part]
    wanted = tuple(dict.fromkeys([*found.run_path, *absolute]))
    if wanted == found.run_path:
        return entry
    elf.set_run_path([copy], ":".join(wanted))
    mode = os.stat(entry.source or "").st_mode
    return Entry(
        entry.target, None, copy.read_bytes(), "", entry.package, 0o755 if mode & 0o111 else 0o644
    )


def _with_byte_code(
    contents: Contents,
    listed: Mapping[str, Relocation],
    prefix: Path,
    store: Store,
    workers: int,
) -> Contents:
    """Add byte code for the rewritten modules, which do not change any more."""
    modules = [one for one in contents.entries if one.target in listed]
    only = replace(contents, entries=tuple(modules))
    compiled = bytecode.complete(only, prefix, store, workers, SILENT).entries
    made = [entry for entry in compiled if entry.target not in listed]
    entries = sorted([*contents.entries, *made], key=attrgetter("target"))
    return replace(contents, entries=tuple(entries))


def is_activated(contents: Contents) -> bool:
    """Whether programs need the environment activated: it has activation scripts, or data."""
    return any(
        one.target == datasets.VARIABLES
        or (one.target.startswith(_HOOKS) and one.target.endswith(".sh"))
        for one in contents.entries
    )


def epoch(contents: Contents, environ: Mapping[str, str] = os.environ) -> int:
    """The time given by SOURCE_DATE_EPOCH, else that of the packages' newest file.

    Raises:
        UsageError: The variable is not a number of seconds.
    """
    given = environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not re.fullmatch("[0-9]{1,11}", given):  # of the years that dates can have
            raise UsageError(f"SOURCE_DATE_EPOCH: {given!r} is not a number of seconds")
        return int(given)
    newest = (tar_stream.tar_info(entry).mtime for entry in contents.entries if entry.pristine)
    return int(max(_OLDEST, *newest, _OLDEST))
