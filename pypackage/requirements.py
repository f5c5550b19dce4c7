"""requirements.json: what a program needs, as a value, read and written.

Besides our own form it reads what the predecessors wrote: the two keys `python` and
`modules` alone, and both of poncho's forms (`conda.dependencies`, or `conda.packages` and
`pip` beside `conda`).
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from pypackage.errors import InputPathError, RequirementsError


@dataclass(frozen=True)
class Requirements:
    """What a program needs.

    Attributes:
        python: The version of Python, such as `3.11.7`.
        modules: Top-level modules that are neither standard library nor local.
        channels: Conda channels, the first one first.
        dependencies: Conda match specs, such as `numpy=2.1.3`.
        pip: Requirements (PEP 508) that are not to come from conda.
        optional: Modules that the program can do without, each with the reason.
        local: The user's own modules and packages, as paths relative to the script.
    """

    python: str
    modules: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    optional: Mapping[str, str] = field(default_factory=dict)
    local: tuple[str, ...] = ()


_HINT = "python_package_analyze makes such a file: python_package_analyze script.py FILE"

# --- reading -----------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Requirements:
    """Read a requirements file; `-` is stdin.

    Raises:
        InputPathError: It cannot be read.
        RequirementsError: It is not valid; the message names the place inside the file.
    """
    label = "<stdin>" if os.fspath(path) == "-" else os.fspath(path)
    try:
        return loads(read_input(path), label)
    except (InputPathError, RequirementsError) as error:
        raise type(error)(error.message, error.hint or _HINT) from error


def read_input(path: str | os.PathLike[str]) -> bytes:
    """The content of a file that was named on the command line; `-` is stdin.

    Raises:
        InputPathError: It cannot be read.
    """
    try:
        if os.fspath(path) == "-":
            return _standard(sys.stdin, "stdin").buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputPathError(f"cannot read {os.fspath(path)}: {error.strerror}") from error


def _standard(stream: TextIO | None, name: str) -> TextIO:
    """A standard stream, which is None in a process that was started without it."""
    if stream is None:
        raise InputPathError(f"{name} is closed")
    return stream


def loads(content: bytes, label: str) -> Requirements:
    """Read requirements from the content of a file that messages call `label`.

    Raises:
        RequirementsError: It is not valid; the message names the place inside the file.
    """
    try:
        return _requirements(_Node("", json.loads(content.decode("utf-8-sig"))))
    except _Misfit as misfit:
        raise RequirementsError(f"{label}: {misfit}", misfit.hint) from None
    except UnicodeDecodeError as error:
        raise RequirementsError(f"{label}: not a text file (byte {error.start})") from None
    except json.JSONDecodeError as error:
        place = f"{label}:{error.lineno}:{error.colno}"
        raise RequirementsError(f"{place}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 10,000 brackets
        raise RequirementsError(f"{label}: not valid JSON: {error}") from None


def _requirements(top: _Node) -> Requirements:
    conda = top.get("conda", {})
    listed = conda.get("dependencies", None)
    if listed.value is None:
        listed = conda.get("packages", [])
    # In poncho's newer form {"pip": [...]} is one of the dependencies.
    nested = [one for one in listed.items() if isinstance(one.value, dict)]
    specs = [one for one in listed.items() if not isinstance(one.value, dict)]
    for one in nested:
        one.only("pip")
    pip = [word for one in (top, *nested) for word in one.get("pip", []).strings()]
    return Requirements(
        python=_python(top, specs),
        modules=tuple(module.module() for module in top.get("modules", []).items()),
        channels=conda.get("channels", []).strings(),
        dependencies=tuple(one.string() for one in specs),
        pip=tuple(pip),
        optional={name: one.string() for name, one in top.get("optional", {}).entries()},
        local=top.get("local", []).strings(),
    )


_VERSION = r"\d+(\.\d+)*((a|b|rc)\d+)?\+?"
_PYTHON_SPEC = r"(?:\S+::)?python\b(?![-_.])\s*(.*)"


def _python(top: _Node, specs: list[_Node]) -> str:
    """The version under `python`, else that of the conda dependency `python`."""
    node = top.get("python", "")
    version = node.string()
    if not version:
        node, found = next(
            ((one, found) for one in specs if (found := re.fullmatch(_PYTHON_SPEC, one.string()))),
            (node, None),
        )
        if not found:
            raise _Misfit("python: missing", 'give a version, as in {"python": "3.11.7"}')
        # The version of `python=3.11.*=*_cpython` or `python 3.11.7 h123_0` is 3.11 or 3.11.7.
        version = re.split(r"[\s=]", found[1].lstrip("= "))[0].rstrip("*").rstrip(".")
    if not re.fullmatch(_VERSION, version):
        raise node.misfit(f"expected a version such as 3.11.7, not {_shown(version)}")
    return version


class _Misfit(Exception):
    """Something in the file is not as it should be; says where and what."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class _Node:
    """A value of the JSON document and where it stands, such as `conda.dependencies[3]`."""

    place: str
    value: Any

    def get(self, key: str, default: object) -> _Node:
        """The entry of an object; null counts as absent."""
        place = f"{self.place}.{key}" if self.place else key
        value = self._mapping().get(key)
        return _Node(place, default if value is None else value)

    def entries(self) -> list[tuple[str, _Node]]:
        return [(key, self.get(key, None)) for key in self._mapping()]

    def only(self, key: str) -> None:
        """Refuse an object that has other keys."""
        other = next((name for name in self._mapping() if name != key), None)
        if other is not None:
            raise self.misfit(f"expected the key {key!r} alone, not {other!r}")

    def items(self) -> list[_Node]:
        if not isinstance(self.value, list):
            raise self.misfit(f"expected a list, not {_shown(self.value)}")
        return [_Node(f"{self.place}[{i}]", one) for i, one in enumerate(self.value)]

    def string(self) -> str:
        if not isinstance(self.value, str):
            raise self.misfit(f"expected a string, not {_shown(self.value)}")
        if re.search("[\x00-\x1f\ud800-\udfff]", self.value):
            raise self.misfit(f"{_shown(self.value)} has characters that no name has")
        return self.value

    def strings(self) -> tuple[str, ...]:
        return tuple(one.string() for one in self.items())

    def module(self) -> str:
        if not all(part.isidentifier() for part in self.string().split(".")):
            raise self.misfit(f"{self.value!r} is not a module's name")
        return self.string()

    def misfit(self, what: str) -> _Misfit:
        return _Misfit(f"{self.place}: {what}" if self.place else what)

    def _mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.misfit(f"expected an object, not {_shown(self.value)}")
        return self.value


