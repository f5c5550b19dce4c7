"""Find what a part of an installed distribution needs beyond its unconditional requirements.

For example, the module `dask.distributed` imports distributed, which dask requires only with its
extra of that name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from pypackage.analysis.imports import Import, Scan, Why, scan
from pypackage.core.errors import SourceError
from pypackage.core.package_names import normalize
from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements import formats

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from pypackage.python.distributions import Distribution

_NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
_MOST_FILES = 200  # per part: the rest mostly imports what the package always needs
# Extras for developing a package, not for using it.
_OF_DEVELOPERS = ("dev", "doc", "docs", "test", "tests", "testing", "lint", "typing", "build")


def requirements(
    distribution: Distribution,
    modules: Iterable[str],
    markers: Mapping[str, str],
    modules_of: Callable[[str], Collection[str]],
) -> Iterator[Requirement]:
    """The requirements of extras that parts of a distribution import.

    Args:
        distribution: An installed distribution.
        modules: The dotted names imported from it; they may end in an attribute.
        markers: The environment marker variables.
        modules_of: Returns the top-level modules of a package, given its name.
    """
    parts = {"/".join(name.split(".")[:2]): name for name in modules if "." in name}
    conditional = _conditional(distribution) if parts else {}
    if not conditional:
        return
    listed = frozenset(distribution.listed)
    wanted: dict[str, list[str]] = {}
    for name in conditional:
        for top in modules_of(name):
            wanted.setdefault(top, []).append(name)
    told: set[str] = set()
    for part in parts:
        for top in _imported(distribution.site, part, listed, frozenset(wanted)):
            for name in reversed(wanted[top]):
                requirement = _of_extra(conditional[name], markers) if name not in told else None
                if requirement:
                    told.add(name)
                    yield requirement
                    break


def _conditional(distribution: Distribution) -> dict[str, list[str]]:
    """What a distribution requires only with a marker, by name, except for development.

    Markers are not evaluated here: loading `packaging` takes as long as analyzing a script, and
    mostly none of these packages is imported.
    """
    always = {distribution.key}
    found: dict[str, list[str]] = {}
    for text in distribution.requires:
        name, marker = re.match(_NAME, text), text.partition(";")[2].replace("'", '"')
        if name and not marker:
            always.add(normalize(name[0]))
        elif name and not any(f'"{extra}"' in marker for extra in _OF_DEVELOPERS):
            found.setdefault(normalize(name[0]), []).append(text)
    return {name: texts for name, texts in found.items() if name not in always}


def _of_extra(texts: Iterable[str], markers: Mapping[str, str]) -> Requirement | None:
    """The last requirement of a package, without its marker; None if one applies as it is."""
    found = None
    for text in texts:
        try:
            found = formats.parse(text)
        except ValueError:
            continue  # invalid, from old metadata
        if formats.holds(found, markers):
            return None
    if found:
        found.marker = None
    return found


def _imported(
    site: str, part: str, listed: frozenset[str], wanted: frozenset[str]
) -> Iterator[str]:
    """The wanted top-level modules that a module, or the files of a package, import on import."""
    queue = [one for one in (f"{part}.py", f"{part}/__init__.py") if one in listed]
    seen = set(queue)
    for path in queue:  # the list grows meanwhile
        for one in _scanned(os.path.join(site, path)).imports:
            if one.deferred or one.why is not Why.REQUIRED:
                continue
            if one.top in wanted:
                yield one.top
            for file in _own(one, path, part):
                if file in listed and file not in seen and len(seen) < _MOST_FILES:
                    seen.add(file)
                    queue.append(file)


def _scanned(path: str) -> Scan:
    try:
        with open(path, "rb") as file:
            content = file.read()
        return scan(content, path)
    except (OSError, SourceError):
        return Scan()


def _own(one: Import, path: str, part: str) -> Iterator[str]:
    """The files of the same part that an import may refer to."""
    module = one.module
    if module.startswith("."):
        above = path.split("/")[: -len(module) + len(module.lstrip("."))]
        names = [*above, *filter(None, module.lstrip(".").split("."))]
    else:
        names = module.split(".")
    for full in (names, [*names, one.name] if one.name not in ("", "*") else names):
        place = "/".join(full)
        if f"{place}/".startswith(f"{part}/"):
            yield from (f"{place}.py", f"{place}/__init__.py")
