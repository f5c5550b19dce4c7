"""requirements.txt: every line of it is honoured or refused, none is overlooked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pypackage.core.errors import RequirementsError
from pypackage.core.names import normalize
from pypackage.core.reading import read_text
from pypackage.requirements import pep508
from pypackage.requirements.formats.declared_requirements_txt import expanded, logical_lines
from pypackage.requirements.model import Requirements

_OPTION = re.compile(r"(?P<name>-\w|--[\w-]+)(?:\s*=\s*|\s+|(?<=^-\w))?(?P<value>.*)")
_LONG = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "-f": "--find-links",
}
_WHERE = {"--index-url", "--extra-index-url", "--trusted-host"}
_FLAGS = {"--no-index", "--pre"}
# What they ask for is so in any case: wheels alone are taken, and all hashes are checked.
_IMPLIED = {"--only-binary", "--prefer-binary", "--require-hashes", "--use-feature"}
_VCS = r"(?:git|hg|svn|bzr)\+"


@dataclass(frozen=True)
class Line:
    """A line of a requirements file, continued ones joined, and its place."""

    text: str
    place: str


@dataclass(frozen=True)
class Asked:
    """What lines ask for; see `Requirements` for the fields.

    Attributes:
        projects: Folders, absolute, with the extras that are wanted: `/here[extra]`.
        strict: Place of the line that has all others need hashes, empty if none does.
    """

    pip: tuple[Line, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pip_options: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    strict: str = ""

    def fields(self) -> dict[str, Any]:
        """The fields of `Requirements` that they fill."""
        return {
            "pip": tuple(dict.fromkeys((*(line.text for line in self.pip), *self.projects))),
            "constraints": tuple(dict.fromkeys(self.constraints)),
            "hashes": self.hashes,
            "pip_options": tuple(dict.fromkeys(self.pip_options)),
        }


def read(content: bytes, label: str, folder: str) -> Requirements:
    """What a requirements file asks for; its Python is that of who makes the environment.

    Args:
        content: Of the file.
        label: What messages call it.
        folder: Where it lies; paths in it are relative to it.

    Raises:
        RequirementsError: A line is not valid, or asks for what cannot be done.
        InputPathError: A file that it names cannot be read.
    """
    return Requirements(python="", **collect(lines(content, label), folder).fields())


def lines(content: bytes, label: str) -> list[Line]:
    """The lines that say something.

    Raises:
        RequirementsError: It is no text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequirementsError(f"{label}: not a text file (byte {error.start})") from None
    return [Line(*one) for one in logical_lines(text, label)]


def without_comment(text: str) -> str:
    """A line without its comment; empty if it says nothing."""
    return re.sub(r"(^|\s+)#.*$", "", text).strip()


def is_line(text: str) -> bool:
    """Whether a line could stand in a requirements file."""
    if re.match(r"-(-[a-z]|[rceif]\b)", text):
        return True
    try:
        pep508.parse(re.split(r"\s--?\w", text)[0])
    except ValueError:
        return bool(re.match(rf"{_VCS}|\w+://|\.{{0,2}}/|\S+\.whl\b", text))
    return True


def collect(given: Iterable[Line], folder: str) -> Asked:
    """What lines ask for, those of the files that they include, too.

    Raises:
        RequirementsError: A line is not valid, or asks for what cannot be done.
        InputPathError: A file that one of them names cannot be read.
    """
    asked = Asked()
    for line in given:
        asked = _with_line(asked, line, folder, frozenset())
    bare = [line for line in asked.pip if _key(line.text) not in asked.hashes]
    if asked.strict and bare:
        raise RequirementsError(
            f"{bare[0].place}: {bare[0].text} has no --hash, but {asked.strict} has",
            "give all of them hashes, or none",
        )
    return asked


def _with_line(asked: Asked, line: Line, folder: str, above: frozenset[str]) -> Asked:
    text = expanded(line.text)
    found = _OPTION.fullmatch(text)
    if not found:
        return _with_requirement(asked, Line(text, line.place), folder)
    name, value = _LONG.get(found["name"], found["name"]), found["value"].strip().strip("\"'")
    if name in _FLAGS:
        return replace(asked, pip_options=(*asked.pip_options, name))
    if name in _IMPLIED:
        strict = line.place if name == "--require-hashes" else ""
        return replace(asked, strict=asked.strict or strict)
    if not value:
        raise RequirementsError(f"{line.place}: {name} says nothing")
    if name in _WHERE:
        return replace(asked, pip_options=(*asked.pip_options, f"{name}={value}"))
    act = _ACTIONS.get(name)
    if not act:
        raise RequirementsError(f"{line.place}: {name} cannot be honoured", "leave it out")
    return act(asked, Line(value, line.place), folder, above)


