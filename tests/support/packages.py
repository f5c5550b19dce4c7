"""Writes conda packages from a description, in both formats that channels have."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import conda_package_streaming.create as streaming

# Like conda-build's: 255 characters, so that a binary has room for any prefix.
PLACEHOLDER = ("/opt/conda-bld/_h_env_" + "placehold_" * 30)[:255]

MTIME = 1_700_000_000


@dataclass(frozen=True)
class Entry:
    """One path in a package: a file, or a symbolic link if `link` is not empty.

    Attributes:
        content: The file's bytes.
        link: The link's target.
        executable: Whether the file is executable.
        prefix: How to replace its placeholder; empty if it has none.
        placeholder: What the file has in place of the prefix.
        mtime: Seconds since 1970; byte code is only valid if its source has the recorded time.
    """

    content: bytes = b""
    link: str = ""
    executable: bool = False
    prefix: Literal["", "text", "binary"] = ""
    placeholder: str = PLACEHOLDER
    mtime: int = MTIME


@dataclass(frozen=True)
class Package:
    """The description of a conda package.

    Attributes:
        files: Entries by path in the prefix (in a noarch python package, modules are under
            `site-packages/` and scripts under `python-scripts/`).
        noarch: The kind of noarch package; empty for one with a platform.
        entry_points: Such as `greet = greeting.cli:main`; for noarch python only.
        post_link: The text of the script to run after linking.
        activate: Scripts to source on activation, by file name.
        deactivate: The same for deactivation.
    """

    name: str
    version: str = "1.0"
    build: str = "0"
    build_number: int = 0
    files: Mapping[str, Entry] = field(default_factory=dict)
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: Literal["", "python", "generic"] = ""
    entry_points: tuple[str, ...] = ()
    post_link: str = ""
    activate: Mapping[str, str] = field(default_factory=dict)
    deactivate: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"


def script(text: str, **changes: Any) -> Entry:
    """An executable text file."""
    return replace(Entry(text.encode(), executable=True), **changes)


def text(content: str, **changes: Any) -> Entry:
    """A text file."""
    return replace(Entry(content.encode()), **changes)


def write(
    package: Package,
    channel: Path,
    platform: str,
    ending: Literal[".conda", ".tar.bz2"] = ".conda",
) -> Path:
    """Write a package into its subdirectory of a channel's folder.

    Args:
        package: What to write.
        channel: The channel's folder; the subdirectory is created if needed.
        platform: The subdirectory for packages that are not noarch, such as `linux-64`.
        ending: The format.

    Returns:
        The package file.
    """
    folder = channel / ("noarch" if package.noarch else platform)
    folder.mkdir(parents=True, exist_ok=True)
    payload = _payload(package)
    members = {**_info(package, payload, folder.name), **payload}
    target = folder / (package.stem + ending)
    if ending == ".conda":
        with streaming.conda_builder(package.stem, folder, compression_level=1) as archive:
            _fill(archive, members)
    else:
        with tarfile.open(target, "w:bz2", compresslevel=1) as archive:
            _fill(archive, members)
    return target


def _payload(package: Package) -> dict[str, Entry]:
    """All entries that are linked into the prefix, sorted."""
    files = dict(package.files)
    if package.post_link:
        files[f"bin/.{package.name}-post-link.sh"] = script(package.post_link)
    for kind, hooks in (("activate", package.activate), ("deactivate", package.deactivate)):
        files |= {f"etc/conda/{kind}.d/{name}": text(body) for name, body in hooks.items()}
    return dict(sorted(files.items()))


def _info(package: Package, payload: Mapping[str, Entry], subdir: str) -> dict[str, Entry]:
    """The members of the info part."""
    paths = [_path(name, entry) for name, entry in payload.items()]
    info = {
        "index.json": _json(_index(package, subdir)),
        "paths.json": _json({"paths": paths, "paths_version": 1}),
        "files": text("".join(f"{name}\n" for name in payload)),
        "about.json": _json({"summary": f"{package.name}, made for tests", "license": "MIT"}),
    }
    prefixed = "".join(
        f"{entry.placeholder} {entry.prefix} {name}\n"
        for name, entry in payload.items()
        if entry.prefix
    )
    if prefixed:
        info["has_prefix"] = text(prefixed)
    if package.noarch == "python":
        noarch = {"type": "python", "entry_points": list(package.entry_points)}
        info["link.json"] = _json({"noarch": noarch, "package_metadata_version": 1})
    return {f"info/{name}": entry for name, entry in info.items()}


def _index(package: Package, subdir: str) -> dict[str, object]:
    platform, _, bits = subdir.partition("-")
    index: dict[str, object] = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": package.build_number,
        "depends": list(package.depends),
        "constrains": list(package.constrains),
        "license": "MIT",
        "subdir": subdir,
        "timestamp": MTIME * 1000,
    }
    if package.noarch:
        return {**index, "noarch": package.noarch}
    return {**index, "platform": platform, "arch": {"64": "x86_64"}.get(bits, bits)}


def _path(name: str, entry: Entry) -> dict[str, object]:
    """An entry in info/paths.json; the digest is that before the placeholder is replaced."""
    said: dict[str, object] = {
        "_path": name,
        "path_type": "softlink" if entry.link else "hardlink",
        "sha256": hashlib.sha256(entry.content).hexdigest(),
        "size_in_bytes": len(entry.content),
    }
    if entry.prefix:
        said |= {"prefix_placeholder": entry.placeholder, "file_mode": entry.prefix}
    return said


def _fill(archive: tarfile.TarFile, members: Mapping[str, Entry]) -> None:
    for member, content in _members(members):
        archive.addfile(member, io.BytesIO(content) if member.isreg() else None)


def _members(entries: Mapping[str, Entry]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name, entry in entries.items():
        member = tarfile.TarInfo(name)
        member.mtime = entry.mtime
        member.mode = 0o755 if entry.executable else 0o644
        if entry.link:
            member.type, member.linkname, member.mode = tarfile.SYMTYPE, entry.link, 0o777
        else:
            member.size = len(entry.content)
        yield member, entry.content


def _json(value: object) -> Entry:
    return text(json.dumps(value, indent=2, sort_keys=True) + "\n")
