"""Build several OS packages at once, each with its own log.

The names are vdist's: what was written for it needs few changes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypackage.archive.ospackages import checks, model
from pypackage.archive.ospackages.model import OsPackage
from pypackage.core import files, platforms, process
from pypackage.core.errors import InputPathError, PackageError, ProcessError, UsageError
from pypackage.core.progress import SILENT, Reporter
from pypackage.integrations.vdist import fpm, profiles
from pypackage.integrations.vdist.build import Build, BuildOptions
from pypackage.integrations.vdist.source import Source
from pypackage.pipeline import child as creating

if TYPE_CHECKING:
    from typing_extensions import Unpack

_PLACES = ("working_dir", "requirements_path", "pip_args", "custom_filename", "allow_sdist")
# vdist's names of arguments that are called otherwise here.
_VDIST_NAMES = {
    "python_version": "compile_python_version",
    "package_install_root": "install_root",
}
_SEQUENCES = (
    *("commands", "config_files", "runtime_deps", "build_deps", "directories"),
    *("provides", "conflicts", "replaces", "recommends", "suggests"),
)
PROFILES = "buildprofiles"  # the folder where vdist looks for them


@dataclass(frozen=True)
class Failed:
    """A build that failed."""

    name: str
    error: PackageError
    log: Path


class BuildsError(PackageError):
    """Some of the builds failed; the others are made.

    Attributes:
        failed: Those, in their order; the exit code is the first one's.
        made: The packages of the others.
    """

    def __init__(self, failed: Sequence[Failed], made: Sequence[Path]) -> None:
        told = [f"{one.name}: {one.error.message} (see {one.log})" for one in failed]
        super().__init__(told[0], "\n".join(told[1:]))
        self.failed = tuple(failed)
        self.made = tuple(made)
        self.exit_code = failed[0].error.exit_code


class Builder:
    """Collects builds and makes them.

    Args:
        profiles_dir: The folder of `profiles.json`; by default `buildprofiles`, if it is there.
        base: Where relative paths start; by default the present folder.
    """

    def __init__(
        self,
        profiles_dir: str | os.PathLike[str] | None = None,
        *,
        base: str | os.PathLike[str] = ".",
        reporter: Reporter = SILENT,
    ) -> None:
        self._base = Path(base).absolute()
        folder = self._base / (profiles_dir or PROFILES)
        self._profiles = profiles.load(folder if profiles_dir or folder.is_dir() else None)
        self._reporter = reporter
        self._builds: list[Build] = []

    def add_build(
        self,
        *,
        app: str,
        version: str,
        source: Source,
        profile: str,
        **options: Unpack[BuildOptions],
    ) -> None:
        """Add a build; nothing is made yet.

        Args:
            source: Of `git`, `directory` or `git_directory`.
            profile: What it is made for.

        Raises:
            UsageError: Something is not valid, or there is a build of this name.
        """
        given: dict[str, Any] = {"app": app, "version": version}
        given.update((_VDIST_NAMES.get(key, key), one) for key, one in options.items())
        chosen = profiles.find(self._profiles, profile)
        told = fpm.options(given.pop("fpm_args", ""), chosen.format, app)
        given = _merged(told, given)
        name = given.pop("name", "") or f"{app}-{version}-{profile}"
        needed = (*chosen.build_deps, *given.get("build_deps", ()))
        given["build_deps"] = tuple(dict.fromkeys(needed))
        given.setdefault("allow_sdist", chosen.allow_sdist)
        places = {one: given.pop(one) for one in _PLACES if one in given}
        compiled = given.pop("compile_python", True)
        python = given.pop("compile_python_version", "")
        interpreter = _interpreter(compiled, given.pop("python_basedir", ""))
        channels = (*interpreter, *given.pop("channels", ()))
        built_of = self._near(os.fspath(given.pop("python_source", "")))
        added, left_out = tuple(given.pop("add", ())), tuple(given.pop("exclude", ()))
        folder = given.pop("output_folder", "")
        pip_conf = given.pop("use_local_pip_conf", True)
        platform = _platform(given.pop("architecture", ""), chosen.platform)
        package = _package(chosen, **given)
        checks.check_words(package)
        build = Build(
            name,
            package,
            source,
            self._base,
            platform,
            **places,
            python=python if compiled else "",
            channels=channels,
            python_source=built_of,
            add=added,
            exclude=left_out,
            pip_conf=pip_conf,
            output_folder=str(self._base / folder) if folder else "",
        )
        self._check_alone(build)
        self._builds.append(build)

    def build(self, folder: str | os.PathLike[str] = ".", jobs: int | None = None) -> list[Path]:
        """Make all packages.

        Args:
            folder: Where they go, and their logs.
            jobs: How many at the same time; by default as many as there are processors.

        Returns:
            The packages, in the builds' order.

        Raises:
            BuildsError: Some failed; the others are made.
            OSError: The folder cannot be written to.
        """
        output = Path(folder)
        output.mkdir(parents=True, exist_ok=True)
        running: list[subprocess.Popen[bytes]] = []
        pool = ThreadPoolExecutor(jobs or platforms.cores())
        try:
            results = list(pool.map(lambda one: self._run(one, output, running), self._builds))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(running):
                process.end(child)
            raise
        finally:
            pool.shutdown()
        made = [one for one in results if isinstance(one, Path)]
        failed = [one for one in results if isinstance(one, Failed)]
        if failed:
            raise BuildsError(failed, made)
        return made

    def _near(self, path: str) -> str:
        """A file of the builds, or what is named otherwise."""
        return str(self._base / path) if path and (self._base / path).exists() else path

    def _check_alone(self, build: Build) -> None:
        for other in self._builds:
            if build.log == other.log:
                raise UsageError(
                    f"there are two builds named {build.name}", "give one of them another name"
                )
            if (build.file, build.output_folder) == (other.file, other.output_folder):
                raise UsageError(f"{build.name} and {other.name} both make {build.file}")

    def _run(
        self, build: Build, output: Path, running: list[subprocess.Popen[bytes]]
    ) -> Path | Failed:
        from pypackage.core import caches

        folder = Path(build.output_folder) if build.output_folder else output
        folder.mkdir(parents=True, exist_ok=True)
        made, log = folder / build.file, output / build.log
        with log.open("w", encoding="utf-8") as written:

            def on_line(line: str) -> None:
                written.write(f"{line}\n")
                written.flush()
                self._reporter.debug(f"[{build.name}] {line}")

            try:
                with files.temporary_folder(caches.folder() / "builds") as scratch:
                    argv, variables = build.command(scratch, made.absolute())
                    variables = {**build.environment(), **variables}
                    process.stream(argv, on_line, env=variables, on_start=running.append)
                return made
            except ProcessError as error:
                return Failed(build.name, creating.failure(error.returncode, error.output), log)
            except (PackageError, OSError) as error:
                if isinstance(error, OSError):
                    error = InputPathError.of(error, "the build cannot be prepared")
                on_line(str(error))
                return Failed(build.name, error, log)


def _merged(told: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """What fpm's options and the arguments say together; of what is one thing the latter count."""
    result = {**told, **described}
    for name in (*_SEQUENCES, "exclude", "scripts"):
        if name in told and name in described:
            both = (told[name], described[name])
            result[name] = {**both[0], **both[1]} if name == "scripts" else (*both[0], *both[1])
    return result