def _with_links(asked: Asked, line: Line, folder: str, _above: frozenset[str]) -> Asked:
    where = line.text if "://" in line.text else os.path.abspath(os.path.join(folder, line.text))
    return replace(asked, pip_options=(*asked.pip_options, f"--find-links={where}"))


def _with_file(asked: Asked, line: Line, folder: str, above: frozenset[str]) -> Asked:
    path = _included(line, folder)
    if os.path.abspath(path) in above:
        return asked
    above |= {os.path.abspath(path)}
    for inner in logical_lines(read_text(path, line.place), path):
        asked = _with_line(asked, Line(*inner), os.path.dirname(path), above)
    return asked


def _with_constraints(asked: Asked, line: Line, folder: str, above: frozenset[str]) -> Asked:
    """Take in a file of constraints: what would be asked for only bounds."""
    inner = _with_file(Asked(), line, folder, above)
    if inner.projects:
        raise RequirementsError(f"{line.place}: {line.text} names folders, which bound nothing")
    return replace(
        asked,
        constraints=(*asked.constraints, *(one.text for one in inner.pip), *inner.constraints),
        hashes=_merged(asked.hashes, inner.hashes),
        pip_options=(*asked.pip_options, *inner.pip_options),
        strict=asked.strict or inner.strict,
    )


def _included(line: Line, folder: str) -> str:
    if "://" in line.text:
        raise RequirementsError(
            f"{line.place}: {line.text} is not on this machine", "download it first"
        )
    return os.path.join(folder, line.text)


def _with_project(asked: Asked, line: Line, folder: str, _above: frozenset[str]) -> Asked:
    """Take in a folder of the user's own that is to be installed."""
    if re.match(rf"{_VCS}|\w+://", line.text):
        return _with_requirement(asked, line, folder)
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(line.text)))
    if not os.path.exists(re.sub(r"\[[^\]]*\]$", "", path)):
        raise RequirementsError(f"{line.place}: there is no {line.text}")
    return replace(asked, projects=(*asked.projects, path))


_ACTIONS: dict[str, Callable[[Asked, Line, str, frozenset[str]], Asked]] = {
    "--requirement": _with_file,
    "--constraint": _with_constraints,
    "--editable": _with_project,
    "--find-links": _with_links,
}


def _with_requirement(asked: Asked, line: Line, folder: str) -> Asked:
    """Take in a requirement, or a path or URL, with its hashes."""
    text, *options = re.split(r"\s+(?=--?[a-z])", line.text)
    named = _named(Line(text, line.place), folder)
    if not named:
        return _with_project(asked, Line(text, line.place), folder, frozenset())
    try:
        key = normalize(pep508.parse(named).name)
    except ValueError as error:
        raise RequirementsError(f"{line.place}: not a requirement: {text!r}: {error}") from None
    digests = tuple(_digest(option, line.place) for option in options)
    return replace(
        asked,
        pip=(*asked.pip, Line(named, line.place)),
        hashes=_merged(asked.hashes, {key: digests} if digests else {}),
        strict=asked.strict or (line.place if digests else ""),
    )


def _named(line: Line, folder: str) -> str:
    """A requirement as PEP 508 has it; empty for a folder."""
    text = line.text
    if re.match(r"[\w.-]+\s*(\[[^\]]*\])?\s*@", text) and "://" in text:
        return text
    if not re.match(rf"{_VCS}|\w+://|[./~]", text) and not text.endswith(".whl"):
        return text
    is_url = re.match(rf"{_VCS}|\w+://", text)
    egg = re.search(r"[#&]egg=([\w.-]+)", text)
    wheel = re.match(r"([\w.]+)-[\w.!+]+-.*\.whl$", unquote(os.path.basename(urlsplit(text).path)))
    if not is_url and not wheel:
        return ""
    if not egg and not wheel:
        raise RequirementsError(
            f"{line.place}: {text} does not say what it is", "write it 'NAME @ URL'"
        )
    found = egg or wheel
    assert found is not None
    url = text if is_url else Path(folder, os.path.expanduser(text)).absolute().as_uri()
    return f"{found[1]} @ {url}"


def _digest(option: str, place: str) -> str:
    found = re.fullmatch(r"--hash[=\s]+(sha256:[0-9a-fA-F]{64})", option)
    if not found:
        raise RequirementsError(
            f"{place}: {option} cannot be honoured", "hashes are --hash=sha256:… of 64 digits"
        )
    return found[1].lower()


def _merged(
    one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    both = {name: (*one.get(name, ()), *digests) for name, digests in other.items()}
    return {**one, **both}


def _key(requirement: str) -> str:
    return normalize(pep508.parse(requirement).name)
