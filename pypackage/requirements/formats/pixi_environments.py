"""An environment of a pixi manifest: the features that it is composed of.

Source: pixi's reference, "The pixi manifest", on features, environments and targets.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from pypackage.core.typed import NamedTuple
from pypackage.requirements.declarations import Source
from pypackage.requirements.formats import pixi, sources
from pypackage.requirements.formats.document import Node, repr_short
from pypackage.requirements.match_specs import VERSION
from pypackage.requirements.model import Requirements
from pypackage.requirements.pep508 import parse
from pypackage.requirements.selected import hint_of

DEFAULT = "default"
# The virtual packages of system requirements.
_VIRTUAL = {"cuda": "__cuda", "libc": "__glibc", "linux": "__linux", "macos": "__osx"}


_BUILD = "build it (pixi build), and name the channel that it is in then"


class Environment(NamedTuple):
    """An environment of a manifest.

    Attributes:
        requirements: Its requirements.
        warnings: What pixi would do, and is not done here.
    """

    requirements: Requirements
    warnings: tuple[str, ...]


def names(top: Node) -> list[str]:
    """Return the names of a manifest's environments."""
    return list(dict.fromkeys([DEFAULT, *(name for name, _ in _table(top).entries())]))


def read(
    top: Node, name: str, folder: str, platform: str, of_project: Mapping[str, Requirements]
) -> Environment:
    """Read an environment of a manifest.

    Args:
        top: The manifest, or [tool.pixi] of a pyproject.toml.
        name: The environment; by default `default`.
        folder: The manifest's; paths in it are relative to it.
        platform: Conda's name of the target platform.
        of_project: The requirements of the project in the same pyproject.toml: under `default`,
            and by its groups and extras, which are features of the same names.

    Raises:
        RequirementsError: There is no such environment, it is not for the platform, or
            something in it is of the wrong type or not supported.
    """
    name = name or DEFAULT
    if name not in names(top):
        raise top.invalid(
            f"has no environment {name!r}", hint_of(name, names(top), "--environment")
        )
    listed = _features(top, name)
    features = [*_named(top, name, listed, of_project)]
    _check_platform(top, name, features, platform)
    parts = [_Feature(top, one, folder, platform) for one in features]
    own = [of_project[key] for key in (*listed, DEFAULT) if key in of_project]
    if not _has_default(top, name):
        own = own[: len([key for key in listed if key in of_project])]
    return Environment(_together(parts, own), tuple(_warnings(top, name)))


class _Feature:
    """The content of one feature for a platform."""

    def __init__(self, top: Node, table: Node, folder: str, platform: str) -> None:
        tables = [table, *_targets(table, platform)]
        conda = {one[0]: one[1:] for part in tables for one in pixi.conda(part)}
        projects = [*_projects(conda, folder)]
        pypi = {one[0]: one[1:] for part in tables for one in pixi.pypi(part)}
        for spec, node, refused in conda.values():
            if refused:
                raise node.invalid(f"{spec}: {refused} cannot be taken", _BUILD)
        self.channels = pixi.channels(table) or pixi.channels(pixi.workspace(top))
        self.specs = [spec for spec, _, _ in conda.values()]
        self.pip = [*projects, *(_requirement(*one, folder) for one in pypi.values())]
        self.options = [*_options(table.get("pypi-options", {}), folder)]
        self.variables = {
            key: one.string()
            for part in tables
            for key, one in part.get("activation", {}).get("env", {}).entries()
        }
        self.system = dict(_system(table.get("system-requirements", {})))


def _together(parts: Iterable[_Feature], own: Iterable[Requirements]) -> Requirements:
    parts, own = list(parts), list(own)
    channels = [one for part in parts for one in part.channels]
    specs = [one for part in parts for one in part.specs]
    specs += [one for part in own for one in part.dependencies]
    pip = [one for part in parts for one in part.pip]
    pip += [one for part in own for one in part.pip]
    variables = {k: v for part in reversed(parts) for k, v in part.variables.items()}
    system: dict[str, str] = {}
    for part in parts:
        for key, version in part.system.items():
            system[key] = max(system.get(key, ""), version, key=_numbers)
    return Requirements(
        python="",
        channels=tuple(dict.fromkeys(channels)),
        dependencies=tuple(dict.fromkeys(specs)),
        pip=tuple(dict.fromkeys(pip)),
        pip_options=tuple(dict.fromkeys(one for part in parts for one in part.options)),
        variables=variables,
        system=system,
    )


# --- which features ----------------------------------------------------------------------


