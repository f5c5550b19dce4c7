"""Add the user's own modules, folders and projects.

They are copied, or built to a wheel and installed, never linked: the archive needs nothing from
this machine.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pypackage.core import fingerprint
from pypackage.core.errors import InputPathError, InstallError, RequirementsError, UsageError
from pypackage.core.progress import Reporter
from pypackage.python import dist_info

_LEFT_OUT = {"__pycache__", ".git", ".hg", ".svn", ".venv", ".tox", ".mypy_cache", ".ruff_cache"}
_PROJECT = ("pyproject.toml", "setup.py")


@dataclass(frozen=True)
class CopySpec:
    """A file or folder to be copied.

    Attributes:
        source: Its path.
        target: Its destination.
        is_module: Whether `target` is relative to site-packages; else to the prefix.
    """

    source: Path
    target: str
    is_module: bool


@dataclass(frozen=True)
class Project:
    """A folder that is built to a wheel.

    Attributes:
        extras: The requested extras.
    """

    folder: Path
    extras: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OwnCode:
    """All own code, checked to exist."""

    copies: tuple[CopySpec, ...] = ()
    projects: tuple[Project, ...] = ()


def of(local: Iterable[str], folder: Path, added: Iterable[str]) -> OwnCode:
    """Find the user's own code.

    Args:
        local: The paths of modules and packages, as found by the analyzer.
        folder: What these are relative to.
        added: `PATH` or `PATH:DEST`, as given by the user.

    Raises:
        InputPathError: Something does not exist; an archive without it would fail on the worker.
        RequirementsError: What is local is not Python.
        UsageError: The destination is unknown, or outside the environment.
    """
    copies, projects = [], []
    for path in local:
        found = folder / path
        if not os.path.exists(found):
            raise InputPathError(
                f"the program's own module {found} is not there",
                "analyze the program again, or remove it from 'local' and add it with --add",
            )
        if not _is_importable(found, found.resolve().name):
            # Files named in requirements would get into an archive that is given to others.
            raise RequirementsError(
                f"'local' names {found}, which is no Python module or package",
                f"to pack it, add it by hand: --add {found}:share/{found.name}",
            )
        copies.append(CopySpec(found, found.resolve().name, is_module=True))
    for text in added:
        source, dest = split(text)
        if not dest and _is_project(source):
            projects.append(Project(source))
        else:
            copies.append(_copy_spec(source, dest))
    unique = {(os.path.realpath(p.source), p.target, p.is_module): p for p in copies}
    return OwnCode(tuple(unique.values()), tuple(dict.fromkeys(projects)))


def split(text: str) -> tuple[Path, str]:
    """Split `PATH[:DEST]` into the path and the destination, which may be empty.

    Raises:
        InputPathError: There is no such file or folder.
    """
    source, colon, dest = text.rpartition(":")
    if not colon or os.path.exists(text):
        source, dest = text, ""
    path = Path(os.path.expanduser(source))
    if not os.path.exists(path):
        raise InputPathError(f"cannot add {source}: there is no such file or folder")
    if not (path.is_file() or path.is_dir()):
        raise InputPathError(f"cannot add {source}: it is neither a file nor a folder")
    return path, dest


def _is_project(path: Path) -> bool:
    return any((path / name).is_file() for name in _PROJECT)


def _copy_spec(path: Path, dest: str) -> CopySpec:
    name = path.resolve().name
    if dest:
        target = os.path.normpath(f"{dest}{name}" if dest.endswith("/") else dest)
        if target.startswith(("/", "..")) or target == ".":
            raise UsageError(
                f"cannot add {path} as {dest}", "the destination is a path below the environment"
            )
        return CopySpec(path, target, is_module=False)
    if not _is_importable(path, name):
        raise UsageError(
            f"{path} is no Python module or package",
            f"say where it goes: --add {path}:share/{name}",
        )
    return CopySpec(path, name, is_module=True)


def _is_importable(path: Path, name: str) -> bool:
    if path.is_dir():
        return name.isidentifier() and any(
            one.suffix in (".py", ".so", ".pyx") for one in path.rglob("*.*")
        )
    return bool(re.fullmatch(r"[^\W\d]\w*(\.py|\.[\w.-]*so)", name))


def projects_among(requirements: Sequence[str], folder: Path) -> dict[str, Project]:
    """The requirements that are folders of projects.

    Args:
        requirements: Such as `-e ./here`, `./here[extra]`, `/there` or `name @ file:///there`.
        folder: What relative paths start from.

    Raises:
        InputPathError: A folder does not contain a project.
    """
    found = {}
    for text in requirements:
        path, extras = _folder_of(text)
        if path and not path.endswith((".whl", ".gz", ".zip")):
            project = folder / path
            if not _is_project(project):
                raise InputPathError(
                    f"{text}: {project} has no {' or '.join(_PROJECT)}",
                    "pip builds what has one; beside a setup.cfg an empty pyproject.toml is enough",
                )
            found[text] = Project(project, extras)
    return found


def _folder_of(requirement: str) -> tuple[str, frozenset[str]]:
    """The path in a requirement, empty if it refers to an index; and its extras."""
    text = re.sub(r"^(-e|--editable)[ =]\s*", "", requirement.strip())
    editable = text != requirement.strip()
    text = text.split(" ;")[0].strip()  # remove the marker
    named = re.fullmatch(r"[\w.-]+\s*(?:\[(?P<extras>[^]]*)\])?\s*@\s*(?P<url>\S+)", text)
    extras = named["extras"] if named else None
    url = named["url"] if named else text
    if url.startswith("file:"):
        path = unquote(urlsplit(url).path)
    elif not named and (editable or url.startswith((".", "/"))):
        found = re.fullmatch(r"([^[]*)(?:\[(.*)\])?", url)
        path, extras = (found[1], found[2]) if found else (url, None)
    else:
        return "", frozenset()
    return path, frozenset(word.strip() for word in (extras or "").split(",") if word.strip())


# --- copying -----------------------------------------------------------------------------


def identity(copies: Iterable[CopySpec]) -> list[list[object]]:
    """What `place` would copy, for JSON: each file's destination, digest and executable bit.

    Raises:
        OSError: A file cannot be read.
    """
    return [
        [
            str(path),
            spec.is_module,
            fingerprint.of_file(source),
            bool(source.stat().st_mode & 0o111),
        ]
        for spec in copies
        for source, path in _files(spec.source, Path(spec.target))
        if source.is_file()
    ]


def place(copies: Sequence[CopySpec], prefix: Path, reporter: Reporter) -> None:
    """Copy modules and folders into a prefix; existing files are not replaced.

    Args:
        copies: The files and folders.
        prefix: The prefix.
        reporter: Receives warnings about broken links.

    Raises:
        InstallError: Something of that name already exists, or cannot be copied.
    """
    if not copies:
        return
    sites = dist_info.site_folders(prefix) or dist_info.empty_site_folders(prefix)
    for spec in copies:
        if spec.is_module and not sites:
            raise InstallError(f"cannot add {spec.source}: the environment has no Python")
        if spec.is_module:
            _check_module(spec, sites)
        folder = sites[0].relative_to(prefix) if spec.is_module else Path()
        with InstallError.wrapping(f"cannot add {spec.source}"):
            for source, path in _files(spec.source, folder / spec.target):
                if source.is_file():
                    _copy(source, prefix, path)
                else:
                    reporter.warning(f"not in the archive: {source}, a link to nothing")


def _check_module(spec: CopySpec, sites: Sequence[Path]) -> None:
    """Reject a module that would shadow, or be shadowed by, an installed one of another form."""
    name = spec.target.partition(".")[0]
    for site in sites:
        for path in (site / name, *sorted(site.glob(f"{name}.*"))):
            if path.name != spec.target and path.exists() and _is_importable(path, path.name):
                raise _taken(spec.source, f"a module {name} ({path.name})")


def _files(source: Path, path: Path, above: tuple[str, ...] = ()) -> Iterator[tuple[Path, Path]]:
    """The files of a tree and their destinations; links are followed, except in cycles."""
    if not source.is_dir():
        yield source, path
        return
    real = os.path.realpath(source)
    if real in above:
        return
    for inner in sorted(source.iterdir()):
        if inner.name not in _LEFT_OUT and not inner.name.endswith((".pyc", ".pyo")):
            yield from _files(inner, path / inner.name, (*above, real))


# The archive adds its own files here.
_RESERVED = re.compile(
    r"etc/pypackage(/.*)?|conda-meta(/.*)?"
    r"|bin/(activate|deactivate|conda-unpack|run_in_env|(python|poncho)_package_run)"
)


def _copy(source: Path, prefix: Path, path: Path) -> None:
    target = prefix / path
    if os.path.lexists(target) or _RESERVED.fullmatch(path.as_posix()):
        raise _taken(source, str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    target.chmod(target.stat().st_mode | 0o200)


def _taken(source: Path, what: str) -> InstallError:
    return InstallError(
        f"cannot add {source}: the environment has {what} already",
        "rename yours, or say where it goes: --add PATH:DEST",
    )
