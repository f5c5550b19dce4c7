"""Fetch the source of an application: a folder, or a branch of a git repository."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pypackage.core import process
from pypackage.core.errors import InputPathError, ProcessError
from pypackage.core.git import hide_logins
from pypackage.core.urls import redact

# Files of version control and caches of tools.
_LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", "venv", "__pycache__", "*.pyc", ".*_cache")
)


@dataclass(frozen=True)
class Source:
    """An application's source.

    Attributes:
        place: A folder, or the URI of a repository.
        branch: A branch or a tag; empty for a folder as it is.
        versioned: Whether the place is a git repository.
    """

    place: str
    branch: str = ""
    versioned: bool = False


def git(uri: str, branch: str = "master") -> Source:
    """A branch or tag of a repository that git can clone."""
    return Source(os.fspath(uri), branch, versioned=True)


def directory(path: str | os.PathLike[str]) -> Source:
    """A folder as it is."""
    return Source(os.fspath(path))


def git_directory(path: str | os.PathLike[str], branch: str = "master") -> Source:
    """A branch or tag of a repository on this machine; its working tree is not touched."""
    return Source(os.fspath(path), branch, versioned=True)


def fetch(source: Source, base: Path, target: Path) -> None:
    """Copy an application's files to a new folder, without those of version control.

    Args:
        source: Where it comes from.
        base: What a relative path starts from.
        target: The folder.

    Raises:
        InputPathError: There is no such folder, repository or branch.
    """
    near = base / os.path.expanduser(source.place)
    if source.versioned:
        _clone(str(near) if near.exists() else source.place, source.branch, target)
        return
    if not near.is_dir():
        raise InputPathError(f"there is no folder {source.place} (source)")
    try:
        shutil.copytree(near, target, symlinks=True, ignore=_LEFT_OUT)
    except (OSError, shutil.Error) as error:
        raise InputPathError(f"the folder {source.place} cannot be copied", str(error)) from error


def _clone(place: str, branch: str, target: Path) -> None:
    """Clone a repository without its history."""
    command = ["git", "-c", "advice.detachedHead=false", "-c", "core.hooksPath=/dev/null", "clone"]
    depth = [] if os.path.isdir(place) else ["--depth=1"]  # git warns about it for local folders
    plain, logins = hide_logins(place)
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", **logins}
    env.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        env.pop(name, None)
    try:
        process.run(
            [*command, "--quiet", *depth, f"--branch={branch}", "--", plain, target], env=env
        )
    except ProcessError as error:
        where = redact(place)
        if "Remote branch" in error.output:
            raise InputPathError(f"there is no branch {branch} in {where}") from None
        raise InputPathError(f"git cannot clone {where}", redact(error.output)) from None
    with suppress(OSError):
        shutil.rmtree(target / ".git")