def _table(top: Node) -> Node:
    return top.get("environments", {})


def _features(top: Node, name: str) -> list[str]:
    node = _table(top).get(name, [])
    listed = node.get("features", []) if isinstance(node.value, dict) else node
    return list(listed.strings())


def _has_default(top: Node, name: str) -> bool:
    node = _table(top).get(name, {})
    return not (isinstance(node.value, dict) and node.get("no-default-feature", False).value)


def _named(
    top: Node, name: str, listed: Iterable[str], of_project: Mapping[str, Requirements]
) -> Iterator[Node]:
    features = dict(top.get("feature", {}).entries())
    known = {*features, *of_project} - {DEFAULT}
    for one in listed:
        if one not in known:
            has = ", ".join(sorted(known)) or "none"
            raise _table(top).get(name, []).invalid(f"there is no feature {one!r}", f"has: {has}")
        if one in features:
            yield features[one]
    if _has_default(top, name):
        yield top


def _check_platform(top: Node, name: str, features: Iterable[Node], platform: str) -> None:
    for table in (pixi.workspace(top), *features):
        listed = table.get("platforms", [])
        known = [
            one.get("platform", "").string() if isinstance(one.value, dict) else one.string()
            for one in listed.items()
        ]
        if known and platform not in known:
            raise listed.invalid(
                f"the environment {name!r} is for {', '.join(known)}, not for {platform}",
                "add it there, or say --platform",
            )


def _targets(table: Node, platform: str) -> list[Node]:
    """Return the tables of a feature for a platform, the most specific last."""
    family = platform.partition("-")[0]
    selectors = (*(("unix",) if family in ("linux", "osx") else ()), family, platform)
    return [table.get("target", {}).get(one, {}) for one in selectors]


def _warnings(top: Node, name: str) -> Iterator[str]:
    node = _table(top).get(name, {})
    group = node.get("solve-group", "").string() if isinstance(node.value, dict) else ""
    others = [
        other
        for other, one in _table(top).entries()
        if other != name and isinstance(one.value, dict) and one.value.get("solve-group") == group
    ]
    if top.get("dev", {}).value:
        yield f"{top.get('dev', {}).place}: what [dev] needs to be built is left out"
    if group and others:
        yield (
            f"{node.place}: pixi solves {name} together with {', '.join(others)} (solve-group "
            f"{group}); here it is solved alone, a pixi.lock has the common versions"
        )


# --- what they say -----------------------------------------------------------------------


def _projects(conda: dict[str, tuple[str, Node, str]], folder: str) -> Iterator[str]:
    """Remove the folders of Python projects from the conda dependencies, and yield them."""
    for name, (_, node, _) in list(conda.items()):
        if not (isinstance(node.value, dict) and node.has("path")):
            continue
        path = os.path.abspath(os.path.join(folder, node.get("path", "").string()))
        if any(os.path.isfile(os.path.join(path, one)) for one in ("pyproject.toml", "setup.py")):
            del conda[name]
            yield path


def _requirement(text: str, node: Node, source: Source, folder: str) -> str:
    try:
        requirement = parse(text)
    except ValueError as error:
        raise node.invalid(f"not a requirement: {text!r}: {error}") from None
    if source.path:
        return sources.local(requirement.name, requirement.extras, source.path, folder)
    if source.refused:
        raise node.invalid(
            f"{source.refused} cannot be taken for one package alone",
            "a pixi.lock records where each comes from (pixi lock)",
        )
    requirement.url = source.url or requirement.url
    return str(requirement)


def _options(table: Node, folder: str) -> Iterator[str]:
    """Yield where packages from PyPI are looked for, as options of pip."""
    if table.has("index-url"):
        yield f"--index-url={table.get('index-url', '').string()}"
    for url in table.get("extra-index-urls", []).strings():
        yield f"--extra-index-url={url}"
    for one in table.get("find-links", []).items():
        path = one.get("path", "").string()
        where = os.path.abspath(os.path.join(folder, path)) if path else one.get("url", "").string()
        yield f"--find-links={where}"


def _system(table: Node) -> Iterator[tuple[str, str]]:
    """Yield the virtual packages of system requirements, with their versions."""
    for key, node in table.entries():
        value = node.get("version", "") if isinstance(node.value, dict) else node
        if key in _VIRTUAL:
            text = value.value if isinstance(value.value, str) else repr_short(value.value)
            if not re.fullmatch(VERSION, text):
                raise value.invalid(f"expected a version, not {repr_short(text)}")
            yield _VIRTUAL[key], text


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
