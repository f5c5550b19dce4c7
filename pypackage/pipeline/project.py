"""Requirements of a project folder: from its lock, its declarations, or its built metadata."""

from __future__ import annotations

import sys
from pathlib import Path

from pypackage.backends.pypi import uv
from pypackage.core.errors import ProcessError, RequirementsError
from pypackage.core.progress import Reporter
from pypackage.requirements import formats
from pypackage.requirements.formats import document, requirements_txt
from pypackage.requirements.formats.requirements_txt import Line
from pypackage.requirements.match_specs import conda_range
from pypackage.requirements.model import Requirements

FILES = ("uv.lock", "pyproject.toml", "setup.py", "setup.cfg")


def is_project(folder: Path) -> bool:
    """Whether a folder is that of a Python project."""
    return any((folder / name).is_file() for name in FILES)


def of_folder(folder: Path, reporter: Reporter) -> Requirements:
    """What the project in a folder needs, and the project itself if it is one to be built.

    As uv has it, a project is built if its pyproject.toml says by what (`[build-system]`), and
    only its dependencies are meant if not.

    Raises:
        RequirementsError: The lock or a declaration is not valid, or cannot be taken.
    """
    if (folder / "uv.lock").is_file():
        return _locked(folder)
    declared = folder / "pyproject.toml"
    if declared.is_file() and not _is_built(declared):
        return of_manifest(str(declared), reporter)
    return Requirements(python="", pip=(str(folder.absolute()),))


def of_manifest(path: str, reporter: Reporter) -> Requirements:
    """The dependencies that a pyproject.toml or pixi.toml declares, without its groups.

    Raises:
        RequirementsError: One is not valid, or comes from where it cannot be taken.
    """
    found = formats.read(path)
    for warning in found.warnings:
        reporter.warning(warning)
    own = [one for ones in found.requirements.values() for one in ones if not one.group]
    for one in own:
        if one.refused:
            name = one.requirement.name
            raise RequirementsError(f"{one.place}: {name}: {one.refused} cannot be taken")
    python = (f"python{conda_range(versions)}" for versions, _ in found.requires_python)
    return Requirements(
        python="",
        channels=found.channels,
        dependencies=(*python, *(one.conda for one in own if one.conda)),
        pip=tuple(str(one.requirement) for one in own if not one.conda),
    )


def _is_built(path: Path) -> bool:
    top = document.of_toml(path.read_text(encoding="utf-8-sig", errors="replace"), str(path))
    return top.has("build-system") or (path.parent / "setup.py").is_file()


def _locked(folder: Path) -> Requirements:
    """The packages of a uv.lock, as `uv sync --frozen --no-dev` installs them."""
    label = str(folder / "uv.lock")
    arguments = ["export", "--frozen", "--offline", "--no-dev", "--no-header", "--no-annotate"]
    try:
        text = uv.run(
            [*arguments, "--project", folder.absolute()],
            Path(sys.executable),
            Path(sys.prefix),
            choosing=True,
        )
    except ProcessError as error:
        raise RequirementsError(f"{label} cannot be read", uv.message(error)) from error
    lines = (Line(one, label) for one, _ in requirements_txt.lines(text, label))
    return requirements_txt.collect(requirements_txt.entries(lines, str(folder.absolute())))
