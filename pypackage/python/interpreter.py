"""Find the Python interpreters of this machine, and query them."""

from __future__ import annotations

import os
import re
import sys

from pypackage.core import user_dirs
from pypackage.core.errors import InputPathError, ProcessError, UsageError
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

# pathlib, subprocess and the probe are imported where needed: each run of the
# analyzer determines the interpreter, and mostly needs none of them.


class Environment(NamedTuple):
    """What the analyzer needs to know of an interpreter; all paths are absolute.

    Attributes:
        version: Full version, such as `3.11.7`.
        prefix: `sys.prefix`.
        base_prefix: `sys.base_prefix`.
        sites: The search path without the standard library, in order.
        extension_suffix: Such as `.cpython-311-x86_64-linux-gnu.so`.
        stdlib_module_names: `sys.stdlib_module_names`, empty before Python 3.10.
        markers: The variables of environment markers (PEP 508), without `extra`.
    """

    version: str
    prefix: str
    base_prefix: str
    sites: tuple[str, ...]
    extension_suffix: str
    stdlib_module_names: frozenset[str]
    markers: Mapping[str, str]


class Interpreter(NamedTuple):
    """An interpreter as it describes itself; all paths are absolute.

    Attributes:
        executable: The queried one; in a virtual environment, that environment's.
        base_executable: The base interpreter of a virtual environment, else the same.
        version: Full version, such as `3.11.7`.
        prefix: `sys.prefix`.
        base_prefix: `sys.base_prefix`.
        search_path: Folders and zip files that modules are imported from, in order, with
            PYTHONPATH and the user site, without the current folder.
        stdlib: Folder of the standard library's Python modules.
        platstdlib: Folder of its platform-dependent part; not usable in a virtual environment,
            query `base_executable` instead.
        include: Folder of the C headers; it need not exist.
        library_dir: The folder of libpython if it is shared.
        extension_suffix: Such as `.cpython-311-x86_64-linux-gnu.so`.
        markers: The variables of environment markers (PEP 508), without `extra`.
        stdlib_module_names: `sys.stdlib_module_names`, empty before Python 3.10.
    """

    executable: Path
    base_executable: Path
    version: str
    prefix: Path
    base_prefix: Path
    search_path: tuple[Path, ...]
    stdlib: Path
    platstdlib: Path
    include: Path
    library_dir: Path
    extension_suffix: str
    markers: dict[str, str]
    stdlib_module_names: frozenset[str]

    @property
    def major_minor(self) -> str:
        """The version's first two numbers, such as `3.11`."""
        return ".".join(self.version.split(".")[:2])


def environment(name: str | None = None) -> Environment:
    """Return the environment of the interpreter that the user means; see `find`.

    Raises:
        InputPathError: There is no such interpreter.
    """
    if name is not None and is_version(name):
        executable = os.fspath(find(name).executable)
    else:
        executable = _locate(name)
        if _is_this(executable):
            return running_environment()
    return _environment(_answer(executable, "brief"))


def running_environment() -> Environment:
    """Return the environment of this process."""
    from pypackage.python import _probe

    return _environment(_probe.brief())


def find(name: str | None = None) -> Interpreter:
    """Find the interpreter that the user means.

    Args:
        name: A path, a command on PATH or a version such as `3.11`; by default the
            `python3` on PATH, or the running one if PATH has none.

    Raises:
        InputPathError: There is no such interpreter, or it is not Python.
    """
    from pathlib import Path

    return _of_version(name) if name is not None and is_version(name) else ask(Path(_locate(name)))


def is_version(name: str) -> bool:
    """Whether a name is a mere version, such as `3.11`."""
    return bool(re.fullmatch(r"\d+(\.\d+){0,2}", name))


def ask(executable: Path) -> Interpreter:
    """Query an interpreter; no process is started if it is the running one.

    Raises:
        InputPathError: It cannot be started or is not a Python interpreter.
    """
    from pypackage.python import _probe

    if _is_this(os.fspath(executable)):
        return _interpreter(_probe.probe())
    return _interpreter(_answer(os.fspath(executable)))


def _answer(executable: str, *arguments: str) -> dict[str, list[str]]:
    """Run the probe with an interpreter, without running any of the user's code.

    Raises:
        InputPathError: It cannot be started, or is not a Python interpreter.
    """
    from pypackage.core import process
    from pypackage.python import _probe

    what = f"{executable} is not a Python 3 interpreter that runs here"
    told: dict[str, list[str]] = {}
    try:
        output = os.fsdecode(process.run([executable, "-I", "-S", _probe.__file__, *arguments]))
    except ProcessError as error:
        raise InputPathError(what, str(error)) from error
    for record in output.split("\0")[1:]:
        name, _, value = record.partition("=")
        told.setdefault(name, []).append(value)
    if not {"version", "prefix", "markers"} <= set(told):
        raise InputPathError(what)
    return told


def _locate(name: str | None) -> str:
    """Return the path of the interpreter with a name other than a version.

    Raises:
        InputPathError: There is no such interpreter.
    """
    found = _default() if name is None else _which(name)
    if not found:
        raise InputPathError(
            f"no Python interpreter {name!r}", "name an executable or a version such as 3.11"
        )
    return found


