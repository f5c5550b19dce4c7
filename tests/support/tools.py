"""Starts the three executables as a user does, away from the user's own files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partialmethod
from pathlib import Path

TREE = Path(__file__).parents[2]

# Variables that change what the tools do, if a test has set them; for the user's, see clean.py.
_FOREIGN = ("CONDA", "MAMBA", "RATTLER", "PYTHON", "VIRTUAL_ENV", "PONCHO", "NO_COLOR")


@dataclass(frozen=True)
class Tools:
    """The executables, with their own home, settings and caches.

    `tools.analyze(*args)`, `.create` and `.run` run them; for others, see `start`.

    Attributes:
        home: HOME; environments are in `.conda/envs` below it (CONDA_ENVS_PATH).
        cwd: The folder that they are started in.
        cache: XDG_CACHE_HOME and, in `rattler` below it, the package cache: shared by the
            tests of a session, since they are slow to fill.
    """

    home: Path
    cwd: Path
    cache: Path

    def start(
        self,
        tool: str,
        *args: str | Path,
        stdin: str = "",
        env: Mapping[str, str | None] | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a tool to its end.

        Args:
            tool: Its name, such as `poncho_package_run`.
            args: Its arguments.
            stdin: Its input.
            env: Variables to set, or to unset if the value is None.
            timeout: Seconds until it is killed.
        """
        variables = {**self.environment, **(env or {})}
        return subprocess.run(
            [*command(tool), *map(str, args)],
            cwd=self.cwd,
            env={name: value for name, value in variables.items() if value is not None},
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )

    analyze = partialmethod(start, "python_package_analyze")
    create = partialmethod(start, "python_package_create")
    run = partialmethod(start, "python_package_run")

    @property
    def environment(self) -> dict[str, str]:
        """The variables for the tools: the session's, without settings that affect them."""
        kept = {n: value for n, value in os.environ.items() if not n.startswith(_FOREIGN)}
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
            "LC_ALL": "C.UTF-8",
            "CONDA_ENVS_PATH": str(self.environments),
            "XDG_CACHE_HOME": str(self.cache),
            "RATTLER_CACHE_DIR": str(self.cache / "rattler"),
        }

    @property
    def environments(self) -> Path:
        """Where environments are made by name."""
        return self.home / ".conda" / "envs"

    def at(self, home: Path, cwd: Path) -> Tools:
        """The same, with another home and folder."""
        return replace(self, home=home, cwd=cwd)


def command(tool: str) -> list[str]:
    """The command of a tool: the installed one, else the one in the tree's bin/."""
    installed = Path(sys.executable).with_name(tool)
    if installed.exists():
        return [str(installed)]
    script = TREE / "bin" / tool
    with script.open("rb") as file:
        is_python = b"python" in file.readline()
    return [sys.executable, str(script)] if is_python else [str(script)]
