"""Build interpreters from CPython's source, once for each source, compiler and set of flags.

A built one lies in the cache like any other interpreter of this machine, and the host channel
makes a package of it as of any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.backends.cpython import build, builds, sources, toolchain
from pypackage.backends.cpython.build import Flags
from pypackage.backends.cpython.builds import Kept
from pypackage.backends.cpython.sources import Source
from pypackage.core import files
from pypackage.core.errors import InstallError, SolveError
from pypackage.core.progress import Reporter

__all__ = ["BuildRequest", "Flags", "Kept", "interpreter", "kept"]


@dataclass(frozen=True)
class BuildRequest:
    """An interpreter to be built, unless it was built before.

    Attributes:
        source: An archive of CPython's source: its path or URL (`#sha256=…` may follow), or
            a version, which is fetched from python.org.
        flags: How it is built.
        python: The version, or first parts of it, that the source must have; empty for any.
        jobs: How many processes compile.
        offline: Whether the network is not to be used.
    """

    source: str
    flags: Flags
    python: str = ""
    jobs: int = 1
    offline: bool = False


def interpreter(request: BuildRequest, cache: Path, reporter: Reporter) -> Path:
    """Build an interpreter from source, or find it among those built before.

    Args:
        cache: pypackage's cache folder.

    Returns:
        Its executable.

    Raises:
        InputPathError: The source cannot be read, or is not CPython's.
        SolveError: It is of another version than requested.
        InstallError: It cannot be downloaded or built.
    """
    root = builds.folder(cache)
    with InstallError.wrapping("the interpreter cannot be built or kept", root):
        found = _found_or_built(request, root, reporter)
    _check_version(found.version, request.python)
    if found.lacking:
        reporter.debug(f"{found.name} has no {', '.join(found.lacking)}")
    return found.executable


def _found_or_built(request: BuildRequest, root: Path, reporter: Reporter) -> Kept:
    wanted = sources.parse(request.source)
    tools = toolchain.find()
    setup = toolchain.setup(tools, request.flags)
    # The file behind any other URL may have changed since.
    url = wanted.url if wanted.is_release else ""
    found = builds.find(root, setup, sha256=wanted.sha256, url=url)
    if found:
        return found
    with files.temporary_folder(root / "making") as scratch:
        source = sources.fetch(wanted, scratch, request.offline, reporter)
        found = builds.find(root, setup, sha256=source.sha256)
        if found:
            return found
        _check_version(source.version, request.python)
        toolchain.tell_absent(tools, source.version, reporter)
        return _built(source, request, _place(root, source, setup), setup, scratch, reporter)


def _place(root: Path, source: Source, setup: str) -> Path:
    """Return the final path of an interpreter, which is compiled into it."""
    if any(character.isspace() for character in str(root)):
        raise InstallError(
            f"CPython cannot be built in {root}: its name has a space in it",
            "set XDG_CACHE_HOME to another folder",
        )
    return builds.place(root, source.version, setup, source.sha256)


def _built(
    source: Source,
    request: BuildRequest,
    prefix: Path,
    setup: str,
    scratch: Path,
    reporter: Reporter,
) -> Kept:
    """Build a source and store the result."""
    unpacked = sources.unpack(source, scratch / "source", reporter)
    flags = request.flags
    if flags.ensurepip and not any(unpacked.glob("Lib/ensurepip/_bundled/pip-*.whl")):
        reporter.warning("this source has no pip: the interpreter is built without it")
        flags = replace(flags, ensurepip=False)
    log = builds.log_of(prefix)
    job = build.Job(source, unpacked, prefix, flags, request.jobs, log)
    installed = build.build(job, scratch, reporter)
    lacking = toolchain.lacking(installed / "bin" / "python3", source.version)
    if lacking:
        reporter.warning(
            f"Python {source.version} was built without {', '.join(lacking)}: see {log}"
        )
    made = Kept(prefix, source.version, source.told, source.url, source.sha256, setup, lacking)
    builds.keep(made, installed)
    return made


def _check_version(version: str, wanted: str) -> None:
    if wanted and not f"{version}.".startswith(f"{wanted}."):
        raise SolveError(
            f"the source is of Python {version}, and the requirements ask for {wanted}",
            f'write "python": "{version}" there, or name another source',
        )
    from pypackage.backends.host.interpreter_package import OLDEST

    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SolveError(f"the source is of Python {version}; {oldest} and newer can be packed")
