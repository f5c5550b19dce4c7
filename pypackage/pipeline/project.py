"""Read the requirements of a project: from its lock, its declarations, or built metadata."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pypackage.backends.pypi import uv
from pypackage.core import platforms
from pypackage.core.errors import ProcessError, RequirementsError
from pypackage.core.package_names import normalize
from pypackage.core.progress import Reporter
from pypackage.core.reading import read_text
from pypackage.python import interpreter
from pypackage.requirements import formats, pep508
from pypackage.requirements.declarations import Declaration, Declarations
from pypackage.requirements.formats import (
    document,
    pixi_environments,
    project_groups,
    project_indexes,
    requirements_txt,
    sources,
)
from pypackage.requirements.formats.document import Node
from pypackage.requirements.formats.requirements_txt import Line
from pypackage.requirements.match_specs import conda_range
from pypackage.requirements.model import Requirements
from pypackage.requirements.selected import Selected

PYPROJECT = "pyproject.toml"
PIXI_TOML = "pixi.toml"
FILES = ("uv.lock", PYPROJECT, "setup.py", "setup.cfg", PIXI_TOML)
NOTHING = Selected()
_PYPI = "https://pypi.org/simple"


def is_project(folder: Path) -> bool:
    """Whether a folder is that of a Python project."""
    return any((folder / name).is_file() for name in FILES)


def pixi_lock(folder: Path, selected: Selected) -> Path | None:
    """The pixi.lock to use for a folder; None if its environment is not pixi's."""
    lock = folder / "pixi.lock"
    by_pixi = (folder / PIXI_TOML).is_file() or bool(selected.environment)
    return lock if by_pixi and lock.is_file() and not _is_of_uv(folder, selected) else None


def of_folder(
    folder: Path,
    reporter: Reporter,
    selected: Selected = NOTHING,
    platform: str = "",
    python: str = "",
) -> Requirements:
    """Return the requirements of the project in a folder, with the project if it must be built.

    As with uv, a project is built if its pyproject.toml has a `[build-system]`; else only its
    dependencies count.

    Args:
        selected: Which extras and groups, or which environment of pixi.
        platform: Conda's name of the platform that it is read for; by default this machine's.
        python: The interpreter of the host channel, or its version; by default the `python3` on
            PATH.

    Raises:
        RequirementsError: The lock or a declaration is invalid, or not supported.
        InputPathError: There is no such interpreter.
    """
    if _is_of_uv(folder, selected):
        return _locked(folder, selected, python)
    declared = folder / PYPROJECT
    if (folder / PIXI_TOML).is_file() and (selected.environment or not declared.is_file()):
        return of_manifest(str(folder / PIXI_TOML), reporter, selected, platform)
    if declared.is_file() and (selected.environment or not _is_built(declared)):
        return of_manifest(str(declared), reporter, selected, platform)
    return _built(folder, reporter, selected, python)


def of_manifest(
    path: str, reporter: Reporter, selected: Selected = NOTHING, platform: str = ""
) -> Requirements:
    """The dependencies that a pyproject.toml or pixi.toml declares.

    Args:
        selected: Which extras and groups, or which environment of pixi.
        platform: Conda's name of the platform that it is read for; by default this machine's.

    Raises:
        RequirementsError: A dependency is invalid, or has a source that is not supported.
    """
    top = _read(path)
    manifest = _pixi(top)
    if manifest is top and not top.has("workspace") and top.has("package"):
        raise RequirementsError(
            f"{path} describes a package to be built, not a workspace",
            "give the pixi.toml with its [workspace], or build it and name its channel",
        )
    if not manifest:
        if selected.environment:
            raise RequirementsError(f"{path}: has no environments of pixi", "remove --environment")
        return _declared(path, top, reporter, selected)
    folder = os.path.dirname(path)
    found = pixi_environments.read(
        manifest,
        selected.environment,
        folder,
        platform or platforms.here(),
        _features_of_project(path, top) if manifest is not top else {},
    )
    for warning in found.warnings:
        reporter.warning(warning)
    return found.requirements


def _is_of_uv(folder: Path, selected: Selected) -> bool:
    return (_workspace(folder) / "uv.lock").is_file() and not selected.environment


def _workspace(folder: Path) -> Path:
    """The folder of the uv workspace that a project is a member of; else its own folder."""
    own = folder.absolute()
    for root in own.parents if (own / PYPROJECT).is_file() else ():
        if not (root / "uv.lock").is_file() or not (root / PYPROJECT).is_file():
            continue
        workspace = _of_uv(_read(root / PYPROJECT), "workspace")
        members, others = (workspace.get(key, []).strings() for key in ("members", "exclude"))
        if _matches(own, root, members) and not _matches(own, root, others):
            return root
    return own


