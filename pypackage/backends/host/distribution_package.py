"""Collect the files of a distribution's package, and their paths in a prefix."""

from __future__ import annotations

import errno
import os
import posixpath
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pypackage.backends.host.files import HashedFile, PackageFile
from pypackage.backends.host.privacy import homes, private
from pypackage.core import fingerprint
from pypackage.core.errors import SolveError
from pypackage.python import dist_info, launcher
from pypackage.python.distributions import Distribution, File
from pypackage.python.metadata import direct_url

# What installers note about where a distribution came from or was installed.
_NOTES = re.compile(r"[^/]+\.dist-info/(INSTALLER|REQUESTED|RECORD|RECORD\.jws|direct_url\.json)")

_LAUNCHED = ("console_scripts", "gui_scripts")  # the groups of entry points that have launchers


def origin(distribution: Distribution) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folder of the local project that a distribution was built from, and the home.

    Compilers write both into their output. Both are empty for a distribution from an index.
    """
    url = _local_url(distribution)
    return (private((unquote(urlsplit(url).path),)), homes()) if url else ((), ())


def _local_url(distribution: Distribution) -> str:
    """Return the `file:` URL that a distribution was installed from; empty for all others."""
    url = str(direct_url(str(distribution.info)).get("url", ""))
    return url if url.startswith("file:") else ""


def prefix_of(distribution: Distribution) -> Path | None:
    """Return the prefix a distribution is installed in; None for a mere folder of modules."""
    root = distribution.root
    if root.name in ("site-packages", "dist-packages") and len(root.parts) > 3:
        return root.parents[2]  # lib/python3.11/site-packages
    return None


def states(distribution: Distribution) -> list[list[object]]:
    """Return what identifies the content of a distribution's files in a cache key, for JSON.

    Digests if the distribution was built on this machine or RECORD does not list them; else
    RECORD's digest with sizes and times, which show edits since.

    Raises:
        SolveError: A file is missing or cannot be read, or the metadata does not list the files.
    """
    found: list[list[object]] = []
    by_content = _is_own(distribution)
    launchers = {point.name for point in distribution.entry_points if point.group in _LAUNCHED}
    for file in distribution.files:
        try:
            status = os.stat(file.source)
            if stat.S_ISFIFO(status.st_mode):  # reading it would never end
                raise OSError(errno.EINVAL, "it is a pipe")
            if by_content or file.path.endswith(".dist-info/RECORD"):
                content: list[object] = [fingerprint.of_file(file.source)]
            else:
                content = [status.st_size, status.st_mtime_ns]
        except OSError as error:
            # Launchers are made anew. Debian's RECORD of pip lists them where they are not.
            if _NOTES.fullmatch(file.path) or os.path.basename(file.path) in launchers:
                continue
            raise SolveError(
                f"{distribution.name} {distribution.version} lacks its file {file.source}",
                f"install it again: pip install --force-reinstall --no-deps {distribution.name}",
            ) from error
        found.append([file.path, str(file.source), status.st_mode & 0o111, *content])
    return found


def _is_own(distribution: Distribution) -> bool:
    """Whether it was built on this machine, or has no list of digests."""
    if distribution.project or _local_url(distribution):
        return True
    try:
        return b",sha256=" not in (distribution.info / "RECORD").read_bytes()
    except OSError:
        return True


def items(distribution: Distribution, site: str, python: str) -> tuple[PackageFile, ...]:
    """Return the files of a distribution's package, sorted by path.

    Args:
        distribution: One whose files `states` has found.
        site: The folder of modules in the prefix.
        python: The interpreter's file name in the prefix.

    Raises:
        OSError: A script cannot be read.
    """
    found = {item.path: item for item in _files(distribution, site, python)}
    for point in distribution.entry_points:
        if point.group in _LAUNCHED:
            content = launcher.entry_script(point, python)
            if content:
                path = f"bin/{posixpath.basename(point.name)}"
                found[path] = PackageFile(path, content=content, executable=True)
    return tuple(found[path] for path in sorted(found))


def record(
    distribution: Distribution, site: str, files: Iterable[HashedFile]
) -> PackageFile | None:
    """Return RECORD for the files in the package; None for an egg-info, which has none."""
    if distribution.info.suffix != ".dist-info":
        return None
    path = f"{site}/{distribution.info.name}/RECORD"
    rows = sorted(_row(hashed, site) for hashed in files)
    rows.append([posixpath.relpath(path, site), "", ""])
    return PackageFile(path, content=dist_info.render_record(rows))


def _row(hashed: HashedFile, site: str) -> list[str]:
    path = hashed.file.path
    inside = path.startswith(f"{site}/")
    name = path[len(site) + 1 :] if inside else posixpath.relpath(path, site)
    if hashed.file.placeholder or name.endswith(".pyc"):
        return [name, "", ""]  # the installer changes the former; the latter is derived
    return dist_info.record_row(name, bytes.fromhex(hashed.sha256), hashed.size)


def _files(distribution: Distribution, site: str, python: str) -> Iterator[PackageFile]:
    for file in distribution.files:
        path = _place(distribution, file, site)
        if not path or not file.source.is_file() or _is_note(file):
            continue
        if path.startswith("bin/"):
            yield _script(PackageFile(path, source=file.source), python)
        else:
            yield PackageFile(path, source=file.source)


def _is_note(file: File) -> bool:
    """Whether a file is a note of this machine; the origin of a VCS checkout is kept."""
    if not _NOTES.fullmatch(file.path):
        return False
    if not file.path.endswith("direct_url.json"):
        return True
    text = file.source.read_text(encoding="utf-8", errors="replace")
    return "file:" in text or "vcs_info" not in text


def _place(distribution: Distribution, file: File, site: str) -> str:
    """Return a file's path in the prefix; empty if it lies outside the current prefix."""
    if file.path.startswith("EGG-INFO/"):
        inner = file.path.partition("/")[2]
        return f"{site}/{distribution.name}-{distribution.version}.egg-info/{inner}"
    if not file.path.startswith(("../", "/")):
        return posixpath.normpath(f"{site}/{file.path}")
    prefix = prefix_of(distribution)
    inner = os.path.relpath(file.source, prefix) if prefix else ".."
    return "" if inner.startswith("..") else inner


def _script(item: PackageFile, python: str) -> PackageFile:
    """Make a script's `#!` line relative; a binary stays as it is."""
    assert item.source is not None  # the caller made it so
    with open(item.source, "rb") as file:
        if file.read(2) != b"#!":
            return item
    content = item.source.read_bytes()
    changed = launcher.relative(content, python)
    if changed == content:
        return item
    return PackageFile(item.path, content=changed, executable=True)
