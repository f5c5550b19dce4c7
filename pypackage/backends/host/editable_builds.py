"""Build wheels of editable installs whose files cannot be determined from their sources.

Editable installs of meson-python and scikit-build-core have their extension modules in a folder
known to a loader only, and are built when they are imported. A wheel has all of their files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from pypackage.backends.host import closure
from pypackage.backends.host.files import digest
from pypackage.backends.pypi import build, install
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core import files, fingerprint, toml
from pypackage.core.errors import InstallError, SolveError
from pypackage.core.package_names import normalize
from pypackage.core.progress import Reporter
from pypackage.python import dist_info
from pypackage.python.distributions import Distribution, installed, scan
from pypackage.python.interpreter import Interpreter
from pypackage.requirements import pep508

_FORMAT = 1  # of the builds: increase it to build all again


def settled(
    distribution: Distribution, interpreter: Interpreter, cache: Path, reporter: Reporter
) -> Distribution:
    """Return a distribution whose files can be packed: itself, or a build of its project.

    A build is cached below `cache` until a file of the project changes.

    Args:
        distribution: One that is installed for the interpreter.
        interpreter: The one it is built for: with what is installed there, if that satisfies the
            build's requirements, else isolated, with packages from PyPI or the site's mirror.

    Raises:
        SolveError: It is linked to a project that cannot be built.
    """
    if not needed(distribution):
        return distribution
    project = Path(distribution.project)
    if not any((project / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise SolveError(
            f"{distribution.name} is linked to {project}, which has no pyproject.toml",
            "install it again, or without -e",
        )
    target = cache / _cache_key(distribution, interpreter)
    if not target.is_dir():
        with (
            reporter.task(f"building {distribution.name}, installed in editable mode"),
            files.temporary_folder(cache) as scratch,
        ):
            wheel = _wheel(project, scratch, interpreter)
            _unpack(wheel, target, interpreter)
    found = scan([target / "lib" / f"python{interpreter.major_minor}" / "site-packages"])
    return next(one for one in found if one.key == distribution.key)


def needed(distribution: Distribution) -> bool:
    """Whether it is an editable install whose files its sources do not determine.

    They do if setuptools, hatchling, flit, pdm or poetry installed it.
    """
    try:
        return bool(distribution.project) and not distribution.files
    except SolveError:
        return True


def _cache_key(distribution: Distribution, interpreter: Interpreter) -> str:
    project = Path(distribution.project)
    with SolveError.wrapping(f"{project} cannot be read"):
        content = [
            [str(file.relative_to(project)), fingerprint.of_file(file)]
            for file in build.sources(project)
            if file.is_file()
        ]
    told = [interpreter.version, interpreter.extension_suffix, str(interpreter.executable)]
    return digest([_FORMAT, *told, distribution.name, distribution.version, content])


def _wheel(project: Path, scratch: Path, interpreter: Interpreter) -> Path:
    """Build with what is installed, as the editable install was, else isolated."""
    python, requires = interpreter.executable, _requires(project)
    ways = [False] if _are_at_hand(requires, interpreter) else []
    ways += [True] if requires or not ways else []
    failures = []
    for number, isolated in enumerate(ways):
        try:
            place = scratch / str(number)
            return build.wheel(project, place, python, SolveError, isolated=isolated)
        except SolveError as error:
            failures.append(error)
    what = f"{failures[0].message}, which is installed in editable mode"
    raise SolveError(what, failures[0].hint)


def _requires(project: Path) -> Sequence[str]:
    """Return the build requirements that pyproject.toml declares."""
    try:
        data: Mapping[str, object] = toml.loads((project / "pyproject.toml").read_text("utf-8"))
        system = data.get("build-system", {})
        return list(system["requires"]) if isinstance(system, dict) else []
    except (OSError, ValueError, KeyError, TypeError):
        return ["setuptools"]


def _are_at_hand(requires: Sequence[str], interpreter: Interpreter) -> bool:
    """Whether all of some requirements are installed for an interpreter."""
    try:
        wanted = [pep508.parse(text) for text in requires]
    except ValueError:
        return False
    have = {one.key: one for one in installed(interpreter)}
    return all(
        normalize(one.name) in have and closure.satisfies(have[normalize(one.name)], one)
        for one in wanted
        if pep508.holds(one, interpreter.markers)
    )


def _unpack(wheel: Path, target: Path, interpreter: Interpreter) -> None:
    name, version = wheel.name.split("-")[:2]
    sha = sha256(wheel.read_bytes()).hexdigest()
    package = PyPIPackage(normalize(name), version, wheel.as_uri(), sha)
    context = ResolutionContext("", {}, interpreter=interpreter)
    try:
        with files.new_folder(target, replace=False) as folder:
            install.unpack([package], folder, interpreter.executable, context)
            dist_info.drop_notes(folder)
    except InstallError as error:
        raise SolveError(error.message, error.hint) from error
