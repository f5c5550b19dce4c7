"""Write requirements as requirements.txt or environment.yml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pypackage.core import package_names
from pypackage.requirements.match_specs import parse_match_spec
from pypackage.requirements.model import Requirements


def requirements_txt(requirements: Requirements) -> str:
    """Write a requirements.txt: one requirement a line, sorted.

    Conda packages get their PyPI name if it is known; one that is not on PyPI becomes
    a comment. So does the Python version: pip cannot choose it.
    """
    lines = set(requirements.pip)
    absent = []
    for spec in requirements.dependencies:
        if _name(spec) == "python":
            continue
        line = _pip(spec)
        if line:
            lines.add(line)
        else:
            absent.append(f"# not on PyPI: {spec}")
    head = [f"# Python {requirements.python}"] if requirements.python else []
    return "".join(f"{line}\n" for line in (*head, *sorted(absent), *sorted(lines)))


def environment_yml(requirements: Requirements, name: str = "") -> str:
    """Write an environment.yml, as conda, mamba and micromamba read it.

    Args:
        requirements: What is needed; the default channel is conda-forge.
        name: Of the environment; left out if empty, so that the user gives one.
    """
    specs = sorted(one for one in requirements.dependencies if _name(one) != "python")
    python = [one for one in requirements.dependencies if _name(one) == "python"]
    if not python and requirements.python:
        python = [f"python={requirements.python}"]
    if requirements.pip and not any(_name(one) == "pip" for one in specs):
        specs = ["pip", *specs]  # conda warns if pip is used but not requested
    lines = [f"name: {_scalar(name)}"] if name else []
    lines += _list("channels", requirements.channels or ("conda-forge",))
    lines += _list("dependencies", (*python, *specs))
    if requirements.pip:
        lines += ["  - pip:", *(f"      - {_scalar(one)}" for one in sorted(requirements.pip))]
    return "".join(f"{line}\n" for line in lines)


def _list(key: str, values: tuple[str, ...]) -> Iterator[str]:
    if not values:
        yield f"{key}: []"
        return
    yield f"{key}:"
    yield from (f"  - {_scalar(one)}" for one in values)


def _scalar(text: str) -> str:
    """Write a YAML string, in quotes only if it could be read as something else."""
    plain = re.fullmatch(r"[A-Za-z_][\w.+/=<>!*~,\[\]-]*(?:://[\w.+/~-]+)?", text)
    words = ("true", "false", "yes", "no", "on", "off", "null", "y", "n", "none")
    if plain and text.lower() not in words:
        return text
    return json.dumps(text, ensure_ascii=False)


def _name(spec: str) -> str:
    return parse_match_spec(spec)[0].lower()


def _pip(spec: str) -> str:
    """Convert a conda match spec to a requirement of pip; empty if PyPI is not known to have it.

    A range that only conda can express is left out, and so are builds.
    """
    name, versions = parse_match_spec(spec)
    pypi = package_names.pypi_name(name.lower())
    return f"{pypi}{versions or ''}" if pypi else ""