def _package(profile: profiles.Profile, **given: Any) -> OsPackage:
    """The package that is asked for.

    Raises:
        UsageError: An argument has no such name.
    """
    shaped: dict[str, Any] = {
        name: tuple(value) if name in _SEQUENCES else value for name, value in given.items()
    }
    if unit := shaped.get("systemd_unit"):
        shaped["systemd_unit"] = Path(unit)
    scripts: Mapping[str, str] = shaped.get("scripts", {})
    unknown = set(scripts) - set(model.HOOKS)
    if unknown:
        raise UsageError(f"scripts: no {min(unknown)}", f"there are {', '.join(model.HOOKS)}")
    shaped["scripts"] = {moment: Path(path) for moment, path in scripts.items()}
    shaped.setdefault("try_root", profile.root)
    try:
        return OsPackage(format=profile.format, glibc=profile.glibc, **shaped)
    except TypeError as error:
        raise UsageError(f"a build has no {str(error).rpartition(' ')[2]}") from None


def _platform(architecture: str, platform: str) -> str:
    found = model.platform_of(architecture) if architecture else platform
    if architecture and not found:
        raise UsageError(f"no architecture {architecture}")
    return found


def _interpreter(compiled: bool, folder: str) -> tuple[str, ...]:
    """The channel of a Python that is given."""
    if compiled and folder:
        raise UsageError(
            "python_basedir names a Python that is there already: say compile_python=False",
            "a Python that is made for the package goes into the application's own folder",
        )
    if compiled:
        return ()
    return (f"host:{Path(folder) / 'bin/python3'}",) if folder else ("host",)
