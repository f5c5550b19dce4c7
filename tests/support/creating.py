"""Requirements for python_package_create, and checks of its results."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.tools import Tools

SHAPES = [
    "greeting",
    "hook-posix",
    "many-files",
    "old-form",
    "post-link",
    "prefix-binary",
    "prefix-text",
]


def requirements(folder: Path, *dependencies: str | dict[str, list[str]], **keys: Any) -> Path:
    """A requirements file for the tests' own Python."""
    path = folder / "requirements.json"
    conda = {"dependencies": list(dependencies)}
    path.write_text(json.dumps({"modules": [], "conda": conda, **keys}))
    return path


def no_python(folder: Path, *dependencies: str) -> Path:
    """An environment.yml of small packages, from which an archive is made quickly."""
    path = folder / "environment.yml"
    path.write_text(json.dumps({"dependencies": dependencies}))
    return path


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack an archive with `tar xzf` into a new folder."""
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    return folder


def refused(tools: Tools, code: int, *args: str | Path, **more: Any) -> str:
    """Run a create that has to fail with a code and leave no files; return its stderr."""
    before = sorted(path.name for path in tools.cwd.iterdir())
    done = tools.create(*args, **more)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "python_package_create: error: " in done.stderr
    assert sorted(path.name for path in tools.cwd.iterdir()) == before
    left = [*tools.home.rglob("*.part"), *tools.cache.glob("pypackage/**/*.part")]
    assert left == []
    return done.stderr
