"""What a conda environment's file declares."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pypackage.core.errors import RequirementsError
from pypackage.core.names import pypi_name
from pypackage.requirements.declarations import Collector, Declaration
from pypackage.requirements.formats import declared_requirements_txt
from pypackage.requirements.match_specs import parse_match_spec
from pypackage.requirements.pep508 import parse


def take(made: Collector, text: str, path: str) -> None:
    """The channels and dependencies of a conda environment's file."""
    import yaml

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        what = getattr(error, "problem", "") or str(error).partition("\n")[0]
        raise RequirementsError(f"{place}: not valid YAML: {what}") from None
    except (ValueError, RecursionError) as error:
        raise RequirementsError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise RequirementsError(f"{path}: expected a mapping with dependencies")
    made.channels += (one for one, _ in _yaml_strings(data, "channels", path, text))
    for one in _yaml_list(data, "dependencies", path):
        if isinstance(one, dict):
            for requirement, place in _yaml_strings(one, "pip", path, text):
                _pip_entry(made, requirement, place, path)
        elif isinstance(one, str):
            _conda(made, one, _place_in(text, one, path))
        else:
            raise RequirementsError(f"{path}: dependencies: expected a string, not {one!r}")


def _pip_entry(made: Collector, requirement: str, place: str, path: str) -> None:
    """A line of the `pip` list, which may be any line of a requirements file."""
    before = len(made.requirements)
    declared_requirements_txt.take(made, requirement, path, {os.path.abspath(path)})
    for index in range(before, len(made.requirements)):
        one = made.requirements[index]
        if one.place == f"{path}:1":
            made.requirements[index] = Declaration(one.requirement, place)


def _conda(made: Collector, spec: str, place: str) -> None:
    """A conda match spec; that of Python says for which one."""
    name, versions = parse_match_spec(spec)
    if not re.fullmatch(r"(?a:\w(?:[\w.-]*\w)?)", name):
        raise RequirementsError(f"{place}: not a conda package: {spec!r}")
    if name == "python":
        if versions:
            made.python(str(versions), place)
    elif re.match(r"[A-Za-z0-9]", name):
        known = pypi_name(name) or name.strip("_")
        requirement = parse(f"{known}{versions or ''}")
        made.requirements.append(Declaration(requirement, place, conda=spec.strip()))


def _yaml_list(data: Mapping[str, Any], key: str, path: str) -> list[Any]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise RequirementsError(f"{path}: {key}: expected a list")
    return value


def _yaml_strings(
    data: Mapping[str, Any], key: str, path: str, text: str
) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(_yaml_list(data, key, path)):
        if not isinstance(one, str):
            raise RequirementsError(f"{path}: {key}[{index}]: expected a string, not {one!r}")
        yield one, _place_in(text, one, path)


def _place_in(text: str, value: str, path: str) -> str:
    """The first line with a value; it need not stand there as it is read."""
    for number, line in enumerate(text.splitlines(), 1):
        if value in line and not line.lstrip().startswith("#"):
            return f"{path}:{number}"
    return path