def _matches(folder: Path, root: Path, patterns: Iterable[str]) -> bool:
    with suppress(ValueError, NotImplementedError):  # an empty pattern, or an absolute one
        return any(folder in root.glob(pattern) for pattern in patterns)
    return False


def _read(path: str | Path) -> Node:
    return document.of_toml(read_text(str(path)), str(path))


def _pixi(top: Node) -> Node | None:
    """The pixi manifest: the whole file, or its [tool.pixi]; None if there is none."""
    tool = top.get("tool", {})
    if tool.has("pixi"):
        return tool.get("pixi", {})
    is_old = top.get("project", {}).has("channels")
    keys = ("workspace", "dependencies", "package", "feature")
    is_one = is_old or (not top.has("project") and any(map(top.has, keys)))
    return top if is_one else None


def _is_built(path: Path) -> bool:
    """Whether pip would build the project: by its [build-system], or by setuptools."""
    cfg = path.with_name("setup.cfg")
    declares = cfg.is_file() and re.search(r"^\[(metadata|options)\]", read_text(str(cfg)), re.M)
    return _read(path).has("build-system") or bool(declares) or path.with_name("setup.py").is_file()


# --- by its declarations -----------------------------------------------------------------


def _declared(path: str, top: Node, reporter: Reporter, selected: Selected) -> Requirements:
    """The dependencies of a project that is not built."""
    found = formats.of_pyproject(top)
    for warning in found.warnings:
        reporter.warning(warning)
    wanted = {"", *project_groups.labels(top, selected, path)}
    asked = _requirements(found, wanted, path, project_groups.name(top))
    return asked._replace(pip_options=project_indexes.options(top, Path(path).parent))


def _requirements(
    found: Declarations, groups: Iterable[str], path: str, own: str = ""
) -> Requirements:
    """The requirements of some groups, without the project itself (named for its extras)."""
    every = [one for ones in found.requirements.values() for one in ones]
    here = pep508.markers("")
    taken = [
        one
        for one in every
        if one.group in groups
        and (one.key != own or not one.group)
        # For a folder, the marker is evaluated here: the requirement on it has none.
        and (not (one.path or one.refused) or pep508.holds(one.requirement, here))
    ]
    python = (f"python{conda_range(versions)}" for versions, _ in found.requires_python)
    pip = [_of_pypi(one, os.path.dirname(path)) for one in taken if not one.conda]
    return Requirements(
        python="",
        channels=found.channels,
        dependencies=(*python, *(one.conda for one in taken if one.conda)),
        pip=tuple(dict.fromkeys(pip)),
    )


def _python(versions: str, named: str) -> tuple[str, ...]:
    """The match spec for versions of Python; none if they include this machine's minor version.

    That minor version is what is requested by default.

    Args:
        named: This machine's interpreter; by default the `python3` on PATH.
    """
    here = interpreter.find(named or None)
    minor = here.major_minor
    fits = [pep508.allows(versions, one) for one in (here.version, f"{minor}.0", f"{minor}.999")]
    if all(fits):
        return ()
    like_here = f",={minor}" if fits[0] else ""
    return (f"python{conda_range(versions.replace(' ', ''))}{like_here}",)


def _of_pypi(one: Declaration, folder: str) -> str:
    if one.path:
        return sources.local(one.requirement.name, one.requirement.extras, one.path, folder)
    if one.refused:
        raise RequirementsError(
            f"{one.place}: {one.requirement.name}: {one.refused} cannot be taken",
            "a uv.lock beside it records where it is from (uv lock), or a requirements.txt by its "
            "own --extra-index-url, or as 'NAME @ URL'",
        )
    return str(one.requirement)


def _features_of_project(path: str, top: Node) -> dict[str, Requirements]:
    """What a pyproject.toml declares outside [tool.pixi], by the pixi feature it belongs to."""
    tools = {key: value for key, value in top.value["tool"].items() if key != "pixi"}
    found = formats.of_pyproject(top._replace(value={**top.value, "tool": tools}))
    made = {pixi_environments.DEFAULT: _requirements(found, {""}, path)}
    own = project_groups.name(top)
    features = {one: Selected(extras=(one,)) for one in project_groups.extras(top)}
    features |= {one: Selected(groups=(one,)) for one in project_groups.groups(top)}
    for feature, selected in features.items():
        wanted = project_groups.labels(top, selected, path)
        made[feature] = _requirements(found, wanted, path, own)._replace(dependencies=())
    return made


# --- by building it, and by its lock -----------------------------------------------------


