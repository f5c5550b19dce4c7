"""Correct the metadata that uv leaves in a prefix.

Scripts find their interpreter beside themselves, RECORD matches the files on disk, and nothing
tells where on this machine a distribution came from or was installed.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import posixpath
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pypackage.core import files
from pypackage.core.errors import InstallError
from pypackage.core.relocation import rewrite_prefix
from pypackage.core.urls import redact
from pypackage.python import distributions, launcher, metadata
from pypackage.python.distributions import Distribution
from pypackage.python.metadata import direct_url

# uv's notes about its input and cache, with times of this machine.
_NOTES = ("uv_cache.json", "uv_build.json")


def site_folders(prefix: Path) -> list[Path]:
    """Return the folders of installed modules of a prefix."""
    found = [*prefix.glob("lib/python3*/*-packages"), *prefix.glob("local/lib/python3*/*-packages")]
    return sorted(path for path in found if path.is_dir())


def empty_site_folders(prefix: Path) -> list[Path]:
    """Return the folders of modules for a prefix that has Python only; they need not exist."""
    return sorted(path.parent / "site-packages" for path in prefix.glob("lib/python3*/os.py"))


def installed(prefix: Path) -> dict[str, Distribution]:
    """Return the distributions in a prefix, by normalized name."""
    return {one.key: one for one in distributions.scan(site_folders(prefix))}


def header(info: Path, name: str) -> str:
    """Return the value of a header in a distribution's METADATA; empty if there is none."""
    text = metadata.read(f"{info}/METADATA")
    found = re.search(rf"^{name}:[ \t]*(.*)$", text.split("\n\n", 1)[0], re.M | re.I)
    return found[1].strip() if found else ""


def glibc_of(platform: str) -> tuple[int, int]:
    """Return the lowest glibc that a wheel's platform tags allow; (0, 0) for none."""
    old = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    found = [(int(a), int(b)) for a, b in re.findall(r"manylinux_(\d+)_(\d+)", platform)]
    found += [version for tag, version in old.items() if re.search(rf"{tag}_", platform)]
    return min(found, default=(0, 0))


def make_relocatable(
    prefix: Path, target_prefix: Path, names: Collection[str], built: Collection[str] = ()
) -> None:
    """Make what uv has installed independent of this machine.

    Args:
        target_prefix: The path that is written into text files instead of `prefix`.
        built: Those of them that were built here; any of their files may contain the
            prefix's path.

    Raises:
        InstallError: A binary file has the prefix's path, or a file cannot be written.
    """
    (prefix / ".lock").unlink(missing_ok=True)
    with InstallError.wrapping("the environment cannot be written", prefix):
        found = installed(prefix)
        for name in sorted(set(names) & set(found)):
            _make_relocatable(found[name], prefix, target_prefix, whole=name in built)


def _make_relocatable(
    distribution: Distribution, prefix: Path, target_prefix: Path, *, whole: bool
) -> None:
    rows = []
    for row in _rows(distribution.info / "RECORD"):
        path = Path(os.path.normpath(distribution.root / row[0]))
        if _is_private(path):
            path.unlink()
            continue
        if path.name == "direct_url.json":
            said = direct_url(str(path.parent))
            said["url"] = redact(said["url"])
            files.rewrite(path, json.dumps(said, sort_keys=True).encode())
            row = _row_of(row[0], path.read_bytes())
        elif path.name != "RECORD" and (whole or path.parent.name == "bin"):
            row = _without_prefix(path, row, prefix, target_prefix)
        rows.append(row)
    files.rewrite(distribution.info / "RECORD", render_record(rows))


def drop_notes(prefix: Path) -> None:
    """Remove uv's notes, which are never reproducible, from what it has installed.

    Raises:
        OSError: One cannot be removed.
    """
    (prefix / ".lock").unlink(missing_ok=True)
    for distribution in installed(prefix).values():
        record = distribution.info / "RECORD"
        kept = [row for row in _rows(record) if row[0].rpartition("/")[2] not in _NOTES]
        for name in _NOTES:
            (distribution.info / name).unlink(missing_ok=True)
        files.rewrite(record, render_record(kept))


def _is_private(path: Path) -> bool:
    """Whether a file is a note of this machine; the origin of a VCS checkout is kept."""
    if path.name in _NOTES:
        return True
    if path.name != "direct_url.json" or not path.is_file():
        return False
    return str(direct_url(str(path.parent)).get("url", "file:")).startswith("file:")


def _without_prefix(path: Path, row: list[str], prefix: Path, target_prefix: Path) -> list[str]:
    """Replace the prefix in a file, and return the file's line of RECORD."""
    content = path.read_bytes()
    if bytes(prefix) not in content:
        return row
    if path.parent == prefix / "bin":
        files.rewrite(path, launcher.relative(content))
    rewrite_prefix(path, prefix, target_prefix, by="the build")
    return _row_of(row[0], path.read_bytes())


def spread(target: Path, place: Path, prefix: Path) -> None:
    """Move what uv has installed into one folder (`--target`) to its paths in a prefix.

    Args:
        place: The folder of modules, below the prefix.
        prefix: Scripts and data files go to `bin`, `share` and the like below it.
    """
    folders = (target / name for name in _SCHEME)
    outside = {one.name for one in folders if one.is_dir() and not (one / "__init__.py").exists()}
    for info in sorted(target.glob("*.dist-info")):
        _record_outside(info / "RECORD", outside, os.path.relpath(prefix, place))
    for source, path in list(_files(target)):
        goal = (prefix if path.split("/")[0] in outside else place) / path
        goal.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith("bin/"):
            python = f"{prefix}/bin/python"
            text = re.sub(rb"\A#!\S*python[\d.]*", b"#!" + python.encode(), source.read_bytes())
            files.rewrite(source, text)
        shutil.move(source, goal)


_SCHEME = ("bin", "etc", "include", "man", "share")


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".lock":
            yield path, path.relative_to(folder).as_posix()


def _record_outside(record: Path, outside: Collection[str], way: str) -> None:
    rows = [
        [posixpath.join(way, row[0]) if row[0].split("/")[0] in outside else row[0], *row[1:]]
        for row in _rows(record)
    ]
    files.rewrite(record, render_record(rows))


# --- RECORD ------------------------------------------------------------------------------


def render_record(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the content of RECORD; see `record_row`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def record_row(path: str, sha256: bytes, size: int) -> list[str]:
    """Return the line of RECORD for a file.

    Args:
        path: Relative to the folder of modules.
        sha256: The digest of its content.
        size: Of its content, in bytes.
    """
    digest = base64.urlsafe_b64encode(sha256).decode().rstrip("=")
    return [path, f"sha256={digest}", str(size)]


def _row_of(path: str, content: bytes) -> list[str]:
    return record_row(path, hashlib.sha256(content).digest(), len(content))


def _rows(record: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(record.read_text())))
