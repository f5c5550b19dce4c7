"""Describe one build: an application's source, and the OS package made from it."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, get_type_hints

from pypackage.archive.ospackages import model
from pypackage.archive.ospackages.model import OsPackage
from pypackage.core import platforms
from pypackage.core.errors import InputPathError, UsageError
from pypackage.integrations.vdist import source
from pypackage.integrations.vdist.source import Source
from pypackage.pipeline import child

REQUIREMENTS = "requirements.txt"
# Fields of the package with an option of the same name.
_PASSED = (
    *("release", "epoch", "url", "section", "priority", "vendor"),
    *("sign", "provides", "conflicts", "replaces", "recommends", "suggests"),
)
_PROJECT = ("pyproject.toml", "setup.py")


class BuildOptions(TypedDict, total=False):
    """Optional arguments of a build.

    Attributes:
        name: Its name in messages; by default of app, version and profile.
        fpm_args: Options of fpm that have a counterpart here.
        pip_args: Options of pip for the requirements, such as `--index-url …`.
        working_dir: The folder of the source that contains the application.
        requirements_path: The requirements file in it.
        compile_python: False to use the Python in `python_basedir`.
        compile_python_version: The version of Python otherwise, such as `3.11`.
        python_basedir: The folder of that Python, with `bin/python3`.
        python_source: CPython's source to build, as for `--python-source`.
        channels: The channels of packages, as for `--channel`.
        add: More files, as for `--add`.
        architecture: The architecture that it is for.
        exclude: Files to leave out of the package, as for `--exclude`.
        allow_sdist: Whether packages of PyPI may be built from source; by default as in the
            profile.
        use_local_pip_conf: Whether this machine's pip settings apply.
        custom_filename: The name of the package's file.
        output_folder: Its folder, instead of that of `Builder.build`.
        repository: The folder of a repository to add it to, as for `--repository`.
        python_version, package_install_root: vdist's later names of `compile_python_version`
            and `install_root`.

    The others are those of `OsPackage`.
    """

    name: str
    fpm_args: str
    pip_args: str
    working_dir: str
    requirements_path: str
    compile_python: bool
    compile_python_version: str
    python_basedir: str
    python_source: str | os.PathLike[str]
    channels: Sequence[str]
    add: Sequence[str]
    architecture: str
    maintainer: str
    description: str
    license: str
    install_root: str
    runtime_deps: Sequence[str]
    build_deps: Sequence[str]
    commands: Sequence[str]
    config_files: Sequence[str]
    systemd_unit: str | os.PathLike[str]
    scripts: Mapping[str, str | os.PathLike[str]]
    try_command: str
    try_root: str
    exclude: Sequence[str]
    allow_sdist: bool
    use_local_pip_conf: bool
    custom_filename: str
    output_folder: str | os.PathLike[str]
    repository: str | os.PathLike[str]
    sign: str
    python_version: str
    package_install_root: str
    release: str
    epoch: str
    url: str
    section: str
    priority: str
    vendor: str
    provides: Sequence[str]
    conflicts: Sequence[str]
    replaces: Sequence[str]
    recommends: Sequence[str]
    suggests: Sequence[str]
    directories: Sequence[str]


TYPES = get_type_hints(BuildOptions)
LISTS = tuple(name for name, kind in TYPES.items() if kind == Sequence[str])


@dataclass(frozen=True)
class Build:
    """A package and what it is made from.

    Attributes:
        name: Its name in messages, and that of its log.
        package: The package.
        source: Where the application comes from.
        base: Where relative paths start.
        platform: Conda's name of its platform; empty for this machine's.
        working_dir: The folder of the source that contains the application.
        requirements_path: The requirements file in it.
        pip_args: Options of pip.
        python: The version of Python; empty for any.
        channels: The channels of packages.
        python_source: CPython's source, as for `--python-source`; empty for a Python from the
            channels.
        add: More files for the environment, as for `--add`.
        exclude: Files to leave out of the package, as for `--exclude`.
        allow_sdist: Whether to build packages that PyPI only has as source.
        pip_conf: Whether this machine's pip settings apply.
        custom_filename: The name of the package's file; empty for the conventional name.
        output_folder: Its folder; empty for that of all builds.
        repository: The folder of a repository to add it to; empty for none.
    """

    name: str
    package: OsPackage
    source: Source
    base: Path
    platform: str = ""
    working_dir: str = ""
    requirements_path: str = REQUIREMENTS
    pip_args: str = ""
    python: str = ""
    channels: tuple[str, ...] = ()
    python_source: str = ""
    add: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow_sdist: bool = False
    pip_conf: bool = True
    custom_filename: str = ""
    repository: str = ""
    output_folder: str = ""

    @property
    def file(self) -> str:
        """The name of the package's file."""
        if not self.custom_filename:
            return model.file_name(self.package, self.platform or platforms.here())
        ending = f".{self.package.format}"
        return self.custom_filename.removesuffix(ending) + ending

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The environment variables for the build."""
        glibc = self.package.glibc
        return {
            **environ,
            **({"CONDA_OVERRIDE_GLIBC": glibc} if glibc else {}),
            **({} if self.pip_conf else {"PIP_CONFIG_FILE": os.devnull}),
        }

    @property
    def log(self) -> str:
        """The name of its log."""
        return re.sub(r"[^\w.+-]+", "-", self.name).strip("-") + ".log"

    def command(self, scratch: Path, output: Path) -> tuple[list[str], dict[str, str]]:
        """Fetch the source; return how to start the package's process, as `child.command` does.

        Args:
            scratch: An empty folder that must exist until the process has ended.
            output: The package's file.

        Raises:
            InputPathError: The source cannot be fetched, or lacks the named folder or file.
        """
        tree = scratch / "source"
        source.fetch(self.source, self.base, tree)
        top = _below(tree, self.working_dir, "working_dir")
        if not top.is_dir():
            raise InputPathError(f"the source has no folder {self.working_dir} (working_dir)")
        needs = scratch / "environment.json"
        needs.write_text(json.dumps(self._needs(top)))
        is_project = any((top / name).is_file() for name in _PROJECT)
        own = str(top) if is_project else f"{top}:app"
        return child.command(str(needs), output, self._options(own, tree))

    def _needs(self, top: Path) -> Mapping[str, object]:
        """The requirements, in the form of an environment.yml."""
        path = _below(top, self.requirements_path.lstrip("/"), "requirements_path")
        lines = _pip_lines(self.pip_args)
        if path.is_file():
            lines.append(f"--requirement={path}")
        elif self.requirements_path.lstrip("/") != REQUIREMENTS:
            raise InputPathError(f"the source has no {self.requirements_path} (requirements_path)")
        python = f"python={self.python}" if self.python else "python"
        return {"dependencies": [python, *([{"pip": lines}] if lines else [])]}

    def _options(self, own: str, tree: Path) -> dict[str, child.Option]:
        package = self.package
        moments = {name: self._file(str(path), tree) for name, path in package.scripts.items()}
        unit = package.systemd_unit
        kept = [self._file(one, tree) if ":/" in one else one for one in package.config_files]
        return {
            "verbose": True,
            "channel": self.channels,
            "python-source": self.python_source,
            "platform": self.platform,
            "add": (own, *(self._file(one, tree) for one in self.add)),
            "exclude": self.exclude,
            "allow-sdist": self.allow_sdist,
            "format": package.format,
            "app": package.app,
            "app-version": package.version,
            "maintainer": package.maintainer,
            "description": package.description,
            "license": package.license,
            "install-root": package.install_root,
            "runtime-deps": package.runtime_deps,
            "build-deps": package.build_deps,
            **{name: getattr(package, name) for name in _PASSED},
            "repository": self.repository,
            "directory": package.directories,
            "command": package.commands,
            "systemd-unit": self._file(str(unit), tree) if unit else "",
            "config-file": kept,
            "try": package.try_command,
            "try-root": package.try_root if package.try_command else "",
            **moments,
        }

    def _file(self, text: str, tree: Path) -> str:
        """Find a named file in the application or its source, else beside the builds' file.

        Args:
            text: `PATH` or `PATH:DEST`.
            tree: The source.
        """
        path, colon, dest = text.partition(":")
        places = (tree / self.working_dir / path, tree / path, self.base / path)
        found = next((place for place in places if place.exists()), places[-1])
        return f"{found.absolute()}{colon}{dest}"


def _below(folder: Path, path: str, what: str) -> Path:
    """Join a path that must stay in a folder."""
    if path.startswith("/") or ".." in Path(path).parts:
        raise UsageError(f"{what}: {path} is not a path in the source")
    return folder / path


def _pip_lines(text: str) -> list[str]:
    """Split pip's options into one per line, as in requirements files."""
    lines: list[str] = []
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"pip_args: {error}") from None
    for word in words:
        if word.startswith("-") or not lines:
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines
