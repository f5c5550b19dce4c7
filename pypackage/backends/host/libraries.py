"""Include shared libraries that a bare machine lacks, found by relative run paths."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pypackage.backends.host import strip
from pypackage.backends.host.files import PackageFile
from pypackage.backends.host.privacy import PathScrubber
from pypackage.core import elf
from pypackage.core.elf import Elf, Libraries, Version

# manylinux guarantees these, so wheels do not include them, but a machine that has only
# glibc lacks them. The interpreter's package includes them for all.
BARE = ("libz.so.1", "libexpat.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libatomic.so.1")

# An interpreter that needs a newer glibc than this was not built to be portable: libraries of
# this machine hardly restrict it further.
_PORTABLE: Version = (2, 28)


@dataclass(frozen=True)
class Rules:
    """How the ELF files of a package are treated.

    Attributes:
        folder: The folder in the prefix for added libraries.
        machine: As `uname -m` prints it.
        roots: Folders of this machine with their counterparts in the prefix, to translate
            absolute run paths.
        others: Folders whose libraries come with other packages.
        whole: The start of the names of files for which the display's libraries are
            added too; empty for none.
        bare: Add the libraries of `BARE` and leave out debug information, for the interpreter's
            package.
    """

    folder: str
    machine: str
    roots: tuple[tuple[Path, str], ...]
    others: tuple[Path, ...] = ()
    bare: bool = False
    whole: str = ""

    def is_whole(self, path: str) -> bool:
        """Whether all libraries that a file needs are added, except for glibc and drivers."""
        return bool(self.whole) and posixpath.basename(path).startswith(self.whole)


@dataclass
class _Plan:
    """A package's own ELF files and the libraries to add."""

    own: dict[str, Elf]
    carried: dict[str, Elf] = field(default_factory=dict)

    @cached_property
    def names(self) -> frozenset[str]:
        """The libraries that the package has itself, by file name and by soname."""
        files = (posixpath.basename(path) for path in self.own)
        return frozenset((*files, *(found.soname for found in self.own.values())))

    @property
    def glibc(self) -> Version:
        return max((e.glibc for e in (*self.own.values(), *self.carried.values())), default=(0, 0))


@dataclass(frozen=True)
class Outcome:
    """A package's files with the added libraries.

    Attributes:
        items: All files, with the added libraries.
        glibc: The lowest glibc that they need; (0, 0) if there is no ELF file.
        carried: The sources of the added libraries.
    """

    items: tuple[PackageFile, ...]
    glibc: Version
    carried: tuple[Path, ...]


def graft_libraries(
    items: Iterable[PackageFile],
    rules: Rules,
    found: Libraries,
    scrubber: PathScrubber,
    scratch: Path,
) -> Outcome:
    """Add the libraries that a package needs and make its run paths relative.

    Args:
        items: The package's files; those that must be changed are copied first.
        scratch: A folder that exists until the returned items have been read.

    Raises:
        SolveError: A run path cannot be changed.
        OSError: A file cannot be read.
    """
    items = list(items)
    sources = [(i.path, i.source) for i in items if i.source]
    plan = _Plan({path: e for path, source in sources if (e := found.read(source))})
    for path, user in plan.own.items():
        if rules.is_whole(path):
            _carry(user, plan, rules, found, leave=(), display=True)
        else:
            _carry(user, plan, rules, found, leave=elf.manylinux_allowlist(rules.machine))
    if rules.bare:
        _carry_bare(plan, rules, found)
    added = [
        PackageFile(posixpath.join(rules.folder, n), source=e.path) for n, e in plan.carried.items()
    ]
    files = {**plan.own, **{i.path: plan.carried[posixpath.basename(i.path)] for i in added}}
    packed = [*items, *added]
    if rules.bare:
        packed = strip.without_debug(packed, scratch)
    hidden = [scrubber.hide(item) for item in packed]
    changed = _with_run_paths(hidden, files, plan, rules, scratch)
    return Outcome(tuple(changed), plan.glibc, tuple(e.path for e in plan.carried.values()))


