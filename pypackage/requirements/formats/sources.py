"""The sources of declared packages: the source tables of uv, Poetry and pixi.

A package from a repository, a URL, a path or an index of its own is never replaced by one of the
same name from elsewhere: its source is used, or refused with the reason.

Sources: uv, "Dependency sources"; Poetry, "Dependency specification"; pixi, "pypi-dependencies".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pypackage.requirements.declarations import Source
from pypackage.requirements.formats.document import Node

_REVISIONS = ("rev", "tag", "branch")


def read(node: Node) -> Source:
    """Read the source in the table of a dependency; an empty one if the package is PyPI's."""
    table = node.value if isinstance(node.value, dict) else {}
    if "git" in table:
        return Source(_repository(node))
    if "url" in table:
        return Source(node.get("url", "").string() + _subdirectory(node, "#"))
    for key, what in (("path", "the path"), ("index", "the index"), ("source", "the index")):
        if key in table and not (key == "source" and str(table[key]).lower() == "pypi"):
            where = node.get(key, "").string()
            return Source(refused=f"{what} {where}", path=where if key == "path" else "")
    if table.get("workspace"):
        return Source(refused="the workspace")
    return Source()


def local(name: str, extras: Iterable[str], path: str, folder: str) -> str:
    """Return the requirement for a path: an archive in PEP 508's form, or a project's folder.

    Args:
        folder: The folder that the path is relative to.
    """
    there = os.path.abspath(os.path.join(folder, path))
    wanted = ",".join(sorted(extras))
    behind = f"[{wanted}]" if wanted else ""
    if re.search(r"\.(whl|zip|tar\.\w+|tgz)$", there):
        return f"{name}{behind} @ {Path(there).as_uri()}"
    return there + behind


def is_package(path: str) -> bool:
    """Whether a path is installable: a file, or the folder of a project."""
    files = ("pyproject.toml", "setup.py", "setup.cfg")
    return os.path.isfile(path) or any(os.path.isfile(os.path.join(path, one)) for one in files)


def project_name(folder: str) -> str:
    """Return the project's name in a folder's pyproject.toml or setup.cfg; empty without one."""
    for file, table in (("pyproject.toml", r"project|tool\.poetry"), ("setup.cfg", "metadata")):
        try:
            with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as opened:
                text = opened.read(1_000_000)
        except OSError:
            continue
        below = rf"^\[(?:{table})\]\s*$((?:\n(?!\[).*)*)"
        for section in re.findall(below, text, re.MULTILINE):
            found = re.search(r"^name\s*=\s*[\"']?([\w.-]+)", section, re.MULTILINE)
            if found:
                return found[1]
    return ""


def _repository(node: Node) -> str:
    """Return a repository as PEP 508 writes it after `@`."""
    url = node.get("git", "").string()
    short = re.fullmatch(r"([\w.-]+@[\w.-]+):(?!//)(.+)", url)  # git@host:owner/name.git
    url = f"ssh://{short[1]}/{short[2]}" if short else url
    revisions = (node.get(key, "").string() for key in _REVISIONS)
    revision = next(filter(None, revisions), "")
    full = url if url.startswith("git+") else f"git+{url}"
    return f"{full}{f'@{revision}' if revision else ''}{_subdirectory(node, '#')}"


def _subdirectory(node: Node, mark: str) -> str:
    folder = node.get("subdirectory", "").string()
    return f"{mark}subdirectory={folder}" if folder else ""
