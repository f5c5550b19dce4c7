"""environment.yml, as conda, mamba and micromamba read it."""

from __future__ import annotations

import re

from pypackage.requirements.formats import requirements_txt
from pypackage.requirements.formats.document import Document, Node, repr_short
from pypackage.requirements.match_specs import python_version
from pypackage.requirements.model import Requirements

_VERSION = r"\d+(\.\d+)*((a|b|rc)\d+)?"


def read(document: Document, folder: str) -> Requirements:
    """What an environment's file asks for.

    Its `name` and `prefix` are left to whom makes the environment.

    Args:
        document: The file, or JSON of the same shape.
        folder: Where it lies; paths in its `pip` list are relative to it.

    Raises:
        RequirementsError: It is not valid; the message names the place.
        InputPathError: A file that it names cannot be read.
    """
    with document.error_context():
        top = document.top
        listed = top.get("dependencies", []).items()
        nested = [one for one in listed if isinstance(one.value, dict)]
        specs = tuple(one.string().strip() for one in listed if one not in nested)
        channels = top.get("channels", []).strings()
        variables = dict(_variable(*one) for one in top.get("variables", {}).entries())
        lines = [line for one in nested for line in _pip_lines(one, document)]
    asked = requirements_txt.collect(lines, folder)
    return Requirements(
        python=_python(specs),
        channels=channels,
        dependencies=specs,
        variables=variables,
        **asked.fields(),
    )


def _pip_lines(nested: Node, document: Document) -> list[requirements_txt.Line]:
    nested.only("pip")
    return [
        requirements_txt.Line(text, document.place(one))
        for one in nested.get("pip", []).items()
        for text in (requirements_txt.without_comment(one.string()),)
        if text
    ]


def _python(specs: tuple[str, ...]) -> str:
    """The one version of Python that is asked for; empty for a range or none."""
    versions = (python_version(spec) for spec in specs)
    return next((one for one in versions if one and re.fullmatch(_VERSION, one)), "")


def _variable(name: str, node: Node) -> tuple[str, str]:
    if not re.fullmatch(r"(?a:[^\W\d]\w*)", name):
        raise node.invalid(f"{name!r} is not a name that a variable of the shell can have")
    return name, _text(node)


def _text(node: Node) -> str:
    """A variable's value: YAML takes `1` for a number."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    if not isinstance(node.value, str):
        raise node.invalid(f"expected a string, not {repr_short(node.value)}", "write it in quotes")
    return node.value
