"""Map files to modules and back; paths are strings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

PROJECT_FILES = ("setup.py", "pyproject.toml", "setup.cfg")

# --- from modules to files ---------------------------------------------------------------


def of_module(root: str, name: str) -> Iterator[str]:
    """Yield the files of a module or package in a folder, relative to the folder."""
    if os.path.isdir(os.path.join(root, name)):
        yield from below(root, name)
    if os.path.isfile(os.path.join(root, f"{name}.py")):
        yield f"{name}.py"
    yield from extensions(root, name)


def extensions(root: str, name: str) -> list[str]:
    """Return the extension modules of a name (`pkg/name` too), relative to the folder."""
    folder, _, stem = name.rpartition("/")
    start = f"{stem}."
    try:
        names = os.listdir(os.path.join(root, folder))
    except OSError:
        return []
    found = sorted(one for one in names if one.startswith(start) and one.endswith(".so"))
    return [f"{folder}/{one}" if folder else one for one in found]


_NOT_CODE = r"__pycache__|\..*|.*\.egg-info|node_modules"


def below(root: str, name: str) -> Iterator[str]:
    """Yield the files below a folder, relative to `root`, without caches and hidden folders."""
    for folder, subfolders, files in os.walk(os.path.join(root, name), followlinks=True):
        wanted = (n for n in subfolders if not re.fullmatch(_NOT_CODE, n))
        subfolders[:] = sorted(n for n in wanted if not _leads_up(folder, n))
        base = os.path.relpath(folder, root)
        yield from (f"{base}/{f}" for f in sorted(files) if not f.endswith((".pyc", ".pyo")))


def _leads_up(folder: str, name: str) -> bool:
    """Whether a link in a folder leads to the folder itself or one above it."""
    path = os.path.join(folder, name)
    above = os.path.join(os.path.realpath(path), "")
    return os.path.islink(path) and os.path.join(os.path.realpath(folder), "").startswith(above)


# --- from files to modules ---------------------------------------------------------------


def importable(paths: Iterable[str], declared: Iterable[str]) -> set[str]:
    """Return the importable names of some files.

    Args:
        paths: Relative to the folder of modules.
        declared: Dotted names of old-style namespace packages, which have an `__init__`.
    """
    files = [p for p in paths if is_module(p)]
    packages = {p.rsplit("/", 1)[0] for p in files if "/__init__." in p}
    packages -= {name.replace(".", "/") for name in declared}
    names: set[str] = set()
    for path in files:
        top = path.split("/", 1)[0]
        if top in packages and top.isidentifier():
            names.add(top)
        else:
            names.update(_dotted(path, packages))
    return names


def _dotted(path: str, packages: set[str]) -> Iterator[str]:
    """Yield the names from the top-level folder to a path's first regular package or module."""
    *folders, file = path.split("/")
    stem = file.split(".")[0]
    if not all(part.isidentifier() for part in (*folders, stem)):
        return
    for depth in range(1, len(folders) + 1):
        yield ".".join(folders[:depth])
        if "/".join(folders[:depth]) in packages:
            return
    if stem != "__init__":
        yield ".".join((*folders, stem))


def is_module(path: str) -> bool:
    """Whether a file of a distribution is a Python module."""
    return path.endswith((".py", ".so")) and not path.startswith("..")


# --- folders of sources ------------------------------------------------------------------

_AROUND = "benchmarks|build|conftest|dist|docs?|examples|noxfile|scripts|setup|tasks|tests?|tools"


def modules_in(folder: str) -> list[str]:
    """Return the modules in a folder of sources; in a project's own folder, only packages."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return []
    own = is_project(folder)
    found = []
    for entry in entries:
        name, path = entry.split(".")[0], os.path.join(folder, entry)
        if not name.isidentifier() or name == "__pycache__":
            continue
        if own:
            good = not re.fullmatch(_AROUND, name) and os.path.isfile(f"{path}/__init__.py")
        else:
            good = is_module(entry) or any(one.endswith(".py") for one in below(folder, entry))
        if good:
            found.append(name)
    return list(dict.fromkeys(found))


def is_project(folder: str) -> bool:
    """Whether a folder is that of a project."""
    return any(os.path.exists(os.path.join(folder, name)) for name in PROJECT_FILES)


def project_of(folder: str) -> str:
    """Return the project of a folder of sources: itself, or its parent; empty if neither is one."""
    return next(filter(is_project, (folder, os.path.dirname(folder))), "")
