"""What an environment is made of: the forms in which users and programs say it.

The form is told by the content, not by the name: Parsl calls its JSON `.yaml`.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pypackage.backends import lock
from pypackage.backends.lock import Lock
from pypackage.core import platforms
from pypackage.core.errors import InputPathError, PackageError, RequirementsError
from pypackage.core.progress import Reporter
from pypackage.core.reading import read_input
from pypackage.pipeline.existing import Installed, of_folder, of_name
from pypackage.python import interpreter
from pypackage.requirements.formats import (
    document,
    environment_yml,
    requirements_json,
    requirements_txt,
)
from pypackage.requirements.model import Requirements

__all__ = ["Installed", "load"]

_OfScript = Callable[[bytes], Requirements]

_ENVIRONMENT_KEY = re.compile(r"^(name|channels|dependencies|prefix|variables)\s*:", re.M)
_LOCK = re.compile(r"^version:\s*\d+\s*$(?=[\s\S]*^environments:)(?=[\s\S]*^packages:)", re.M)
_CONDA_LOCK = re.compile(r"^metadata:(?=[\s\S]*^package:)", re.M)
_FORMS = (
    "known are the file of python_package_analyze, environment.yml, requirements.txt, "
    "pixi.lock, conda-lock.yml, a Python script, and an environment by its folder or name"
)


def load(
    name: str, reporter: Reporter, *, environment: str = "", platform: str = "", python: str = ""
) -> Requirements | Lock | Installed:
    """Read what is to be made or packed.

    Args:
        name: A file, `-` for stdin, or an environment's folder or name.
        platform: Conda's name of the one that a lock is read for; by default this machine's.
        python: The interpreter that a script is analyzed for, or its version; by default the
            `python3` on PATH.

    Raises:
        InputPathError: There is no such thing, or it cannot be read.
        RequirementsError: It is not valid; the message names the place inside the file.
        SourceError: It is a script that is not Python.
    """
    if name != "-" and os.path.isdir(name):
        return of_folder(Path(name))
    if name != "-" and not os.path.lexists(name):
        found = of_name(name)
        if found:
            return found
        raise InputPathError(
            f"cannot read {name}: No such file or directory, nor an environment of this name",
            _FORMS,
        )
    try:
        content = read_input(name)
    except InputPathError as error:
        raise InputPathError(error.message, error.hint or _FORMS) from error
    try:
        of_script = partial(_of_script, name, python, reporter)
        return _of_content(content, name, of_script, environment, platform)
    except RequirementsError as error:
        raise RequirementsError(error.message, error.hint or _FORMS) from error


def load_lock(name: str, environment: str = "", platform: str = "") -> Lock:
    """Read a lock: pixi.lock, what this package wrote, or conda-lock.yml.

    Args:
        name: A file, or `-` for stdin.
        platform: Conda's name of the one that it is read for; by default this machine's.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is not valid, or not for the platform.
    """
    content = read_input(name)
    label = "<stdin>" if name == "-" else name
    found = _of_lock(content, label, environment, platform)
    if not found:
        raise RequirementsError(f"{label}: not a lock file of pixi or conda-lock")
    return found


def _of_content(
    content: bytes, name: str, of_script: _OfScript, environment: str, platform: str
) -> Requirements | Lock:
    label = "<stdin>" if name == "-" else name
    folder = "" if name == "-" else os.path.dirname(name)
    text = content.decode("utf-8-sig", "replace")
    if text.lstrip()[:1] in ("{", "["):
        return _of_json(content, label, folder, of_script)
    if _is_script(text, name):
        return of_script(content)
    locked = _of_lock(content, label, environment, platform)
    if locked:
        return locked
    if _ENVIRONMENT_KEY.search(text):
        return environment_yml.requirements(document.of_yaml(content, label), folder)
    if _is_requirements_txt(text, name):
        return requirements_txt.read(content, label, folder)
    if _is_python(text):
        return of_script(content)
    raise _unknown(content, name, label)


def _of_json(content: bytes, label: str, folder: str, of_script: _OfScript) -> Requirements:
    top = document.of_json(content, label)
    if top.has("cells"):
        return of_script(content)
    if top.has("dependencies"):
        return environment_yml.requirements(top, folder)
    return requirements_json.read(top)


def _of_lock(content: bytes, label: str, environment: str, platform: str) -> Lock | None:
    text = content.decode("utf-8-sig", "replace")
    if _LOCK.search(text):
        return lock.loads(content, label, platform, environment)
    if _CONDA_LOCK.search(text):
        from pypackage.requirements.formats import conda_lock

        read = document.of_yaml(content, label)
        converted = conda_lock.as_pixi(read, platform or platforms.here())
        return lock.loads(converted, label, platform)
    return None


def _of_script(name: str, python: str, reporter: Reporter, content: bytes) -> Requirements:
    from pypackage.pipeline import analyze

    # By its path: a mere version would say nothing of what is installed for it.
    target = str(interpreter.find(python).executable) if python else None
    with reporter.task("analyzing the program"):
        needs = analyze.analyze([name], python=target, reporter=reporter, stdin=content)
        return needs.requirements


def _is_script(text: str, name: str) -> bool:
    shebang = re.match(r"#!.*\bpython", text)
    return bool(shebang) or name.endswith((".py", ".pyw", ".ipynb"))


def _is_requirements_txt(text: str, name: str) -> bool:
    """Whether each line could stand there; an import statement could not."""
    said = [line for line in map(requirements_txt.without_comment, text.splitlines()) if line]
    if name.endswith((".txt", ".in")):
        return True
    return bool(said) and requirements_txt.is_line(said[0]) and not _is_python(text, trivial=False)


def _is_python(text: str, *, trivial: bool = True) -> bool:
    """Whether a text is Python; a list of names is, too, but trivially."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(body) and (trivial or not all(isinstance(one, ast.Expr) for one in body))


def _unknown(content: bytes, name: str, label: str) -> PackageError:
    """What is wrong with a file that is of no known form, by what its name says it is."""
    try:
        if name.endswith((".yml", ".yaml")):
            return document.of_yaml(content, label).invalid("says no dependencies")
        document.of_json(content, label)
    except RequirementsError as error:
        return error
    return RequirementsError(f"{label}: expected an object")
