"""Readers for the files in which authors declare packages and Python versions.

Inline metadata of a script (PEP 723), pyproject.toml, requirements.txt and environment.yml
are read to one form. Everything has its place, such as `requirements.txt:3`, for messages.
"""

from __future__ import annotations

import os

from pypackage.core.typed import TYPE_CHECKING
from pypackage.requirements.declarations import Declaration, Declarations, merge
from pypackage.requirements.pep508 import allows, holds, markers, parse

if TYPE_CHECKING:
    from pypackage.requirements.formats.document import Node

__all__ = ["Declaration", "Declarations", "allows", "holds", "inline", "markers", "merge"]
__all__ += ["of_pyproject", "parse", "read"]

# The readers are imported where needed: most scripts declare nothing.


def inline(source: str, path: str) -> Declarations:
    """Read a script's inline metadata (PEP 723); its declarations are `wanted`.

    Raises:
        RequirementsError: There are two blocks, or the block is not valid.
    """
    from pypackage.requirements.formats import inline_metadata

    return inline_metadata.read(source, path)


def of_pyproject(top: Node) -> Declarations:
    """Return the declarations in the content of a pyproject.toml or pixi.toml.

    Raises:
        RequirementsError: It is not valid.
    """
    from pypackage.requirements.declarations import Collector
    from pypackage.requirements.formats import pyproject

    made = Collector()
    pyproject.declare(made, top)
    return made.made()


def read(path: str) -> Declarations:
    """Return the declarations in a file, by its name; a requirements file unless it is known.

    Known are pyproject.toml (pixi.toml), environment.yml (.yaml), setup.cfg, setup.py and Pipfile.

    Raises:
        InputPathError: It, or a file that it includes, cannot be read.
        RequirementsError: It is not valid.
    """
    from pypackage.core.reading import read_text
    from pypackage.requirements.declarations import Collector
    from pypackage.requirements.formats import (
        document,
        environment_yml,
        pipfile,
        pyproject,
        requirements_txt,
        setuptools,
    )

    text, folder = read_text(path), os.path.dirname(path)
    made = Collector()
    if os.path.basename(path) == "Pipfile":
        pipfile.declare(made, document.of_toml(text, path))
    elif path.endswith(".cfg"):
        setuptools.declare_cfg(made, text, path)
    elif path.endswith(".py"):
        setuptools.declare_py(made, text, path)
    elif path.endswith(".toml"):
        pyproject.declare(made, document.of_toml(text, path))
    elif path.endswith((".yml", ".yaml")):
        environment_yml.declare(made, document.of_yaml(text.encode(), path), folder)
    else:
        lines = requirements_txt.lines(text, path)
        entries = requirements_txt.entries(lines, folder, [os.path.abspath(path)])
        requirements_txt.declare(made, entries)
    return made.made()
