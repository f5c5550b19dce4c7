"""Build a project's folder (pyproject.toml or setup.py) into a wheel, by uv."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from pypackage.backends.pypi import uv
from pypackage.backends.pypi.install import REPRODUCIBLE
from pypackage.core.errors import PackageError, ProcessError

# Not needed to build; `.git` is, by projects that take their version from it.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "*.pyc", ".venv", "venv", ".tox", ".nox", ".*_cache", "node_modules"
)
# Files that mark build folders of CMake and meson, which only work at their own path.
_BUILT = ("CMakeCache.txt", "meson-private")


def wheel(
    project: Path,
    scratch: Path,
    python: Path,
    kind: type[PackageError],
    *,
    isolated: bool = True,
) -> Path:
    """Build a wheel in a copy of the project, without the copy's path in the compiled files.

    Args:
        project: The folder; nothing is written into it.
        scratch: A folder that exists as long as the wheel is needed.
        python: The interpreter it is for.
        kind: The error to raise.
        isolated: Whether the build's requirements are fetched for it; otherwise those
            installed for `python` are used.

    Raises:
        PackageError: It cannot be built; the error has the build's log.
    """
    copy, out = scratch / "project", scratch / "out"
    flags = f"-g0 -ffile-prefix-map={copy}=/project {os.environ.get('CFLAGS', '')}".strip()
    variables = {**REPRODUCIBLE, "CFLAGS": flags, "CXXFLAGS": flags}
    options: list[str | Path] = ["build", "--wheel", "--out-dir", out]
    if not isolated:
        options.append("--no-build-isolation")
        variables["PATH"] = f"{python.parent}:{os.environ.get('PATH', os.defpath)}"
    try:
        left_out = _left_out(scratch.resolve())
        shutil.copytree(project, copy, ignore=left_out, ignore_dangling_symlinks=True)
        uv.run([*options, copy], python, python.parents[1], choosing=True, env=variables)
    except (OSError, shutil.Error) as error:
        raise kind(f"cannot copy {project}", str(error)) from error
    except ProcessError as error:
        said = uv.message(error).replace(str(copy), str(project))
        raise kind(f"cannot build {project}", said) from error
    return next(out.glob("*.whl"))


def sources(project: Path) -> list[Path]:
    """Return the files that a project's wheel may be built from, sorted; links are not followed.

    Raises:
        OSError: A folder cannot be read.
    """
    found, ignore = [], _left_out(None)
    for folder, subfolders, names in os.walk(project, onerror=_raise):
        gone = {*ignore(folder, [*subfolders, *names]), ".git"}
        subfolders[:] = [name for name in subfolders if name not in gone]
        found += [Path(folder, name) for name in names if name not in gone]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def _left_out(scratch: Path | None) -> Callable[[str, list[str]], set[str]]:
    """Return an `ignore` for copytree, which also skips the copy itself if it is inside."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        here = Path(folder).resolve()
        ours = {name for name in names if scratch and scratch.is_relative_to(here / name)}
        built = {n for n in names if any(os.path.exists(f"{folder}/{n}/{one}") for one in _BUILT)}
        return ours | built | _LEFT_OUT(folder, names)

    return ignore
