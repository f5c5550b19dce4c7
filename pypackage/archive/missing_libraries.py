"""Find shared libraries that an environment needs and not every machine has."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path

from pypackage.archive.contents import Entry
from pypackage.core import elf, platforms
from pypackage.core.elf_dynamic import MAGIC


def libraries(entries: Iterable[Entry], platform: str) -> dict[str, list[str]]:
    """Find libraries that a bare worker would lack.

    Display and driver libraries are skipped: only the worker can provide them. Library directories
    are ignored; names are compared.

    Args:
        entries: All entries of the environment.
        platform: Conda's name of its platform; only Linux is checked.

    Returns:
        The files that need each missing library, by its name; sorted.
    """
    if not platform.startswith("linux-"):
        return {}
    promised = elf.manylinux_allowlist(platforms.machine(platform))
    needed: dict[str, list[str]] = {}
    provided = set()
    for entry in entries:
        name = posixpath.basename(entry.target)
        if ".so" in name:
            provided.add(name)
        if entry.source and entry.data is None and _is_elf(entry):
            found = elf.read(Path(entry.source))
            provided.add(found.soname if found else "")
            for soname in found.needed if found else ():
                needed.setdefault(posixpath.basename(soname), []).append(entry.target)
    missing = sorted(set(needed) - provided - promised)
    return {name: sorted(needed[name]) for name in missing if not elf.is_host_library(name)}


def loaded(paths: Iterable[Path]) -> list[str]:
    """The names of libraries that modules loaded from this machine, without glibc's.

    Libraries that these depend on are left out: a machine that has the former has the latter.
    """
    found = [one for one in map(elf.read, paths) if one and one.soname]
    needed = {soname for one in found for soname in one.needed}
    names = {one.soname for one in found if not elf.is_glibc(one.soname)}
    return sorted(names - needed)


def _is_elf(entry: Entry) -> bool:
    """Whether it is an ELF program or library; by name, most files can be skipped."""
    name = posixpath.basename(entry.target)
    if ".so" not in name and not entry.target.startswith("bin/"):
        return False
    if entry.source is None or os.path.islink(entry.source) or not os.path.isfile(entry.source):
        return False
    with open(entry.source, "rb") as file:
        return file.read(4) == MAGIC
