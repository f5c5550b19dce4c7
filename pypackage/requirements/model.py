"""Requirements as values, and their format in requirements.json."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import chain

from pypackage.core.errors import RequirementsError
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.requirements.data_sources import Git, Http

if TYPE_CHECKING:
    from typing import Any


class Requirements(NamedTuple):
    """What a program needs.

    Attributes:
        python: The version of Python, such as `3.11.7`; empty if only the dependencies
            determine it.
        modules: Top-level modules that are neither standard library nor local.
        submodules: The imported dotted modules of these.
        standard: Modules of the standard library that not every Python has, such as tkinter.
        channels: Conda channels, by priority.
        dependencies: Conda match specs, such as `numpy=2.1.3`.
        pip: Requirements (PEP 508), mere URLs, and folders of projects, that must not come
            from conda.
        optional: Modules that the program can do without, each with the reason.
        local: The user's own modules and packages: absolute paths, or as written in a file,
            relative to it.
        data: What is fetched by git and from the web, as in poncho's `git` and `http`.
        pinned: Conda match specs that restrict what is installed and request nothing.
        constraints: The same for what comes from PyPI (PEP 508).
        hashes: Digests that files from PyPI may have, such as `sha256:…`, by the normalized
            name of the package.
        pip_options: Where packages from PyPI are looked for, as options of pip:
            `--index-url=…`, `--extra-index-url=…`, `--find-links=…`, `--no-index`, `--pre`.
        variables: Environment variables for the program.
        system: Versions of virtual packages such as `__cuda` that replace the machine's.
    """

    python: str
    modules: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    optional: Mapping[str, str] = {}
    local: tuple[str, ...] = ()
    data: tuple[Git | Http, ...] = ()
    pinned: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: Mapping[str, tuple[str, ...]] = {}
    pip_options: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    submodules: tuple[str, ...] = ()
    standard: tuple[str, ...] = ()
    system: Mapping[str, str] = {}

    @property
    def needs_python(self) -> bool:
        """Whether something is requested that is of no use without Python."""
        asked = (self.python, self.modules, self.standard, self.pip, self.local)
        return any(asked)


def merge(parts: Sequence[Requirements]) -> Requirements:
    """Merge the requirements of several programs.

    Raises:
        RequirementsError: They are for different versions of Python.
    """
    versions = dict.fromkeys(one.python for one in parts if one.python)
    if len(versions) > 1:
        raise RequirementsError(f"different versions of Python: {', '.join(versions)}")
    values: dict[str, Any] = {}
    for name in Requirements._fields[1:]:
        found = [getattr(one, name) for one in parts]
        if isinstance(Requirements._field_defaults[name], tuple):
            values[name] = tuple(dict.fromkeys(chain.from_iterable(found)))
        else:
            values[name] = {key: value for one in found for key, value in one.items()}
    for module in values["modules"]:
        values["optional"].pop(module, None)
    return Requirements("".join(versions), **values)


def dumps(requirements: Requirements, folder: str = "") -> str:
    """Serialize requirements as JSON: sorted, the same for equal values, with a final newline.

    Args:
        folder: The folder of the file to be written, which local paths are made relative to; by
            default they stay as they are.
    """
    if folder:
        local = (os.path.relpath(one, folder) for one in requirements.local)
        requirements = requirements._replace(local=tuple(local))
    data: dict[str, object] = {
        "python": requirements.python,
        "modules": sorted(requirements.modules),
    }
    if requirements.submodules:
        data["submodules"] = sorted(requirements.submodules)
    if requirements.standard:
        data["standard"] = sorted(requirements.standard)
    dependencies: list[object] = list(requirements.dependencies)
    if requirements.pip:
        dependencies.append({"pip": list(requirements.pip)})
    if requirements.channels or dependencies:
        data["conda"] = {"channels": list(requirements.channels), "dependencies": dependencies}
    if requirements.optional:
        data["optional"] = dict(requirements.optional)
    if requirements.local:
        data["local"] = sorted(requirements.local)
    git = {one.name: one for one in requirements.data if isinstance(one, Git)}
    http = {one.name: one for one in requirements.data if isinstance(one, Http)}
    if git:
        data["git"] = {name: _filled(remote=one.remote, ref=one.ref) for name, one in git.items()}
    if http:
        data["http"] = {
            name: _filled(
                url=one.url, type=one.kind, compression=one.compression, sha256=one.sha256
            )
            for name, one in http.items()
        }
    return f"{_as_json(data)}\n"


def _as_json(value: object, margin: str = "\n") -> str:
    """Do what `json.dumps` does with `sort_keys` and an indent of 2, for strings, lists and dicts.

    Importing json takes 2 ms, a twentieth of the analysis of one script.
    """
    inner = f"{margin}  "
    if isinstance(value, Mapping):
        items = [f"{_quoted(key)}: {_as_json(value[key], inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(items)}{margin}}}" if items else "{}"
    if isinstance(value, list):
        items = [_as_json(one, inner) for one in value]
        return f"[{inner}{f',{inner}'.join(items)}{margin}]" if items else "[]"
    return _quoted(value)


def _quoted(value: object) -> str:
    assert isinstance(value, str)
    try:
        from _json import encode_basestring_ascii as quoted
    except ImportError:  # Pythons other than CPython
        from json.encoder import encode_basestring_ascii as quoted
    return quoted(value)


def _filled(**keys: str) -> dict[str, str]:
    return {key: text for key, text in keys.items() if text}
