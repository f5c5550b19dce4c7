"""Options for creating an environment and its archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pypackage.archive import select
from pypackage.backends.lock import Lock
from pypackage.core import platforms
from pypackage.core.errors import UsageError
from pypackage.pipeline.existing import Installed
from pypackage.requirements.model import Requirements


@dataclass(frozen=True)
class Options:
    """How an environment and its archive are created; each field is an option of the command.

    Attributes:
        channels: Names, URLs or folders by priority; `host` (or `host:PYTHON`) is made of this
            machine's interpreter and what is installed for it. By default the requirements'
            own, else condarc's, else conda-forge.
        locked: A lock: exactly its packages are installed, nothing is solved.
        lock: Where to write the lock besides the archive itself; by default `Target.lock`.
        sbom: Where to write a bill of materials (CycloneDX); None for nowhere.
        allow_sdist: Whether packages of PyPI without a wheel may be built.
        allow_guesses: Whether to take a package of the same name for a module whose package is
            unknown.
        add: Own modules, packages, projects and files: `PATH` or `PATH:DEST`.
        selection: The files to leave out of the archive, in the order of the options.
        slim: Whether to leave files that no program needs out of the archive.
        compress_level: The compression level; None for the format's default.
        jobs: The number of threads and processes; None for one per processor.
        platform: The target platform, such as `linux-aarch64`; empty for this machine's.
        exclude_newer: Packages published after this time are not used.
        offline: Whether to do without the network; condarc may request it too.
        conda_executable: Path or name of a conda, mamba or micromamba to choose and install
            conda's packages; empty for the built-in solver.
        inputs: Files that nothing may be written to.
        base: Where relative paths in the requirements start.
        verify: Whether to check that the required modules can be imported before packing.
        rebuild: Whether to ignore a cached archive of the same inputs.
        cache_limit: The size of the cache in bytes; None for the default.
        report: Where the archive's size by package is reported: the page, or `-` for stdout;
            empty for nowhere. The caller writes it.
        python_source: An archive of CPython's source (path, URL or version) to build; the host
            channel is then that of this interpreter.
        optimize: Whether to build it with its own optimizations, which takes long.
        ensurepip: Whether it includes pip.
        pinned: Match specs that restrict packages without requiring them, used by updates.
        constraints: The same for packages of PyPI (PEP 508).
    """

    channels: tuple[str, ...] = ()
    locked: Lock | None = None
    lock: Path | None = None
    sbom: Path | None = None
    allow_sdist: bool = False
    allow_guesses: bool = False
    add: tuple[str, ...] = ()
    selection: tuple[select.SelectionRule, ...] = ()
    slim: bool = False
    compress_level: int | None = None
    jobs: int | None = None
    platform: str = ""
    exclude_newer: datetime | None = None
    offline: bool = False
    conda_executable: str = ""
    inputs: tuple[Path, ...] = ()
    base: Path = Path()
    verify: bool = True
    rebuild: bool = False
    cache_limit: int | None = None
    report: str = ""
    python_source: str = ""
    optimize: bool = False
    ensurepip: bool = True
    pinned: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def workers(self) -> int:
        """The number of threads and processes."""
        return self.jobs or platforms.cores()


# Names of options, by the fields of `Options`.
_ARE_LOCKED = {"exclude_newer": "--exclude-newer", "python_source": "--python-source"}
_ARE_INSTALLED = {
    "channels": "--channel",
    **_ARE_LOCKED,
    "locked": "--locked",
    "lock": "--lock",
    "allow_sdist": "--allow-sdist",
    "allow_guesses": "--allow-guesses",
    "conda_executable": "--conda-executable",
    "platform": "--platform",
    "add": "--add",
}
_LOCKED = "the lock says which packages are taken"


def check_compatible(given: Requirements | Lock | Installed, options: Options) -> None:
    """Reject options that would have no effect for the given kind of input.

    Raises:
        UsageError: There is such an option.
    """
    if isinstance(given, Installed):
        _refuse(_ARE_INSTALLED, options, f"{given.prefix} is packed as it is")
    elif isinstance(given, Lock):
        _refuse({**_ARE_LOCKED, "locked": "--locked"}, options, _LOCKED)
    elif options.locked:
        _refuse(_ARE_LOCKED, options, _LOCKED)


def _refuse(fields: dict[str, str], options: Options, reason: str) -> None:
    named = [option for field, option in fields.items() if getattr(options, field)]
    if named:
        raise UsageError(f"{reason}: {', '.join(named)} has no effect", "leave it out")
