"""The package indexes of a project: those of [tool.uv], [tool.poetry] and [tool.pdm].

Sources: uv, "Package indexes"; Poetry, "Repositories"; PDM, "Configure package indexes".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pypackage.requirements.formats.document import Node


def options(top: Node, folder: Path) -> tuple[str, ...]:
    """Return the indexes that apply to all packages, as pip's options.

    Indexes that only apply to packages that name them are left out.

    Args:
        top: A pyproject.toml.
        folder: The file's; paths in it are relative to it.
    """
    tools = top.get("tool", {})
    found = [*_of_uv(tools.get("uv", {})), *_of_poetry(tools.get("poetry", {}))]
    found += _of_pdm(tools.get("pdm", {}))
    told = (f"--{option}={_place(where, folder)}" for option, where in found)
    return tuple(dict.fromkeys(told))


def _of_uv(table: Node) -> Iterator[tuple[str, str]]:
    for one in table.get("index", []).items():
        if not one.get("explicit", False).value:
            is_list = one.get("format", "").string() == "flat"
            yield _option(bool(one.get("default", False).value), is_list), one.required("url")
    if table.has("index-url"):
        yield "index-url", table.required("index-url")
    for key in ("extra-index-url", "find-links"):
        for where in table.get(key, []).strings():
            yield key, where


def _of_poetry(table: Node) -> Iterator[tuple[str, str]]:
    """Yield Poetry's sources: the first primary one replaces PyPI unless PyPI is named too."""
    listed = table.get("source", []).items()
    has_pypi = any(one.get("name", "").string().lower() == "pypi" for one in listed)
    for one in listed:
        priority = one.get("priority", "primary").string()
        if one.get("name", "").string().lower() == "pypi" or priority == "explicit":
            continue
        stands = not has_pypi and priority in ("primary", "default")
        has_pypi = has_pypi or stands
        yield _option(stands, False), one.required("url")


def _of_pdm(table: Node) -> Iterator[tuple[str, str]]:
    for one in table.get("source", []).items():
        # One with `include_packages` is used for all packages here.
        is_default = one.get("name", "").string() == "pypi"
        yield _option(is_default, one.get("type", "").string() == "find_links"), one.required("url")


def _option(is_default: bool, is_list: bool) -> str:
    return "find-links" if is_list else "index-url" if is_default else "extra-index-url"


def _place(where: str, folder: Path) -> str:
    return where if "://" in where else (folder / where).absolute().as_uri()
