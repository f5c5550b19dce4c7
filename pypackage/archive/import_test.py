"""Import an environment's modules before it is shipped, as a task would.

The content of the archive is laid out by hard links in a separate place and prepared there by the
runner. This tests relocation and activation too, and nothing that a module does on import gets
into the environment or the archive.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pypackage.archive import manifest, tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.core import files, process
from pypackage.core.errors import ProcessError

TIMEOUT = 600.0  # seconds for all imports together


@dataclass(frozen=True)
class Failure:
    """A module that fails to import.

    Attributes:
        module: Its name.
        reason: The exception's type and the last line of its message, or how the process ended.
        absent: Whether there is no such module at all.
        lacks: The missing module that it imports; empty if it fails for another reason.
    """

    module: str
    reason: str
    absent: bool = False
    lacks: str = ""


@dataclass(frozen=True)
class Trial:
    """The result of importing modules.

    Attributes:
        failures: The modules that fail, in order.
        loaded: The libraries of this machine that each of the other modules was the first to load.
    """

    failures: list[Failure]
    loaded: dict[str, list[Path]]


def imports(contents: Contents, modules: Sequence[str], scratch: Path) -> Trial:
    """Import modules in an environment, one after the other.

    Args:
        contents: The content of the archive.
        modules: The names of the modules.
        scratch: A folder on the same file system as the environment.

    Raises:
        OSError: The environment cannot be laid out.
        ProcessError: It does not start at all; the error has the runner's output.
    """
    with files.temporary_folder(scratch) as folder:
        prefix = folder / "environment"
        lay_out(contents, prefix)
        (folder / "home").mkdir()
        return _trial(prefix, list(modules), folder / "home")


def start(contents: Contents, scratch: Path) -> None:
    """Relocate and activate an environment, as for a task that does nothing.

    Raises:
        OSError: The environment cannot be laid out.
        ProcessError: It does not start; the error has the runner's output.
    """
    with files.temporary_folder(scratch) as folder:
        prefix = folder / "environment"
        lay_out(contents, prefix)
        (folder / "home").mkdir()
        argv = [*_runner(prefix), "true"]
        process.run(argv, env=_environment(folder / "home"), timeout=TIMEOUT)


def lay_out(contents: Contents, prefix: Path) -> None:
    """Create the tree that unpacking the archive would create, by hard links if possible."""
    described = manifest.render(contents.packages, contents.relocations, [])[1]
    first = Entry(manifest.PATH, None, described, mode=0o644)
    made: set[Path] = set()
    for entry in (first, *tar_stream.with_tools(contents.entries)):
        path = prefix / entry.target
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        _put(entry, path)


def _put(entry: Entry, path: Path) -> None:
    if entry.link or (entry.source and os.path.islink(entry.source)):
        path.symlink_to(entry.link or os.readlink(entry.source or ""))
    elif entry.data is not None:
        path.write_bytes(entry.data)
        path.chmod(tar_stream.tar_info(entry).mode)
    elif entry.source and os.path.isdir(entry.source):
        path.mkdir(exist_ok=True)
    elif entry.source:
        try:
            os.link(entry.source, path)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(entry.source, path)


def _trial(prefix: Path, modules: list[str], home: Path) -> Trial:
    trial = Trial([], {})
    while modules:
        code, said = _run(prefix, modules, home)
        results = list(_results(said))
        if _STARTED not in said:
            raise ProcessError(["python_package_run"], code, said)
        for module, reason, lacks, loaded in results:
            if reason:
                absent = module == lacks
                trial.failures.append(Failure(module, reason, absent, "" if absent else lacks))
            elif loaded:
                trial.loaded[module] = [Path(one) for one in loaded]
        modules = modules[len(results) :]
        if modules:  # the process ended while importing the first of them
            trial.failures.append(Failure(modules.pop(0), _ending(code)))
    return trial


def _run(prefix: Path, modules: Sequence[str], home: Path) -> tuple[int, str]:
    argv = [*_runner(prefix), "python", "-I", "-c", _IMPORTER, *modules]
    try:
        return 0, process.run(argv, env=_environment(home), timeout=TIMEOUT).decode()
    except ProcessError as error:
        return error.returncode, error.output


def _runner(prefix: Path) -> list[str]:
    """The words before a command that is run in an environment."""
    return ["sh", str(prefix / "bin" / "python_package_run"), "-e", str(prefix), "--"]


def _environment(home: Path) -> dict[str, str]:
    """The environment variables of a task on a bare worker."""
    path = "/usr/local/bin:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8"}


# Modules' output on stdout is redirected to stderr, so that it is not taken for a result.
_IMPORTER = """\
import importlib, json, os, sys
results = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
here = os.path.realpath(sys.prefix) + "/"
def foreign():
    try:
        with open("/proc/self/maps", errors="surrogateescape") as maps:
            paths = {line[:-1].split(None, 5)[-1] for line in maps if ".so" in line}
    except OSError:
        return set()
    return {path for path in paths if os.path.isfile(path) and not path.startswith(here)}
known = foreign()
results.write("\\n\\x1e[]\\n")
results.flush()
for name in sys.argv[1:]:
    reason = lacks = ""
    try:
        importlib.import_module(name)
    except BaseException as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = ": ".join([type(error).__name__, *lines[-1:]])
        cause = error
        while cause and not isinstance(cause, ModuleNotFoundError):
            cause = cause.__cause__ or cause.__context__
        lacks = (cause.name or "") if cause else ""
    loaded = sorted(foreign() - known)
    known.update(loaded)
    results.write("\\n\\x1e" + json.dumps([name, reason, lacks, loaded]) + "\\n")
    results.flush()
os._exit(0)
"""


_STARTED = "\x1e[]"


def _results(said: str) -> Iterator[tuple[str, str, str, list[str]]]:
    for line in said.split("\n"):  # splitlines() would also split at the record separator
        if line.startswith("\x1e[") and line != _STARTED:
            yield tuple(json.loads(line[1:]))


def _ending(code: int) -> str:
    if code == process.TOO_LONG:
        return f"it was not imported after {TIMEOUT:.0f} seconds"
    if code < 0:
        return f"the process was killed by {signal.Signals(-code).name}"
    return f"the process ended with status {code}"
