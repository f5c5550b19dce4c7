"""Read conda-lock.yml, whose packages are installed exactly as locked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from pypackage.core.errors import RequirementsError
from pypackage.core.urls import redact
from pypackage.requirements.formats.document import Node
from pypackage.requirements.selected import known_names


def as_pixi(top: Node, platform: str, categories: Sequence[str] = ()) -> bytes:
    """Convert the packages for one platform to the content of pixi's lock file.

    Args:
        top: A `conda-lock.yml` in the format of conda-lock 1 to 3.
        platform: Conda's name of it.
        categories: Those to include besides `main`.

    Raises:
        RequirementsError: It is not valid, or not for the platform.
    """
    if top.get("version", None).value != 1:
        raise top.get("version", 0).invalid("expected 1, the version of the format")
    every = _chosen(top, platform)
    known = {name for one in every for name in _categories(one)}
    wanted = {"main", *known_names(categories, known - {"main"}, "category", top.label)}
    packages = [one for one in every if _categories(one) & wanted]
    if not packages:
        raise top.get("package", []).invalid(
            f"has no packages of the category {' or '.join(sorted(wanted))}",
            f"--category takes one; it has {', '.join(sorted(known))}",
        )
    return pixi_lock([_converted(one) for one in packages], platform)


def other_categories(top: Node, platform: str, categories: Sequence[str]) -> list[str]:
    """Return the categories of the packages that `as_pixi` leaves out, such as `dev`."""
    left = (_categories(one) for one in _chosen(top, platform))
    wanted = {"main", *categories}
    return sorted({name for one in left if not one & wanted for name in one})


def _categories(package: Node) -> set[str]:
    if package.has("categories"):
        return set(package.get("categories", []).strings())
    return {package.get("category", "main").string()}


def pixi_lock(packages: list[dict[str, Any]], platform: str) -> bytes:
    """Return the content of pixi's lock file of some packages for one platform.

    Args:
        packages: Their entries in it; see `conda_entry`.
        platform: Conda's name of it.
    """
    import yaml

    channels = [one["conda"].rsplit("/", 2)[0] for one in packages if "conda" in one]
    named = [{kind: one[kind] for kind in ("conda", "pypi") if kind in one} for one in packages]
    environment = {
        "channels": [{"url": url} for url in dict.fromkeys(channels)],
        "packages": {platform: named},
    }
    content = {"version": 6, "environments": {"default": environment}, "packages": packages}
    return yaml.safe_dump(content, sort_keys=False).encode()


def _chosen(top: Node, platform: str) -> list[Node]:
    every = top.get("package", []).items()
    found = [one for one in every if one.get("platform", "").string() == platform]
    if not every:
        raise top.get("package", []).invalid("has no packages")
    if not found:
        known = ", ".join(sorted({one.get("platform", "").string() for one in every}))
        raise top.get("package", []).invalid(
            f"is a lock for {known}, not for {platform}",
            f"lock for it: conda-lock -p {platform}",
        )
    return found


def _converted(package: Node) -> dict[str, Any]:
    """Convert a package's entry to pixi's."""
    kinds = ("md5", "sha256")
    told = package.get("hash", {})
    digests = {kind: told.get(kind, "").string() for kind in kinds if told.has(kind)}
    url = package.get("url", None).string()
    if package.get("manager", "conda").string() == "pip":
        name, version = package.get("name", None).string(), package.get("version", "").value
        digests.pop("md5", None)
        return {"pypi": url, "name": name, "version": str(version), **digests}
    needs = package.get("dependencies", {}).entries()
    depends = sorted(f"{name} {one.value or ''}".strip() for name, one in needs)
    return {**conda_entry(url, digests), "depends": depends}


def conda_entry(url: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the entry of a conda package; with a file URL it needs name and version too.

    Raises:
        RequirementsError: The URL is not one of a conda package.
    """
    folder, _, file = url.rpartition("/")
    file = unquote(file)  # x264-1%21164.3095-… has the version 1!164.3095
    entry: dict[str, Any] = {"conda": f"{folder}/{file}", **digests}
    if url.startswith("file:"):
        parts = re.fullmatch(r"(.+)-([^-]+)-([^-]+?)(\.conda|\.tar\.bz2)?", file)
        if not parts:
            raise RequirementsError(
                f"{redact(url)} is not a conda package's URL",
                "it ends in NAME-VERSION-BUILD.conda",
            )
        name, version, build = parts.groups()[:3]
        subdir = folder.rpartition("/")[2]
        entry |= {"name": name, "version": version, "build": build, "subdir": subdir}
        entry["channel"] = folder.rpartition("/")[0]
    return entry
