"""Read pylock.toml (PEP 751): locked PyPI packages with their digests."""

from __future__ import annotations

import os

from pypackage.core.errors import RequirementsError
from pypackage.core.package_names import normalize
from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements import pep508
from pypackage.requirements.formats.document import Node
from pypackage.requirements.match_specs import conda_range
from pypackage.requirements.model import Requirements
from pypackage.requirements.selected import Selected, known_names

if TYPE_CHECKING:
    from packaging.requirements import Requirement


_MINORS = range(6, 40)  # of Python 3


def requirements(
    top: Node,
    folder: str,
    selected: Selected = Selected(),  # noqa: B008 (a tuple)
    platform: str = "",
) -> Requirements:
    """Return requirements for exactly the locked versions and files.

    Args:
        top: The file.
        folder: The file's; paths in it are relative to it.
        selected: The extras and groups to include, besides the default groups.
        platform: Conda's name of the platform that it is read for; by default this machine's.

    Raises:
        RequirementsError: It is not valid; the message names the place.
    """
    if top.get("lock-version", "").string().partition(".")[0] != "1":
        raise top.get("lock-version", "").invalid("expected 1.0, the version of the format")
    listed = top.get("extras", []).strings()
    extras = frozenset(known_names(selected.extras, listed, "extra", top.label))
    listed = top.get("dependency-groups", []).strings()
    groups = frozenset(known_names(selected.groups, listed, "group", top.label))
    groups |= frozenset(top.get("default-groups", []).strings())
    every = top.get("packages", []).items()
    found = [one for one in every if _is_wanted(one, extras, groups)]
    hashes: dict[str, tuple[str, ...]] = {}
    for package in found:
        name, digests = normalize(package.required("name")), _digests(package)
        if digests:  # a package may have several versions, each with its marker
            hashes[name] = (*hashes.get(name, ()), *digests)
    bounds = _bounds_of_python(top, platform)
    return Requirements(
        python="",
        dependencies=(f"python{conda_range(','.join(bounds))}",) if bounds else (),
        pip=tuple(_requirement(one, folder) for one in found),
        hashes=hashes,
    )


def _bounds_of_python(top: Node, platform: str) -> list[str]:
    """Return the bounds of the compatible Pythons, including those of its environments."""
    versions = top.get("requires-python", "").string().replace(" ", "")
    bounds = [versions] if versions else []
    environments = top.get("environments", [])
    if not environments.value:
        return bounds
    markers = [_marker(one) for one in environments.items()]
    fit = [minor for minor in _MINORS if any(_is_for(one, minor, platform) for one in markers)]
    if not fit:
        raise environments.invalid(
            f"none of these environments is on {platform or 'this platform'}",
            "lock for this one, too",
        )
    if fit[0] != _MINORS[0]:
        bounds.append(f">=3.{fit[0]}")
    if fit[-1] != _MINORS[-1]:
        bounds.append(f"<3.{fit[-1] + 1}")
    return bounds


def _marker(node: Node) -> Requirement:
    """Parse a marker, as that of a requirement."""
    try:
        return pep508.parse(f"it ; {node.string()}")
    except ValueError:
        raise node.invalid("not an environment marker") from None


def _is_for(marker: Requirement, minor: int, platform: str) -> bool:
    """Whether a marker is true for a release of Python 3.MINOR on a platform."""
    releases = (f"3.{minor}.0", f"3.{minor}.999")
    return any(pep508.holds(marker, pep508.markers(one, platform)) for one in releases)


def _is_wanted(package: Node, extras: frozenset[str], groups: frozenset[str]) -> bool:
    """Whether a package is installed with some extras and groups."""
    marker = package.get("marker", "").string()
    if "extras" not in marker and "dependency_groups" not in marker:
        return True
    try:
        return pep508.selects(marker, extras, groups)
    except ValueError:
        raise package.get("marker", "").invalid("not an environment marker") from None


def _requirement(package: Node, folder: str) -> str:
    """Convert a package to PEP 508, or to the path of its folder."""
    name = package.required("name")
    marker = package.get("marker", "").string()
    if "extras" in marker or "dependency_groups" in marker:
        marker = ""
    behind = f" ; {marker}" if marker else ""
    if package.has("directory"):
        path = package.get("directory", {}).required("path")
        return os.path.abspath(os.path.join(folder, path))
    if package.has("vcs"):
        vcs = package.get("vcs", {})
        where = f"{vcs.required('type')}+{_place(vcs, folder)}@{vcs.required('commit-id')}"
        return f"{name} @ {where}{behind}"
    if package.has("archive"):
        return f"{name} @ {_place(package.get('archive', {}), folder)}{behind}"
    return f"{name}=={package.required('version')}{behind}"


def _place(source: Node, folder: str) -> str:
    """Return the URL of a source, which may be a path."""
    if source.has("url"):
        return source.get("url", "").string()
    from pathlib import Path

    return Path(os.path.abspath(os.path.join(folder, source.required("path")))).as_uri()


def _digests(package: Node) -> tuple[str, ...]:
    files = [*package.get("wheels", []).items()]
    files += [package.get(key, {}) for key in ("sdist", "archive") if package.has(key)]
    found = []
    for file in files:
        digest = file.get("hashes", {}).get("sha256", "")
        if not digest.string():
            has = ", ".join(key for key, _ in file.get("hashes", {}).entries()) or "none"
            raise RequirementsError(
                f"{file.place}: a file has no sha256, which indexes publish (it has {has})",
                "uv export --format pylock.toml, pip lock and pdm export write it",
            )
        found.append(f"sha256:{digest.string().lower()}")
    return tuple(found)