def _built(folder: Path, reporter: Reporter, selected: Selected, python: str) -> Requirements:
    """The project itself, with extras, and its groups, whose packages its metadata lacks."""
    declared = folder / PYPROJECT
    if not declared.is_file():
        if selected.groups:
            raise RequirementsError(f"{folder}: has no pyproject.toml with groups")
        return Requirements(python="", pip=(_with_extras(folder, selected.extras),))
    top = _read(declared)
    if top.get("tool", {}).has("pixi"):
        reporter.warning(
            f"{declared}: [tool.pixi] is left out, the project is built as pip does it; "
            f"--environment {pixi_environments.DEFAULT} takes it"
        )
    labels = project_groups.labels(top, selected, str(declared), open_ended=_is_open(top))
    extras = [one[1:-1] for one in labels if one[:1] == "["]
    groups = {one for one in labels if one[:1] != "["}
    own = project_groups.name(top)
    found = formats.of_pyproject(top)
    _check_sources(found, top, own)
    beside = _requirements(found, groups, str(declared), own)
    sourced = _requirements(_with_sources(found, top), {"", *labels}, str(declared), own)
    pip = (_with_extras(folder, extras), *beside.pip, *sourced.pip)
    return Requirements(
        python="",
        dependencies=_python(",".join(versions for versions, _ in found.requires_python), python),
        pip=tuple(dict.fromkeys(pip)),
        pip_options=project_indexes.options(top, folder),
    )


def _with_sources(found: Declarations, top: Node) -> Declarations:
    """The declarations with a source that the metadata of a built project does not contain.

    From the metadata alone, the package of the same name on PyPI would be taken.
    """
    named = {normalize(name) for name, _ in _of_uv(top, "sources").entries()}
    kept = {
        key: tuple(
            one
            for one in every
            if (one.refused and not one.path)
            or (key in named and (one.path or one.requirement.url))
        )
        for key, every in found.requirements.items()
    }
    return found._replace(requirements=kept)


def _check_sources(found: Declarations, top: Node, own: str) -> None:
    """Reject sources of undeclared packages where dependencies are known only after building."""
    if not (_is_open(top, "dependencies") or _is_open(top)):
        return
    for name, source in _of_uv(top, "sources").entries():
        if normalize(name) not in {own, *found.requirements}:
            raise RequirementsError(
                f"{source.place}: {name}: its source cannot be taken, for dependencies are dynamic",
                "a uv.lock beside it says from where each is (uv lock)",
            )


def _of_uv(top: Node, key: str) -> Node:
    """A table of [tool.uv]."""
    return top.get("tool", {}).get("uv", {}).get(key, {})


def _is_open(top: Node, key: str = "optional-dependencies") -> bool:
    """Whether the extras, or what another key lists, are known only after building."""
    project = top.get("project", {})
    is_poetry = top.get("tool", {}).has("poetry")
    return key in project.get("dynamic", []).strings() or not (project.value or is_poetry)


def _with_extras(folder: Path, extras: Sequence[str]) -> str:
    wanted = f"[{','.join(extras)}]" if extras else ""
    return f"{folder.absolute()}{wanted}"


def _locked(folder: Path, selected: Selected, python: str) -> Requirements:
    """The packages of a uv.lock, as `uv sync --frozen --no-dev` installs them."""
    root = _workspace(folder)
    label = str(root / "uv.lock")
    declared = folder / PYPROJECT
    arguments = ["export", "--frozen", "--offline", "--no-dev", "--no-header", "--no-annotate"]
    if declared.is_file():
        project_groups.labels(_read(declared), selected, str(declared))
    arguments += [word for one in selected.extras for word in ("--extra", one)]
    arguments += [word for one in selected.groups for word in ("--group", one)]
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
    found = requirements_txt.entries(lines, str(root))
    wanted = requirements_txt.collect(found, locked=True)
    lock = _read(root / "uv.lock")
    options = (*wanted.pip_options, *_indexes(lock, root, wanted.hashes))
    return wanted._replace(
        dependencies=_python(lock.get("requires-python", "").string(), python),
        pip_options=tuple(dict.fromkeys(options)),
    )


def _indexes(lock: Node, root: Path, names: Container[str]) -> Iterator[str]:
    """The indexes of a uv.lock, as options for pip; its digests make them safe to use.

    PyPI is left out, as this machine may use a mirror.
    """
    for package in lock.get("package", []).items():
        place = package.get("source", {}).get("registry", "").string()
        if package.required("name") not in names or place.rstrip("/") in ("", _PYPI):
            continue
        if "://" in place:
            yield f"--extra-index-url={place}"
        else:
            yield f"--find-links={os.path.abspath(root / place)}"
