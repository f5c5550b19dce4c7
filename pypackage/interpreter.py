"""Python interpreters of this machine: which one is meant, and what it says of itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pypackage.errors import InputPathError, ProcessError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# pathlib, subprocess and the probe are imported where they are used: `version` is asked by
# each run of the analyzer and mostly needs none of them.


@dataclass(frozen=True)
class Interpreter:
    """An interpreter as it describes itself; all paths are absolute.

    Attributes:
        executable: The one that was asked; inside a virtual environment, that one's.
        base_executable: The one that the virtual environment was made of, else the same.
        version: Full version, such as `3.11.7`.
        prefix: `sys.prefix`.
        base_prefix: `sys.base_prefix`.
        search_path: Folders and zip files on which modules are looked for, in order, with
            PYTHONPATH and the user site, without the present folder.
        stdlib: Folder of the standard library's Python modules.
        platstdlib: Folder of its platform dependent part; in a virtual environment of no use,
            ask `base_executable` for it.
        include: Folder of the C headers; it need not exist.
        library: File name of libpython (shared or static), empty when unknown.
        library_dir: The folder where `library` lies when it is shared.
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
    library: str
    library_dir: Path
    extension_suffix: str
    markers: dict[str, str]
    stdlib_module_names: frozenset[str]

    @property
    def major_minor(self) -> str:
        """The version's first two numbers, such as `3.11`."""
        return ".".join(self.version.split(".")[:2])


def version(name: str | None = None) -> str:
    """The version of the interpreter that `find` finds, in less time if it is this one.

    Raises:
        InputPathError: As `find` does.
    """
    if name is None and _is_running(shutil.which("python3") or sys.executable):
        return sys.version.split()[0]
    return find(name).version


def find(name: str | None = None) -> Interpreter:
    """The interpreter that the user means.

    Args:
        name: A path, a command on PATH or a version such as `3.11`; by default the
            `python3` on PATH, and the running one when PATH has none.

    Raises:
        InputPathError: There is none such, or what is there is not a Python interpreter.
    """
    from pathlib import Path

    if name is None:
        found = shutil.which("python3") or sys.executable
    elif re.fullmatch(r"\d+(\.\d+){0,2}", name):
        return _of_version(name)
    else:
        found = shutil.which(name) or ""
        if not found:
            raise InputPathError(
                f"no Python interpreter {name!r}", "name an executable or a version such as 3.11"
            )
    return ask(Path(found))


def ask(executable: Path) -> Interpreter:
    """Let an interpreter describe itself; nothing is started when it is the running one.

    Raises:
        InputPathError: It cannot be started or is not a Python interpreter.
    """
    from pypackage import _probe, process

    if _is_running(os.fspath(executable)):
        return _from_answer(_probe.probe())
    try:
        answer = process.run([executable, "-I", _probe.__file__])
    except ProcessError as error:
        raise InputPathError(f"{executable} {_NO_INTERPRETER}", str(error)) from error
    try:
        return _from_answer(json.loads(answer))
    except (ValueError, TypeError, KeyError) as error:
        raise InputPathError(f"{executable} {_NO_INTERPRETER}") from error


_NO_INTERPRETER = "is not a Python 3 interpreter that runs here"


def _is_running(executable: str) -> bool:
    """Whether it is this process's interpreter, perhaps by another name in the same folder.

    The folder matters: a virtual environment's `python` is a link to the one it was made of.
    """
    here = sys.executable
    if os.path.abspath(executable) == here:
        return True
    if not (os.path.dirname(executable) and os.path.exists(executable) and os.path.exists(here)):
        return False
    same_folder = os.path.samefile(os.path.dirname(executable), os.path.dirname(here))
    return same_folder and os.path.samefile(executable, here)


def _of_version(version: str) -> Interpreter:
    """The first interpreter of a version, or of one that begins so."""
    from pathlib import Path

    seen = []
    for candidate in dict.fromkeys(_candidates(version)):
        try:
            interpreter = ask(Path(candidate))
        except InputPathError:
            continue  # such as a pyenv shim of a version that is not switched on
        if f"{interpreter.version}.".startswith(f"{version}."):
            return interpreter
        seen.append(interpreter.version)
    raise InputPathError(
        f"no Python {version} on PATH, nor with pyenv or uv",
        f"there is {', '.join(dict.fromkeys(seen)) or 'none'}; name the interpreter's path",
    )


def _candidates(version: str) -> Iterator[str]:
    """Where an interpreter of a version may be: on PATH, this one, where pyenv and uv put it."""
    from glob import glob

    short = ".".join(version.split(".")[:2])
    for name in ("python3", f"python{short}", "python"):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            found = shutil.which(name, path=folder) if folder else None
            if found:
                yield found
    yield sys.executable
    home = os.path.expanduser("~")
    pyenv = os.environ.get("PYENV_ROOT") or f"{home}/.pyenv"
    share = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{share}/uv/python"
    yield from sorted(glob(f"{pyenv}/versions/{version}*/bin/python"), reverse=True)
    yield from sorted(glob(f"{uv}/cpython-{version}*/bin/python3"), reverse=True)


def _from_answer(answer: dict[str, Any]) -> Interpreter:
    from pathlib import Path

    fields = dict(answer)
    for key in _PATHS:
        fields[key] = Path(fields[key])
    fields["search_path"] = tuple(Path(p) for p in fields["search_path"])
    fields["stdlib_module_names"] = frozenset(fields["stdlib_module_names"])
    return Interpreter(**fields)


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
