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
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bin" / "python_package_run"
RELOCATE = ROOT / "pypackage" / "relocate.py"
PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()

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

    @property
    def id(self) -> str:
        everything = repr((sorted(self.files.items()), self.relocate, self.glibc, self.platform))
        return hashlib.sha256(everything.encode()).hexdigest()

    def members(self) -> list[bytes]:
        """The archive's gzip members: the manifest, the files by twos, the end of the tar."""
        manifest = {
            "environment_id": self.id,
            "format": self.format,
            "glibc": self.glibc,
            "members": [{"length": 1, "offset": 1, "sha256": "0" * 64}],
            "packages": [{"name": "python", "version": "3.11.7"}],
            "platform": self.platform,
            "python": "3.11.7",
            "relocate": list(self.relocate),
        }
        text = json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n\n\n"
        comment = f"\npypackage-archive {self.format} {self.id}\n".encode()
        entries = [_entry(path, content) for path, content in sorted(self._all_files().items())]
        parts = [b"".join(entries[n : n + 2]) for n in range(0, len(entries), 2)]
        return [
            _gzip(_entry("etc/pypackage/manifest.json", text), comment),
            *map(_gzip, parts),
            _gzip(bytes(1024)),
        ]

    def pack(self, path: Path) -> Path:
        path.write_bytes(b"".join(self.members()))
        return path

    def _all_files(self) -> dict[str, bytes | Path]:
        return {
            **TOOLS,
            "bin/python_package_run": SCRIPT.read_bytes(),
            "bin/run_in_env": Path("python_package_run"),
            "bin/poncho_package_run": Path("python_package_run"),
            "etc/pypackage/relocate.py": RELOCATE.read_bytes(),
            **self.files,
        }


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
    tar = b"".join(_entry(name, data) for name, data in content.items()) + bytes(1024)
    path.write_bytes(_gzip(tar))
    return path


def _entry(name: str, content: bytes | Path) -> bytes:
    info = tarfile.TarInfo(name)
    info.mode = 0o755 if name.startswith("bin/") else 0o644
    if isinstance(content, Path):
        info.type, info.linkname = tarfile.SYMTYPE, str(content)
        return info.tobuf(tarfile.GNU_FORMAT)
    info.size = len(content)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def _gzip(data: bytes, comment: bytes | None = None) -> bytes:
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    header = b"\x1f\x8b\x08" + (b"\x00" if comment is None else b"\x10") + bytes(4) + b"\x02\xff"
    if comment is not None:
        header += comment + b"\0"
    body = deflate.compress(data) + deflate.flush()
    return header + body + struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)
