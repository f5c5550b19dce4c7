"""Read environment.yml as conda, mamba and micromamba do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pypackage.core import platforms
from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import requirements_txt
from pypackage.requirements.formats.document import Node, repr_short
from pypackage.requirements.formats.requirements_txt import Line
from pypackage.requirements.match_specs import HOW_LISTED, VERSION, python_version
from pypackage.requirements.model import Requirements

KEYS = ("name", "channels", "dependencies", "prefix", "variables")
"""The known keys at the top."""


class EnvironmentFile(NamedTuple):
    """The content of an environment.yml; its `name` and `prefix` are ignored.

    Attributes:
        channels: As they are written, by priority.
        specs: Conda match specs.
        pip: Lines of a requirements file.
        variables: Environment variables for the program.
    """

    channels: tuple[str, ...]
    specs: tuple[Line, ...]
    pip: tuple[Line, ...]
    variables: Mapping[str, str]


def read(top: Node, platform: str = "") -> EnvironmentFile:
    """Read an environment.yml, or JSON of the same structure.

    Args:
        top: The file.
        platform: Conda's name of the target platform; by default this machine's.

    Raises:
        RequirementsError: It is not valid; the message names the place.
    """
    listed = top.get("dependencies", []).items()
    nested = [one for one in listed if isinstance(one.value, dict)]
    return EnvironmentFile(
        top.get("channels", []).strings(),
        tuple(line for one in listed for line in _specs(one, platform or platforms.here())),
        tuple(line for one in nested for line in _pip_lines(one)),
        dict(_variable(*one) for one in top.get("variables", {}).entries()),
    )


def requirements(top: Node, folder: str, platform: str = "") -> Requirements:
    """Return what `create` installs.

    Args:
        folder: The file's; paths in its `pip` list are relative to it.
        platform: Conda's name of the target platform; by default this machine's.

    Raises:
        RequirementsError: It is not valid; the message names the place.
        InputPathError: A file that it names cannot be read.
    """
    found = read(top, platform)
    specs = tuple(spec.text for spec in found.specs)
    return requirements_txt.collect(requirements_txt.entries(found.pip, folder))._replace(
        python=_python(specs),
        channels=found.channels,
        dependencies=specs,
        variables=found.variables,
    )


def declare(made: Collector, top: Node, folder: str) -> None:
    """Add what the file declares; see `requirements`."""
    found = read(top)
    made.channels += found.channels
    for spec in found.specs:
        made.add_conda(*spec)
    requirements_txt.declare(made, requirements_txt.entries(found.pip, folder))


def _specs(node: Node, platform: str) -> Iterator[Line]:
    """Yield the match specs of an item of the dependencies, for a platform."""
    if not isinstance(node.value, dict):
        spec = node.string().strip()
        if re.match(r"(?:\S+::)?[\w.-]+\[[^=\]]*\]", spec):
            raise node.invalid(
                f"{spec}: conda packages have no extras",
                "leave them out, which conda does in silence, or list it under pip",
            )
        yield Line(spec, node.place)
        return
    for key, one in node.entries():
        # Of micromamba and mamba 2: `- sel(linux): NAME`.
        system = re.fullmatch(r"sel\((linux|osx|unix|win)\)", key)
        if system and system[1] in (platform.partition("-")[0], "unix"):
            yield Line(one.string().strip(), one.place)
        elif key != "pip" and not system:
            raise node.invalid(f"expected only the key 'pip', not {key!r}", HOW_LISTED)


def _pip_lines(nested: Node) -> Iterator[Line]:
    listed = nested.get("pip", [])
    if listed.value:
        for one in listed.items():
            text = requirements_txt.without_comment(one.string())
            if text:
                yield Line(text, one.place)


def _python(specs: tuple[str, ...]) -> str:
    """Return the exact version of Python that is requested; empty for a range or none."""
    versions = (python_version(spec) for spec in specs)
    return next((one for one in versions if one and re.fullmatch(VERSION, one)), "")


def _variable(name: str, node: Node) -> tuple[str, str]:
    if not re.fullmatch(r"(?a:[^\W\d]\w*)", name):
        raise node.invalid(f"{name!r} is not a name that a variable of the shell can have")
    value = node.value
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if is_int and value.bit_length() <= 64:  # YAML reads `1` as a number
        return name, str(value)
    if not isinstance(value, str):
        raise node.invalid(f"expected a string, not {repr_short(value)}", "write it in quotes")
    return name, value
