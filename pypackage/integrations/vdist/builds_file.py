"""Read builds.yml: many builds in one file, named like the arguments of `Builder.add_build`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pypackage.core.errors import InputPathError, PackageError
from pypackage.core.progress import Reporter
from pypackage.integrations.vdist import source
from pypackage.integrations.vdist.build import LISTS, TYPES
from pypackage.integrations.vdist.builder import Builder
from pypackage.integrations.vdist.source import Source
from pypackage.requirements.formats import document
from pypackage.requirements.formats.document import Node

_TYPES = {"app": str, "version": str, "profile": str, **TYPES}
_NEEDED = ("app", "version", "profile", "source")
_SOURCES = {"git": ("uri", "branch"), "directory": ("path",), "git_directory": ("path", "branch")}


def load(path: Path, reporter: Reporter) -> Builder:
    """Read builds; relative paths in the file start at its folder.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is invalid; the message names the place.
        UsageError: A build is not possible.
    """
    with InputPathError.wrapping("cannot read the builds", path):
        top = document.of_yaml(path.read_bytes(), str(path))
    for key, one in top.entries():
        if key not in ("builds", "profiles_dir"):
            raise one.invalid("expected builds or profiles_dir")
    folder = top.get("profiles_dir", "").string()
    nodes = top.get("builds", []).items()
    if not nodes:
        raise top.invalid("there are no builds in it")
    builds = [(node, _build(node)) for node in nodes]
    builder = Builder(folder or None, base=path.absolute().parent, reporter=reporter)
    for node, build in builds:
        try:
            builder.add_build(**build)
        except PackageError as error:
            raise type(error)(f"{node.place}: {error.message}", error.hint) from None
    return builder


def _build(node: Node) -> dict[str, Any]:
    found = {key: _value(key, one) for key, one in node.entries()}
    missing = [key for key in _NEEDED if not found.get(key)]
    if missing:
        raise node.invalid(f"{missing[0]}: missing")
    return found


def _value(key: str, node: Node) -> Any:
    if key == "scripts":
        return {moment: path.string() for moment, path in node.entries()}
    if key == "source":
        return _source(node)
    if key not in _TYPES:
        raise node.invalid("a build has no such key", "see docs/os-packages.md")
    if _TYPES[key] is bool:
        return node.boolean()
    return node.strings() if key in LISTS else _text(node)


def _text(node: Node) -> str:
    """A string of any number of lines; numbers are rejected, as they may have lost digits."""
    if isinstance(node.value, int | float):
        raise node.invalid(f"{node.value} is a number", "write it in quotes")
    if isinstance(node.value, str):
        return node.value.strip()
    return node.string()


def _source(node: Node) -> Source:
    kinds = [key for key, _ in node.entries()]
    if len(kinds) != 1 or kinds[0] not in _SOURCES:
        raise node.invalid(f"expected one of {', '.join(_SOURCES)}")
    kind, inner = kinds[0], node.get(kinds[0], {})
    keys = _SOURCES[kind]
    for key, one in inner.entries():
        if key not in keys:
            raise one.invalid(f"expected {' and '.join(keys)}")
    words = {key: one.string() for key, one in inner.entries()}
    place = os.path.expanduser(inner.required(keys[0]))
    del words[keys[0]]
    if kind == "directory":
        return source.directory(place)
    return (source.git if kind == "git" else source.git_directory)(place, **words)
