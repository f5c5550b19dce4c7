"""Build project folders (pyproject.toml or setup.py) into wheels with uv."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pypackage.backends import conda_meta
from pypackage.backends.pypi import build as pypi_build
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.install import unpack
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core.errors import InstallError, SolveError
from pypackage.core.package_names import normalize
from pypackage.prefix.own_code import Project
from pypackage.python import dist_info
from pypackage.requirements.pep508 import allows, parse
from pypackage.requirements.selected import known_names


@dataclass(frozen=True)
class Built:
    """A project's wheel.

    Attributes:
        name: Its normalized name.
        version: Its version.
        requires: Its requirements, including those of the requested extras (PEP 508).
        requires_python: The versions of Python that it supports (PEP 440); empty for any.
        wheel: The file.
        project: The project that it was built from.
    """

    name: str
    version: str
    requires: tuple[str, ...]
    requires_python: str
    wheel: Path
    project: Project

    @property
    def is_pure(self) -> bool:
        """Whether it works on every machine and with every Python 3."""
        return self.wheel.name.endswith("-none-any.whl")

    def suits(self, prefix: Path) -> bool:
        """Whether it works with the Python of a prefix."""
        found = re.search(r"-cp(\d)(\d+)-cp\d+-[^-]+\.whl$", self.wheel.name)
        return self.is_pure or bool(
            found and (prefix / "bin" / f"python{found[1]}.{found[2]}").exists()
        )


def build(projects: Sequence[Project], scratch: Path) -> tuple[Built, ...]:
    """Build wheels with the running interpreter, to learn what the projects require.

    Nothing is written into the projects' folders.

    Args:
        projects: The projects.
        scratch: A folder that must exist as long as the wheels are needed.

    Raises:
        SolveError: A project cannot be built.
        RequirementsError: A project does not have a requested extra.
    """
    made = []
    for number, project in enumerate(projects):
        folder, place = project.folder, scratch / str(number)
        wheel = pypi_build.wheel(folder, place, Path(sys.executable), SolveError)
        made.append(_described(wheel, project))
    return tuple(made)


def install(
    built: Sequence[Built],
    prefix: Path,
    target_prefix: Path,
    context: ResolutionContext,
    scratch: Path,
) -> None:
    """Install the wheels; those incompatible with the prefix's Python are built again with it.

    Raises:
        SolveError: A project does not support the Python.
        InstallError: A wheel cannot be built or installed.
    """
    python = prefix / "bin" / "python"
    version = conda_meta.versions(prefix).get("python", "")
    packages = []
    for number, one in enumerate(built):
        if version and not allows(one.requires_python, version):
            raise SolveError(
                f"{one.project.folder} requires Python {one.requires_python}, not {version}",
                "require such a Python beside it, or name its interpreter (-c host:PYTHON)",
            )
        wheel = one.wheel
        if not context.platform and not one.suits(prefix):
            folder, place = one.project.folder, scratch / f"again-{number}"
            wheel = pypi_build.wheel(folder, place, python, InstallError)
        digest = sha256(wheel.read_bytes()).hexdigest()
        packages.append(PyPIPackage(one.name, one.version, wheel.as_uri(), digest))
    unpack(packages, prefix, python, context)
    names_built = {one.name for one in built}
    dist_info.make_relocatable(prefix, target_prefix, names_built, names_built)


def _described(wheel: Path, project: Project) -> Built:
    """Read the metadata in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        path = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        head = archive.read(path).decode(errors="replace").split("\n\n", 1)[0]
    name, version = (re.findall(rf"^{key}: *(.+?)\s*$", head, re.M)[0] for key in _KEYS)
    requires = re.findall(r"^Requires-Dist: *(.+?)\s*$", head, re.M)
    pythons = ",".join(re.findall(r"^Requires-Python: *(.+?)\s*$", head, re.M))
    provided = re.findall(r"^Provides-Extra: *(.+?)\s*$", head, re.M)
    found = known_names(sorted(project.extras), provided, "extra", str(project.folder))
    needed = required(normalize(name), requires, frozenset(map(normalize, found)))
    return Built(normalize(name), version, tuple(needed), pythons, wheel, project)


_KEYS = ("Name", "Version")


def required(name: str, requires: Sequence[str], extras: frozenset[str]) -> list[str]:
    """The requirements of a project with some extras, including extras that these refer to.

    Args:
        name: Its normalized name; a requirement `name[extra]` of an extra refers to that extra.
        requires: The requirements in its metadata.
        extras: The normalized names of the extras.
    """
    needed = [line for one in requires if (line := wanted(one, extras))]
    itself = [one for one in needed if _name(one) == name]
    more = frozenset(normalize(extra) for one in itself for extra in parse(one).extras)
    if more <= extras:
        return [one for one in needed if one not in itself]
    return required(name, requires, extras | more)


def _name(requirement: str) -> str:
    return normalize(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def wanted(requirement: str, extras: frozenset[str]) -> str:
    """Evaluate the extras in a requirement's marker; empty if the requirement does not apply.

    Args:
        extras: The normalized names of the extras.
    """

    def settled(found: re.Match[str]) -> str:
        return f"python_version {'>' if normalize(found[1]) in extras else '<'} '0'"

    text = re.sub(r"extra\s*==\s*['\"]([^'\"]+)['\"]", settled, requirement)
    return "" if re.search(r";\s*python_version < '0'\s*$", text) else text
