"""Find existing environments: conda's by folder or name, virtual ones by folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pypackage.archive import parts
from pypackage.backends.conda import condarc
from pypackage.core.errors import InputPathError
from pypackage.requirements.formats import forms
from pypackage.requirements.model import Requirements


@dataclass(frozen=True)
class Installed:
    """A conda environment on this machine, to be packed as it is.

    Attributes:
        prefix: Its folder, absolute.
    """

    prefix: Path


def is_environment(folder: Path) -> bool:
    """Whether a folder is a conda or virtual environment."""
    return (folder / "conda-meta").is_dir() or (folder / "pyvenv.cfg").is_file()


def of_folder(folder: Path) -> Installed | Requirements:
    """The conda environment in a folder, or the packages of a virtual one, for the host channel.

    Raises:
        InputPathError: The folder is not an environment.
    """
    if (folder / "conda-meta").is_dir():
        return Installed(Path(os.path.abspath(folder)))
    if (folder / "pyvenv.cfg").is_file():
        return _of_virtual(Path(os.path.abspath(folder)))
    if parts.manifest_of(folder):
        raise InputPathError(
            f"{folder} is {forms.MADE.name}, which is not accepted", forms.MADE.way
        )
    raise InputPathError(
        f"{folder} is neither a conda environment, a virtual one nor a project",
        "for a folder of programs: python_package_analyze FOLDER FILE, and then FILE",
    )


def of_name(name: str, environ: Mapping[str, str] = os.environ) -> Installed | None:
    """The environment that conda knows by a name; None if there is none."""
    for folder in _candidates(name, environ):
        if os.path.isdir(folder / "conda-meta"):  # False if the name is too long
            return Installed(folder)
    return None


def _candidates(name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Where an environment of this name may be, in conda's search order."""
    if os.sep in name or not name:
        return
    roots = [*_roots(environ)]
    if name == "base":
        yield from roots
        return
    home = condarc.home(environ)
    yield condarc.envs_folder(environ) / name
    for variable in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        for folder in environ.get(variable, "").split(os.pathsep):
            yield from [Path(folder, name)] if folder else []
    folders = [*condarc.load(environ).envs_dirs, *(root / "envs" for root in roots)]
    yield from (folder / name for folder in [*folders, home / ".conda" / "envs"])
    yield from (prefix for prefix in condarc.known_environments(environ) if prefix.name == name)


def _roots(environ: Mapping[str, str]) -> Iterator[Path]:
    """The prefixes of conda installations."""
    for variable in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX"):
        if environ.get(variable):
            yield Path(environ[variable])
    for variable in ("CONDA_EXE", "MAMBA_EXE"):
        if environ.get(variable):
            yield Path(environ[variable]).parent.parent


def _of_virtual(folder: Path) -> Requirements:
    """All packages installed in a virtual environment, in their versions."""
    from pypackage.python import interpreter
    from pypackage.python.distributions import scan

    python = interpreter.ask(folder / "bin" / "python")
    own = [place for place in python.search_path if place.is_relative_to(folder)]
    return Requirements(
        python=python.version,
        channels=(f"host:{python.executable}",),
        pip=tuple(sorted(f"{found.key}=={found.version}" for found in scan(own))),
    )
