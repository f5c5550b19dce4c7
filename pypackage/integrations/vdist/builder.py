"""Build several OS packages at once, each with its own log.

The names are vdist's, so that what was written for it needs few changes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.core import files, platforms, process
from pypackage.core.errors import InputPathError, PackageError, ProcessError, UsageError
from pypackage.core.progress import SILENT, Reporter
from pypackage.integrations.vdist import arguments, profiles
from pypackage.integrations.vdist.build import Build, BuildOptions
from pypackage.integrations.vdist.source import Source
from pypackage.pipeline import child as creating

if TYPE_CHECKING:
    from typing_extensions import Unpack

PROFILES = "buildprofiles"  # the folder in which vdist looks for them


@dataclass(frozen=True)
class Failed:
    """A build that failed."""

    name: str
    error: PackageError
    log: Path


class BuildsError(PackageError):
    """Some of the builds failed; the other packages are made.

    Attributes:
        failed: The failed builds, in order; the exit code is that of the first.
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
        profiles_dir: The folder of `profiles.json`; by default `buildprofiles`, if it exists.
        base: Where relative paths start; by default the current directory.
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
        """Add a build, without making it yet.

        Args:
            source: As returned by `git`, `directory` or `git_directory`.
            profile: The name of the profile that it is made for.

        Raises:
            UsageError: An argument is invalid, or there is a build of this name.
        """
        given = {"app": app, "version": version, **options}
        given["name"] = options.get("name") or f"{app}-{version}-{profile}"
        build = arguments.build_of(
            given, source, profiles.find(self._profiles, profile), self._base
        )
        self._check_alone(build)
        self._builds.append(build)

    def build(self, folder: str | os.PathLike[str] = ".", jobs: int | None = None) -> list[Path]:
        """Make all packages.

        Args:
            folder: The folder of the packages and their logs.
            jobs: How many to make at once; by default one per processor.

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