def running() -> str:
    """Return the path of the running interpreter.

    Raises:
        UsageError: It is embedded in another program, and its path is unknown.
    """
    if not sys.executable:
        raise UsageError(
            "this Python is embedded in another program, and sys.executable is empty",
            "name an interpreter, or set sys.executable to the path of a Python like this one",
        )
    return sys.executable


def prefer_running() -> None:
    """Prefer the running interpreter to others on PATH from now on.

    This is for programs that call the library, and mean their own Python.
    """
    global _running_first
    _running_first = True


_running_first = False


def _default() -> str:
    return (_running_first and sys.executable) or _which("python3") or sys.executable


def _which(name: str, path: str = "") -> str:
    """Return a command's path, as a shell finds it; empty if there is none."""
    if os.path.dirname(name):
        return name if _can_run(name) else ""
    folders = (path or os.environ.get("PATH", os.defpath)).split(os.pathsep)
    places = (os.path.join(folder, name) for folder in folders if name)
    return next(filter(_can_run, places), "")


def _can_run(path: str) -> bool:
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def _is_this(executable: str) -> bool:
    """Whether it is this process's interpreter, perhaps by another name in the same folder.

    The folder matters: a virtual environment's `python` is a link to its base interpreter.
    """
    here = sys.executable
    if os.path.abspath(executable) == here:
        return True
    if not (os.path.dirname(executable) and os.path.exists(executable) and os.path.exists(here)):
        return False
    same_folder = os.path.samefile(os.path.dirname(executable), os.path.dirname(here))
    return same_folder and os.path.samefile(executable, here)


def _of_version(version: str) -> Interpreter:
    """Return the first interpreter of a version, or of one that starts with it."""
    from pathlib import Path

    seen = []
    for candidate in dict.fromkeys(_candidates(version)):
        try:
            interpreter = ask(Path(candidate))
        except InputPathError:
            continue  # such as a pyenv shim of a version that is not active
        if f"{interpreter.version}.".startswith(f"{version}."):
            return interpreter
        seen.append(interpreter.version)
    raise InputPathError(
        f"no Python {version} on PATH, nor with pyenv or uv",
        f"there is {', '.join(dict.fromkeys(seen)) or 'none'}; name the interpreter's path",
    )


def known() -> list[Interpreter]:
    """Return all interpreters from 3.9 on that `find` can find by version."""
    from pathlib import Path

    candidates = (one for minor in _MINORS for one in _candidates(f"3.{minor}"))
    found: dict[Path, Interpreter] = {}
    for candidate in {os.path.realpath(one): one for one in candidates}.values():
        try:
            interpreter = ask(Path(candidate))
        except InputPathError:
            continue
        found.setdefault(interpreter.base_executable.resolve(), interpreter)
    return list(found.values())


_MINORS = range(9, 25)  # minor versions of Python 3 to look for


def _candidates(version: str) -> Iterator[str]:
    """Yield possible interpreters of a version: on PATH, this one, of pyenv, uv, or built."""
    from glob import glob

    if _running_first:
        yield sys.executable
    short = ".".join(version.split(".")[:2])
    for name in ("python3", f"python{short}", "python"):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            found = _which(name, folder) if folder else ""
            if found:
                yield found
    yield sys.executable
    pyenv = os.environ.get("PYENV_ROOT") or f"{user_dirs.home()}/.pyenv"
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{user_dirs.data_home()}/uv/python"
    yield from sorted(glob(f"{pyenv}/versions/{version}*/bin/python"), reverse=True)
    yield from sorted(glob(f"{uv}/cpython-{version}*/bin/python3"), reverse=True)
    built = f"{user_dirs.cache()}/interpreters"
    yield from sorted(glob(f"{built}/cpython-{version}*/bin/python3"), reverse=True)


def _environment(told: Mapping[str, Sequence[str]]) -> Environment:
    return Environment(
        told["version"][0],
        told["prefix"][0],
        told["base_prefix"][0],
        tuple(told.get("sites", ())),
        told["extension_suffix"][0],
        frozenset(told.get("stdlib_module_names", ())),
        _markers(told),
    )


def _interpreter(told: Mapping[str, Sequence[str]]) -> Interpreter:
    from pathlib import Path

    fields: dict[str, Any] = {name: Path(told[name][0]) for name in _PATHS}
    return Interpreter(
        **fields,
        version=told["version"][0],
        extension_suffix=told["extension_suffix"][0],
        search_path=tuple(map(Path, told["search_path"])),
        markers=_markers(told),
        stdlib_module_names=frozenset(told.get("stdlib_module_names", ())),
    )


def _markers(told: Mapping[str, Sequence[str]]) -> dict[str, str]:
    found = (one.partition("=") for one in told["markers"])
    return {name: value for name, _, value in found}


_PATHS = (
    "executable",
    "base_executable",
    "prefix",
    "base_prefix",
    "stdlib",
    "platstdlib",
    "include",
    "library_dir",
)
