"""Extension modules that a distribution needs but no distribution's RECORD lists.

Linux distributions split packages: Debian's `_cffi_backend` is in a package of its own,
without Python metadata, right beside the `cryptography` that imports it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache

from pypackage.python import metadata

_EXTENSION = re.compile(r"(\w+)\.(?:(?:cpython-|abi3|pypy)[\w.-]*\.)?so")


def of(site: str, files: Iterable[str]) -> list[str]:
    """Return those ownerless extension modules in a folder of modules that some files mention.

    Args:
        site: The folder of modules.
        files: The paths of a distribution's modules, compiled ones too.
    """
    ownerless = _ownerless(site)
    if not ownerless:
        return []
    mentioned = re.compile(rb"\b(?:%s)\b" % b"|".join(map(re.escape, ownerless)))
    found = set()
    for path in files:
        if path.endswith((".py", ".so")):
            try:
                with open(path, "rb") as file:
                    found |= set(mentioned.findall(file.read()))
            except OSError:
                continue
    return sorted(ownerless[module] for module in found)


@lru_cache(maxsize=8)
def _ownerless(site: str) -> dict[bytes, str]:
    """Return the extension modules in a folder that belong to no distribution there, by name."""
    try:
        names = os.listdir(site)
    except OSError:
        return {}
    found = {file: match[1] for file in names if (match := _EXTENSION.fullmatch(file))}
    if not found:  # as in most folders: no metadata need be read
        return {}
    owned: set[str] = set()
    for info in metadata.folders_in(site):
        owned.update(metadata.listed(info))
        owned.update(metadata.words(info, "top_level.txt"))
    return {
        module.encode(): file
        for file, module in found.items()
        if file not in owned and module not in owned
    }
