"""Load the input of `create`, in any of the supported formats.

The format is recognized by the content, not by the name: Parsl calls its JSON `.yaml`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pypackage.backends import lock
from pypackage.backends.lock import Lock
from pypackage.core import platforms
from pypackage.core.errors import InputPathError, RequirementsError, UsageError
from pypackage.core.progress import SILENT, Reporter
from pypackage.core.reading import decode, read_input
from pypackage.pipeline import project
from pypackage.pipeline.existing import Installed, is_environment, of_folder, of_name
from pypackage.python import interpreter
from pypackage.requirements.formats import (
    conda_lists,
    conda_lock,
    document,
    environment_yml,
    forms,
    pylock_toml,
    requirements_json,
    requirements_txt,
)
from pypackage.requirements.formats.document import Node
from pypackage.requirements.formats.forms import Form
from pypackage.requirements.model import Requirements
from pypackage.requirements.selected import Selected

__all__ = ["Installed", "load"]

_FORMS = (
    "known are the file of python_package_analyze, environment.yml, requirements.txt, a project's "
    "folder or pyproject.toml, uv.lock, pylock.toml, pixi.toml, pixi.lock, conda-lock.yml, conda's "
    "lists, a Python script (.py, or with #!), and an environment by its folder or name"
)
# The options that select parts of an input, by format.
_OF_PROJECT = ("--environment", "--extra", "--group")
_SELECTED = {
    forms.PIXI_LOCK: ("--environment",),
    forms.PIXI_TOML: ("--environment",),
    forms.PROJECT: _OF_PROJECT,
    forms.UV_LOCK: ("--extra", "--group"),
    forms.PYLOCK_TOML: ("--extra", "--group"),
    forms.CONDA_LOCK: ("--category",),
}
_NOTHING = "list packages there{}, or allow an environment without any: --allow-empty"


def load(
    name: str,
    reporter: Reporter,
    *,
    selected: Selected = project.NOTHING,
    platform: str = "",
    python: str = "",
    allow_empty: bool = False,
) -> Requirements | Lock | Installed:
    """Read the input of `create`.

    Args:
        name: A file, `-` for stdin, or an environment's folder or name.
        selected: Which environment, extras, groups or categories of it.
        platform: Conda's name of the platform that a lock is read for; by default this machine's.
        python: The interpreter that a script is analyzed for and a project's `requires-python`
            compared with, or its version; by default the `python3` on PATH.
        allow_empty: Whether to accept an input that requires nothing.

    Raises:
        InputPathError: The input does not exist, or cannot be read.
        RequirementsError: It is invalid; the message names the place in the file.
        SourceError: It is a script that is not valid Python.
        UsageError: Parts are selected of an input that has no such parts.
    """
    platform = platform or platforms.here()
    if name != "-" and (os.path.isdir(name) or not os.path.lexists(name)):
        given = _of_folder_or_name(name, reporter, selected, platform, python)
        if not allow_empty:
            _check_asks(given, name, _OF_PROJECT)
        return given
    try:
        content = read_input(name)
    except InputPathError as error:
        raise InputPathError(error.message, error.hint or _FORMS) from error
    try:
        reader = _Reader(name, content, reporter, selected, platform, python)
        given = reader.read()
        if not allow_empty:
            _check_asks(given, reader.label, _SELECTED.get(reader.form, ()), reader.unknown)
    except RequirementsError as error:
        raise RequirementsError(error.message, error.hint or _FORMS) from error
    return given


def _check_asks(
    given: Requirements | Lock | Installed,
    label: str,
    options: Sequence[str],
    unknown: bool = False,
) -> None:
    """Refuse requirements that request nothing, or only a Python among unknown keys."""
    if not isinstance(given, Requirements) or (given.python and not unknown):
        return
    asked = (given.modules, given.standard, given.dependencies, given.pip, given.local, given.data)
    if any(asked):
        return
    groups = ", take one of its groups by --group NAME" if "--group" in options else ""
    raise RequirementsError(f"{label}: nothing is asked for", _NOTHING.format(groups))


def _of_folder_or_name(
    name: str, reporter: Reporter, selected: Selected, platform: str, python: str
) -> Requirements | Lock | Installed:
    folder = Path(name)
    if os.path.isdir(name) and not os.access(name, os.R_OK | os.X_OK):
        raise InputPathError(f"cannot read {name}: Permission denied")
    if os.path.isdir(name) and project.is_project(folder) and not is_environment(folder):
        _check_selected(name, "a project", selected, _OF_PROJECT)
        lock = project.pixi_lock(folder, selected)
        if lock:
            return load_lock(str(lock), selected, platform)
        return project.of_folder(folder, reporter, selected, platform, python)
    _check_selected(name, "an environment", selected, ())
    if os.path.isdir(name):
        return of_folder(folder)
    found = of_name(name)
    if found:
        return found
    raise InputPathError(
        f"cannot read {name}: No such file or directory, nor an environment of this name", _FORMS
    )


def _check_selected(label: str, what: str, selected: Selected, taken: Sequence[str]) -> None:
    """Reject options that select what an input does not have."""
    vain = [option for option in selected.options() if option not in taken]
    if vain:
        raise UsageError(f"{label} is {what}: {', '.join(vain)} has no effect", "leave it out")


def load_lock(
    name: str,
    selected: Selected = project.NOTHING,
    platform: str = "",
) -> Lock:
    """Read a lock: pixi.lock, a lock written by this package, conda-lock.yml, or an explicit list.

    Args:
        name: A file, or `-` for stdin.
        selected: Which environment or categories of it.
        platform: Conda's name of the platform that it is read for; by default this machine's.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is invalid, or not for the platform.
    """
    at = platform or platforms.here()
    reader = _Reader(name, read_input(name), SILENT, selected, at, "")
    _check_selected(reader.label, reader.form.name, selected, _SELECTED.get(reader.form, ()))
    found = reader.lock()
    if not found:
        raise RequirementsError(f"{reader.label}: not a lock file of pixi or conda-lock")
    return found


class _Reader:
    """Reads a file by its format."""

    def __init__(
        self,
        name: str,
        content: bytes,
        reporter: Reporter,
        selected: Selected,
        platform: str,
        python: str,
    ) -> None:
        self.name = name
        self.label = "<stdin>" if name == "-" else name
        self.content = content
        self.text = _text(content)
        self.form = forms.recognize(name, self.text)
        self._folder = "" if name == "-" else os.path.dirname(name)
        self._reporter = reporter
        self._selected = selected
        self._platform = platform
        self._python = python
        self.unknown = False  # whether there are unknown keys

    def read(self) -> Requirements | Lock:
        """Read the file."""
        form = self.form
        _check_selected(self.label, form.name, self._selected, _SELECTED.get(form, ()))
        if form is forms.EXPLICIT and not conda_lists.has_digests(self.text):
            return conda_lists.exact(self.text, self.label, self._platform)
        locked = self.lock()
        if locked:
            return locked
        if form is forms.SCRIPT:
            return self._script()
        if form is forms.JSON:
            return self._json()
        if form is forms.ENVIRONMENT_YML:
            return self._environment_yml(document.of_yaml(self.content, self.label))
        if form is forms.CONDA_LIST:
            return conda_lists.exported(self.text, self.label)
        if form is forms.PYLOCK_TOML:
            top = document.of_toml(self.text, self.label)
            return pylock_toml.requirements(top, self._folder, self._selected, self._platform)
        if form in (forms.PROJECT, forms.PIXI_TOML, forms.UV_LOCK):
            return self._project(form)
        return requirements_txt.read(self.content, self.label, self._folder)

    def lock(self) -> Lock | None:
        """The lock in the file; None if it is not one."""
        content, environment = self.content, ""
        if self.form is forms.PIXI_LOCK:
            environment = self._selected.environment
        elif self.form is forms.CONDA_LOCK:
            content = self._conda_lock()
        elif self.form is forms.EXPLICIT:
            content = conda_lists.explicit(self.text, self.label, self._platform)
        else:
            return None
        found = lock.loads(content, self.label, self._platform, environment)
        folders = (os.path.abspath(os.path.join(self._folder, one)) for one in found.projects)
        return replace(found, projects=tuple(folders))

    def _conda_lock(self) -> bytes:
        top = document.of_yaml(self.content, self.label)
        categories = self._selected.categories
        for name in conda_lock.other_categories(top, self._platform, categories):
            self._reporter.warning(
                f"{self.label}: packages of the category {name} are left out; --category {name} "
                "takes them"
            )
        return conda_lock.as_pixi(top, self._platform, categories)

    def _script(self) -> Requirements:
        from pypackage.pipeline import analyze

        # By path: with a version alone, installed packages would not be looked at.
        target = str(interpreter.find(self._python).executable) if self._python else None
        with self._reporter.task("analyzing the program"):
            found = analyze.analyze(
                [self.name], python=target, reporter=self._reporter, stdin=self.content
            )
            return found.requirements

    def _json(self) -> Requirements:
        top = document.of_json(self.content, self.label)
        if top.has("cells"):
            return self._script()
        if top.has("_meta") and top.has("default"):
            forms.recognize("Pipfile.lock", self.text)
        if top.has("dependencies"):
            return self._environment_yml(top)
        self._warn_of_unknown(top, requirements_json.KEYS)
        if self.unknown and not any(map(top.has, requirements_json.KEYS)):
            raise top.invalid("is in no known format")
        return requirements_json.read(top)

    def _environment_yml(self, top: Node) -> Requirements:
        self._warn_of_unknown(top, environment_yml.KEYS)
        return environment_yml.requirements(top, self._folder, self._platform)

    def _warn_of_unknown(self, top: Node, known: Sequence[str]) -> None:
        for message in document.unknown_keys(top, known):
            self.unknown = True
            self._reporter.warning(message)

    def _project(self, form: Form) -> Requirements:
        if self.name == "-":
            raise RequirementsError(f"{self.label} is {form.name}", "name its file or its folder")
        base = os.path.basename(self.name)
        if form is forms.PIXI_TOML or (form is forms.PROJECT and base not in project.FILES):
            return project.of_manifest(self.name, self._reporter, self._selected, self._platform)
        folder = Path(self.name).parent
        return project.of_folder(
            folder, self._reporter, self._selected, self._platform, self._python
        )


def _text(content: bytes) -> str:
    """Decode a text for recognizing its format; decoding errors are reported when it is read."""
    try:
        return decode(content, "")
    except RequirementsError:
        return content.decode("utf-8", "replace")
