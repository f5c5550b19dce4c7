"""Build CPython into a folder of its own: configure, make, make install."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pypackage.backends.cpython.sources import Source
from pypackage.core import process
from pypackage.core.errors import InstallError, ProcessError
from pypackage.core.progress import Reporter

_TAIL = 12  # lines of the log that an error shows

# Variables by which the Python or make that started us would influence the build.
_FOREIGN = ("PYTHON", "MAKE", "MFLAGS", "DESTDIR", "CONFIG_SITE")


@dataclass(frozen=True)
class Flags:
    """How CPython is built.

    Attributes:
        optimize: Use profile-guided (by CPython's tests) and link-time optimization: faster by a
            tenth or more, and several times as long to build.
        ensurepip: Whether pip is installed.
    """

    optimize: bool = False
    ensurepip: bool = True


@dataclass(frozen=True)
class Job:
    """A build.

    Attributes:
        source: What is built.
        unpacked: The folder of the unpacked source.
        prefix: The interpreter's final path.
        flags: How it is built.
        jobs: How many processes compile.
        log: The file for the build's whole output.
    """

    source: Source
    unpacked: Path
    prefix: Path
    flags: Flags
    jobs: int
    log: Path


def build(job: Job, scratch: Path, reporter: Reporter) -> Path:
    """Build and install CPython.

    Args:
        scratch: The folder that `job.unpacked` is in, for temporary files.

    Returns:
        A folder with what belongs at `job.prefix`.

    Raises:
        InstallError: It cannot be built; the log is kept.
    """
    place = scratch / "build"
    place.mkdir()
    # By a relative path, so that no absolute one of this machine is compiled in.
    configure = os.path.relpath(job.unpacked / "configure", place)
    root = scratch / "root"
    version = job.source.version
    job.log.parent.mkdir(parents=True, exist_ok=True)
    run = _Run(job, place, reporter)
    job.log.write_bytes(b"")
    with reporter.task(f"configuring Python {version}"):
        run.step("configure", [configure, f"--prefix={job.prefix}", *_options(job.flags)])
    kind = ", optimized for itself, which takes long" if job.flags.optimize else ""
    with reporter.task(f"compiling Python {version}{kind} (log: {job.log})"):
        run.step("make", ["make", f"-j{job.jobs}"])
    with reporter.task(f"installing Python {version}"):
        run.step("make install", ["make", "install", f"DESTDIR={root}"])
    return root / job.prefix.relative_to("/")


def _options(flags: Flags) -> list[str]:
    pip = f"--with-ensurepip={'install' if flags.ensurepip else 'no'}"
    if flags.optimize:  # profiled by its own tests, which must be built
        return [pip, "--enable-optimizations", "--with-lto", "--without-static-libpython"]
    return [pip, "--disable-test-modules", "--without-static-libpython"]


@dataclass(frozen=True)
class _Run:
    """Runs the steps of a build and logs their output."""

    job: Job
    place: Path
    reporter: Reporter

    def step(self, name: str, command: Sequence[str]) -> None:
        """Run one step to completion.

        Raises:
            InstallError: It fails.
        """
        with self.job.log.open("a", encoding="utf-8", errors="replace") as log:

            def on_line(line: str) -> None:
                log.write(f"{line}\n")
                self.reporter.debug(line)

            try:
                process.stream(command, on_line, cwd=self.place, env=_environment(self.job))
            except ProcessError as error:
                last = "\n".join(error.output.splitlines()[-_TAIL:])
                raise InstallError(
                    f"Python {self.job.source.version} cannot be built: {name} failed",
                    f"{last}\nits whole output is in {self.job.log}",
                ) from error


def _environment(job: Job) -> dict[str, str]:
    kept = {name: v for name, v in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        **kept,
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": str(job.source.time),  # the build time that programs show
        # For the interpreter and its own modules, not for extensions built with it later.
        "CFLAGS_NODIST": f"{os.environ.get('CFLAGS_NODIST', '')} -g0".strip(),
        "LDFLAGS_NODIST": f"{os.environ.get('LDFLAGS_NODIST', '')} -s".strip(),
    }