def _shown(value: object) -> str:
    """A value as it stands in the file, a long one by its kind alone."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


# --- writing -----------------------------------------------------------------------------


def dumps(requirements: Requirements) -> str:
    """Requirements as JSON: sorted, the same for the same value, with a newline at the end."""
    data: dict[str, object] = {
        "python": requirements.python,
        "modules": sorted(requirements.modules),
    }
    dependencies: list[object] = list(requirements.dependencies)
    if requirements.pip:
        dependencies.append({"pip": list(requirements.pip)})
    if requirements.channels or dependencies:
        data["conda"] = {"channels": list(requirements.channels), "dependencies": dependencies}
    if requirements.optional:
        data["optional"] = dict(requirements.optional)
    if requirements.local:
        data["local"] = sorted(requirements.local)
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def dump(requirements: Requirements, path: str | os.PathLike[str]) -> None:
    """Write a requirements file; `-` is stdout.

    A file is replaced as a whole and keeps its mode; a device or a pipe is written to.

    Raises:
        InputPathError: It cannot be written there.
    """
    content = dumps(requirements).encode()
    target = os.fspath(path)
    try:
        if target in _STDOUT:
            descriptor = _standard(sys.stdout, "stdout").fileno()
            with open(descriptor, "wb", closefd=False) as stream:
                stream.write(content)
        elif _is_stream(target):
            with open(target, "wb") as stream:
                stream.write(content)
        else:
            from pathlib import Path

            from pypackage import files

            if os.path.isdir(target):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
            with files.new_file(Path(target)) as file:
                file.write(content)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InputPathError(f"cannot write {target}: {error.strerror}") from error
    except OSError as error:
        error.filename = error.filename or target
        raise


# Written to as it is: opened by such a path, a file that stdout is appended to would be emptied.
_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def _is_stream(path: str) -> bool:
    """Whether a path names a device or a pipe, not a file, a folder or nothing."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
