"""Options for making an environment and its archive."""

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
    """How an environment and its archive are made; each field is an option of the command.

    Attributes:
        channels: Names, URLs or folders, the most preferred first; `host` (or
            `host:PYTHON`) is made of this machine's interpreter and what is installed for
            it. By default the requirements' own, else condarc's, else conda-forge.
        locked: A lock: exactly its packages are installed, nothing is solved.
        lock: Where the lock is written besides the archive itself; by default `Target.lock`.
        sbom: Where a bill of materials (CycloneDX) is written; None for nowhere.
        allow_sdist: Whether packages of PyPI that have no wheel may be built.
        allow_guesses: Whether a module of which no package is known is taken for the package of
            its name.
        add: Own modules, packages, projects and files: `PATH` or `PATH:DEST`.
        selection: Which files are left out of the archive, in the order of the options.
        slim: Whether what no program needs is left out of the archive.
        compress_level: How hard the archive is compressed; None is the format's default.
        jobs: How many threads and processes make, compress and compile; None is one a processor.
        platform: What the environment is for, such as `linux-aarch64`; empty for machines
            like this one.
        exclude_newer: Packages published after this moment are not taken.
        offline: Do without the network; condarc may ask for it too.
        conda_executable: Path or name of a conda, mamba or micromamba that chooses and
            installs conda's packages; empty for the built-in engine.
        base: Where relative paths in the requirements start.
        verify: Whether the required modules have to import before there is an archive.
        rebuild: Whether to make anew what was made of the same before.
        cache_limit: How many bytes are kept for the next time; None is the default.
        report: Whether to look at what the archive costs.
        python_source: An archive of CPython's source (path, URL or version) that is built;
            the host channel is then that of this interpreter.
        optimize: Whether it is built with its own optimizations, which takes long.
        ensurepip: Whether it is to have pip.
        pinned: Match specs that bound what comes in this time, as an update has them.
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
    base: Path = Path()
    verify: bool = True
    rebuild: bool = False
    cache_limit: int | None = None
    report: bool = False
    python_source: str = ""
    optimize: bool = False
    ensurepip: bool = True
    pinned: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    @property
    def workers(self) -> int:
        """How many threads and processes work at a time."""
        return self.jobs or platforms.cores()


# By the fields of `Options`.
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
        UsageError: There is one.
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
