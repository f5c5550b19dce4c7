"""Replace editable installs in a packed environment by their files."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pypackage.backends.host import distribution_package, editable_builds
from pypackage.backends.host.files import PackageFile, hash_file
from pypackage.core import caches
from pypackage.core.errors import InputPathError, PackError, SolveError
from pypackage.core.progress import SILENT
from pypackage.python import interpreter
from pypackage.python.distributions import Distribution

_LINKS = re.compile(r"easy-install\.pth|.+\.egg-link")


def items(found: Sequence[Distribution], prefix: Path, site: str) -> Iterator[PackageFile]:
    """Yield the files that replace editable installs: their sources, or the result of a build.

    Args:
        found: The distributions.
        site: The site-packages folder, relative to the prefix.

    Raises:
        PackError: A project's folder is missing, lacks files, or cannot be built.
    """
    python = next((path.name for path in sorted(prefix.glob("bin/python3.*"))), "python3")
    for distribution in found:
        try:
            if editable_builds.needed(distribution):
                distribution = _built(distribution, prefix / "bin" / python)
            files = distribution_package.items(distribution, site, python)
            record = distribution_package.record(distribution, site, map(hash_file, files))
        except (OSError, SolveError, InputPathError) as error:
            raise PackError(
                f"{distribution.name} is linked to {distribution.editable}, which cannot be read",
                f"{error}\ninstall it again, or without -e",
            ) from error
        yield from (*files, *([record] if record else []))


def _built(distribution: Distribution, python: Path) -> Distribution:
    cache = caches.folder() / "host" / "wheels"
    return editable_builds.settled(distribution, interpreter.ask(python), cache, SILENT)


def links(found: Sequence[Distribution], prefix: Path) -> set[str]:
    """The files that link to the projects, relative to the prefix; they are not packed."""
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
