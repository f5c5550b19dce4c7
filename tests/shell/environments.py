"""Small environments, packed by hand in the archive's format (or in conda-pack's)."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import sys
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bin" / "python_package_run"
RELOCATE = ROOT / "pypackage" / "archive" / "relocate.py"
PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()

MANIFEST = "etc/pypackage/manifest.json"
SUMS = "etc/pypackage/sha256sums"
END = bytes(1024)  # what a tar ends with

PLACEHOLDER = "/placeholder" * 40

Files = Mapping[str, "bytes | Path"]
"""Content by path; a `Path` is what a symbolic link points to."""

SHOW = b"""#!/bin/sh
printf '%s\\n' "$CONDA_PREFIX" "$@"
"""

TOOLS: Files = {
    "bin/python": PYTHON,
    "bin/python3": PYTHON,
    "bin/show": SHOW,
}

NAMING: Files = {
    "bin/report": f"#!/bin/sh\nprintf '%s\\n' 'text: {PLACEHOLDER}/share'\n".encode(),
    "lib/report.bin": f"\x7fELF\0{PLACEHOLDER}/lib:{PLACEHOLDER}/share\0after\0".encode(),
}
"""Files that name their folder, each in one of the two ways."""


def relocations(*, placeholder: str = PLACEHOLDER) -> list[dict[str, str]]:
    """What a manifest says of `NAMING`."""
    return [
        {"mode": "text", "path": "bin/report", "placeholder": placeholder},
        {"mode": "binary", "path": "lib/report.bin", "placeholder": placeholder},
    ]


@dataclass(frozen=True)
class Environment:
    """What goes into an archive; the rest of the archive follows from it."""

    files: Files = field(default_factory=dict)
    relocate: Sequence[Mapping[str, str]] = ()
    glibc: str = "2.17"
    platform: str = "linux-64" if os.uname().machine == "x86_64" else "linux-aarch64"
    format: int = 1
    number: int = 0
    size: int = 0

    @property
    def id(self) -> str:
        return self._parts[0]

    def members(self) -> list[bytes]:
        """The archive's gzip members: the manifest, then the files, by threes if they are few."""
        return self._parts[1]

    def plain(self) -> tuple[str, dict[str, bytes | Path]]:
        """The id and the entries, in order, of an archive that has no gzip members."""
        entries = {path: one for files in self._groups() for path, one in files.items()}
        entries = dict(sorted(entries.items()))
        tree = hashlib.sha256(b"".join(tar_entry(*entry) for entry in entries.items()))
        identity, text = self._text([], tree=tree.hexdigest())
        return identity, {MANIFEST: text, **entries}

    @cached_property
    def _parts(self) -> tuple[str, list[bytes]]:
        parts = [
            b"".join(tar_entry(path, one) for path, one in sorted(files.items()))
            for files in self._groups()
        ]
        members = [gzip_member(part) for part in [*parts, END]]
        room = len(self._text(members)[1]) + 10 * len(members)
        start = len(self._first("0" * 64, b"", room))
        identity, text = self._text(members, start)
        return identity, [self._first(identity, text, room), *members]

    def _first(self, identity: str, text: bytes, room: int) -> bytes:
        comment = f"\npypackage-archive {self.format} {identity}\n".encode()
        return gzip_member(tar_entry(MANIFEST, text.ljust(room, b"\n")), comment, 0)

    def _text(self, members: Sequence[bytes], start: int = 0, tree: str = "") -> tuple[str, bytes]:
        """The id and the manifest."""
        offsets = accumulate(map(len, members), initial=start)
        content: dict[str, Any] = {
            "environment_id": "",
            "files": self.number or len(self.files),
            "format": self.format,
            "glibc": self.glibc,
            "members": [
                {"length": len(m), "offset": n, "sha256": hashlib.sha256(m).hexdigest()}
                for n, m in zip(offsets, members, strict=False)
            ],
            "packages": [{"name": "python", "version": "3.11.7"}],
            "platform": self.platform,
            "python": "3.11.7",
            "relocate": list(self.relocate),
            "size": self.size,
        }
        sums = [
            one
            for files in self._groups()
            for path, one in files.items()
            if path.startswith(SUMS) and isinstance(one, bytes)
        ]
        if sums:
            content["sha256sums"] = hashlib.sha256(b"".join(sums)).hexdigest()
        if tree:
            content["tree"] = tree
        content["environment_id"] = hashlib.sha256(to_json(content)).hexdigest()
        return content["environment_id"], to_json(content)

    def pack(self, path: Path) -> Path:
        path.write_bytes(b"".join(self.members()))
        return path

    def pack_layers(self, folder: Path, name: str = "manifest.json") -> Path:
        """As a layers folder; the result is the manifest in it."""
        _, *members = self.members()
        (folder / "parts").mkdir(parents=True, exist_ok=True)
        for member in members:
            digest = hashlib.sha256(member).hexdigest()
            (folder / "parts" / f"{digest}.tar.gz").write_bytes(member)
        manifest = self._text(members, len(self.members()[0]))[1]
        (folder / name).write_bytes(manifest)
        return folder / name

    def pack_thin(self, path: Path, since: Environment) -> Path:
        """As a thin archive of the parts that another environment lacks."""
        first, *members = self.members()
        held = [member for member in members if member not in since.members()]
        text = self._text(members, len(first))[1]
        start = len(self._thin(text, held, 0))
        path.write_bytes(b"".join([self._thin(text, held, start), *held]))
        return path

    def _thin(self, text: bytes, held: Sequence[bytes], start: int) -> bytes:
        offsets = accumulate(map(len, held), initial=start)
        lines = [
            b"%15d %15d %s\n" % (n, len(one), hashlib.sha256(one).hexdigest().encode())
            for n, one in zip(offsets, held, strict=False)
        ]
        table = tar_entry("etc/pypackage/parts", b"".join(lines))
        comment = f"\npypackage-thin {self.format} {self.id}\n".encode()
        return gzip_member(tar_entry(MANIFEST, text) + table, comment, 0)

    def _groups(self) -> list[dict[str, bytes | Path]]:
        """The files of each part, with its list of digests."""
        files = {
            **TOOLS,
            "bin/python_package_run": SCRIPT.read_bytes(),
            "bin/run_in_env": Path("python_package_run"),
            "bin/poncho_package_run": Path("python_package_run"),
            "etc/pypackage/relocate.py": RELOCATE.read_bytes(),
            **self.files,
        }
        paths = sorted(files)
        step = max(2, len(paths) // 10)
        groups = [paths[n : n + step] for n in range(0, len(paths), step)]
        parts = [{path: files[path] for path in group} for group in groups]
        if "\n" in "".join(files):
            return parts
        lists = [f"{SUMS}/{number:03}" for number in range(len(parts))]
        return [
            {**part, path: sha256sums(part, path)} for part, path in zip(parts, lists, strict=True)
        ]


def sha256sums(files: Files, name: str) -> bytes:
    """The list of digests of these files, which has a name."""
    lines = {f"# {parent}/" for path in [*files, name] for parent in _folders(path)}
    for path, content in files.items():
        if isinstance(content, Path):
            lines.add(f"# {path} -> {content}")
        else:
            mode = "*" if path.startswith("bin/") else " "
            lines.add(f"{hashlib.sha256(content).hexdigest()} {mode}{path}")
    return "".join(sorted(f"{line}\n" for line in lines)).encode()


def _folders(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents][:-1]


CONDA_UNPACK = f"""#!/usr/bin/env python
import os
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
path = os.path.join(here, "bin", "report")
content = open(path).read()
with open(path, "w") as stream:
    stream.write(content.replace("{PLACEHOLDER}", here))
""".encode()


def pack_foreign(path: Path, files: Files | None = None) -> Path:
    """An archive as conda-pack makes it: one gzip member, nothing of ours in it."""
    content = {
        **TOOLS,
        **NAMING,
        "bin/activate": b"exit 1\n",
        "bin/conda-unpack": CONDA_UNPACK,
        **(files or {}),
    }
    tar = b"".join(tar_entry(name, data) for name, data in content.items()) + bytes(1024)
    path.write_bytes(gzip_member(tar))
    return path


def tar_entry(name: str, content: bytes | Path) -> bytes:
    """A file, or a link, as it stands in a tar."""
    info = tarfile.TarInfo(name)
    info.mode = 0o755 if name.startswith("bin/") else 0o644
    if isinstance(content, Path):
        info.type, info.linkname = tarfile.SYMTYPE, str(content)
        return info.tobuf(tarfile.GNU_FORMAT)
    info.size = len(content)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def to_json(content: Any) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"


def gzip_member(data: bytes, comment: bytes | None = None, level: int = 1) -> bytes:
    """What gzip makes of the data, with a comment in its header."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    header = b"\x1f\x8b\x08" + (b"\x00" if comment is None else b"\x10") + bytes(4) + b"\x02\xff"
    if comment is not None:
        header += comment + b"\0"
    body = deflate.compress(data) + deflate.flush()
    return header + body + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)
