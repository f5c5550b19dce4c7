"""Replace editable installs in a packed environment by their files."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pypackage.backends.host import distribution_package
from pypackage.backends.host.files import PackageFile, hash_file
from pypackage.core.errors import PackError, SolveError
from pypackage.python.distributions import Distribution

_LINKS = re.compile(r"easy-install\.pth|.+\.egg-link")


def items(found: Sequence[Distribution], prefix: Path, site: str) -> Iterator[PackageFile]:
    """What takes the place of editable installs.

    Args:
        found: The distributions.
        site: Its folder of modules, relative to it.

    Raises:
        PackError: A project's folder is gone, or lacks files.
    """
    python = next((path.name for path in sorted(prefix.glob("bin/python3.*"))), "python3")
    for distribution in found:
        try:
            files = distribution_package.items(distribution, site, python)
            record = distribution_package.record(distribution, site, map(hash_file, files))
        except (OSError, SolveError) as error:
            raise PackError(
                f"{distribution.name} is linked to {distribution.editable}, which cannot be read",
                f"{error}\ninstall it again, or without -e",
            ) from error
        yield from (*files, *([record] if record else []))


def links(found: Sequence[Distribution], prefix: Path) -> set[str]:
    """The files that lead to the projects, relative to the prefix; they are not packed."""
    gone = set()
    for distribution in found:
        site = os.path.relpath(distribution.root, prefix)
        if not site.startswith(".."):
            gone |= {posixpath.normpath(posixpath.join(site, path)) for path in distribution.listed}
    if found:
        places = prefix.glob("lib/python3*/*-packages/*")
        named = (path.relative_to(prefix).as_posix() for path in places)
        gone |= {path for path in named if _LINKS.fullmatch(posixpath.basename(path))}
    return gone