def _carry(
    user: Elf,
    plan: _Plan,
    rules: Rules,
    found: Libraries,
    leave: Iterable[str],
    *,
    display: bool = False,
) -> None:
    """Add the libraries that a file needs, and their dependencies, except `leave`."""
    waiting = [(soname, user) for soname in user.needed]
    while waiting:
        soname, asking = waiting.pop()
        if soname in plan.names or soname in plan.carried or soname in leave:
            continue
        if elf.is_host_library(soname, display=display) or soname.startswith("libpython"):
            continue
        library = found.find(soname, asking)
        if library and not any(library.path.is_relative_to(other) for other in rules.others):
            plan.carried[soname] = library
            waiting += [(needed, library) for needed in library.needed]


def _carry_bare(plan: _Plan, rules: Rules, found: Libraries) -> None:
    """Add what manylinux guarantees, unless that makes a portable interpreter less portable."""
    limit = plan.glibc
    users = list(plan.own.values())
    for soname in BARE if users else ():
        library = found.find(soname, users[0])
        attempt = _Plan(plan.own, dict(plan.carried))
        if library:
            _carry(replace(library, needed=(soname,)), attempt, rules, found, leave=())
        if library and (attempt.glibc <= limit or limit > _PORTABLE):
            plan.carried = attempt.carried


def _with_run_paths(
    items: list[PackageFile], files: dict[str, Elf], plan: _Plan, rules: Rules, scratch: Path
) -> list[PackageFile]:
    """Replace the files whose run path must change by changed copies."""
    groups: dict[str, list[Path]] = {}
    result = []
    for number, item in enumerate(items):
        found = files.get(item.path)
        run_path = _run_path(item.path, found, plan, rules) if found else None
        if run_path is not None:
            item = _copy(item, scratch / f"elf-{number}")
            assert item.source is not None  # it is the copy
            groups.setdefault(run_path, []).append(item.source)
        result.append(item)
    for run_path, paths in sorted(groups.items()):
        elf.set_run_path(paths, run_path)
    return result


def _run_path(path: str, found: Elf, plan: _Plan, rules: Rules) -> str | None:
    """Return the run path that a file needs; None if it can stay as it is."""
    folder = posixpath.dirname(path)
    entries = [_relative(entry, folder, rules.roots) for entry in found.run_path]
    kept = [entry for entry in entries if entry]
    runs = rules.bare and not found.soname and path.startswith("bin/")
    to_carried = f"$ORIGIN/{posixpath.relpath(rules.folder, folder or '.')}".removesuffix("/.")
    if runs:
        kept.append("$ORIGIN/../lib")  # where libpython is
    if runs or any(soname in plan.carried for soname in found.needed):
        kept.append(to_carried)
    wanted = tuple(dict.fromkeys(kept))
    shut_out = found.is_runpath and (runs or any(soname in BARE for soname in found.needed))
    same = wanted == found.run_path or (not wanted and not _is_ours(found.run_path))
    return None if same and not shut_out else ":".join(wanted)


def _relative(entry: str, folder: str, roots: tuple[tuple[Path, str], ...]) -> str:
    """Make a run path's entry relative to the file; empty if it is outside the package."""
    if entry.startswith(("$ORIGIN", "${ORIGIN}")):
        return entry
    for root, place in roots:
        inner = os.path.relpath(os.path.normpath(entry), root)
        if os.path.isabs(entry) and not inner.startswith(".."):
            target = posixpath.normpath(posixpath.join(place, inner))
            return f"$ORIGIN/{posixpath.relpath(target, folder or '.')}".removesuffix("/.")
    return ""


def _is_ours(run_path: Iterable[str]) -> bool:
    """Whether a run path has a folder of this machine; a wheel's entries may not exist."""
    return any(os.path.isdir(entry) for entry in run_path)


def _copy(item: PackageFile, place: Path) -> PackageFile:
    """Copy an item to a file that may be changed."""
    content = item.source.read_bytes() if item.source else item.content or b""
    mode = item.source.stat().st_mode & 0o111 if item.source else 0o111 * item.executable
    place.write_bytes(content)
    place.chmod(0o644 | mode)
    return replace(item, source=place, content=None)
