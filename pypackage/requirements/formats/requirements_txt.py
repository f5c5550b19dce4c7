"""Read requirements.txt as pip does: `create` installs it, `analyze` takes constraints from it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from pypackage.core.errors import RequirementsError
from pypackage.core.package_names import normalize
from pypackage.core.reading import decode, read_text
from pypackage.requirements import pep508
from pypackage.requirements.declarations import Collector, Source
from pypackage.requirements.formats import sources
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
# Always the case here: only wheels are used, and all hashes are checked.
_IMPLIED = {"--only-binary", "--prefer-binary", "--require-hashes", "--use-feature"}
_INCLUDES = ("--requirement", "--constraint")
URL = r"(?:git|hg|svn|bzr)\+|\w+://"
"""The start of a URL, including those of repositories."""


class Line(NamedTuple):
    """A line of a requirements file, continuation lines joined, and its place."""

    text: str
    place: str


class Entry(NamedTuple):
    """A parsed line of a requirements file or of a file that it includes.

    Attributes:
        place: Of the line.
        option: An option of pip by its long name; empty for a requirement.
        value: Of the option, or the requirement, path or URL.
        options: Those after a requirement, such as `--hash=sha256:…`.
        folder: The folder that relative paths start from.
        bounds: Whether it is in a constraints file.
    """

    place: str
    option: str
    value: str
    options: tuple[str, ...]
    folder: str
    bounds: bool


def read(content: bytes, label: str, folder: str) -> Requirements:
    """Read a requirements file; the Python version is left to the caller.

    Args:
        folder: The file's; paths in it are relative to it.

    Raises:
        RequirementsError: A line is not valid or not supported.
        InputPathError: A file that it names cannot be read.
    """
    return collect(entries(lines(decode(content, label), label), folder))


def declare(made: Collector, found: Iterable[Entry]) -> None:
    """Add the declarations of entries; warn of those that are not a named requirement.

    Raises:
        RequirementsError: A line is not valid.
    """
    for entry in found:
        is_editable = entry.option == "--editable"
        if entry.option and not is_editable:
            told = f"{entry.option} is for pip"
        elif _names_path(entry.value):
            name = sources.project_name(_folder(_local(entry)))
            if name:
                made.add(name, entry.place, source=Source(refused=f"the path {entry.value}"))
                continue
            told = f"{entry.value} is {'editable' if is_editable else 'a path'}"
        elif requirement := _named(entry):
            made.add(requirement, entry.place)
            continue
        else:
            told = f"{entry.value} does not say its name"
        made.warnings.append(f"{entry.place}: {told} and was not taken over")


# --- lines -------------------------------------------------------------------------------


def lines(text: str, label: str) -> Iterator[Line]:
    """Yield lines with their place, continuation lines joined, without comments and empty lines."""
    begun, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        first = first or number
        # A comment ends a continued line, as with pip.
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            begun += raw[:-1]
            continue
        line = without_comment(begun + raw)
        if line:
            yield Line(line, f"{label}:{first}")
        begun, first = "", 0


def without_comment(text: str) -> str:
    """Return a line without its comment; empty if nothing is left."""
    return re.sub(r"(?:^|(?<=\s))#.*$", "", text).strip()


def is_line(text: str) -> bool:
    """Whether a text is a valid line of a requirements file."""
    if re.match(r"-(-[a-z]|[rceif]\b)", text):
        return True
    try:
        pep508.parse(re.split(r"\s--?\w", text)[0])
    except ValueError:
        return bool(re.match(rf"{URL}|\.{{0,2}}/|\S+\.whl\b", text))
    return True


def entries(given: Iterable[Line], folder: str, above: Iterable[str] = ()) -> Iterator[Entry]:
    """Parse lines, including those of the files that they include; each file is read once.

    Args:
        folder: The folder that relative paths start from.
        above: The files that include them, absolute.

    Raises:
        RequirementsError: An option has no value, or includes what is not on this machine.
        InputPathError: An included file cannot be read.
    """
    seen = {(one, False) for one in above}
    # No recursion: a chain of files may be longer than Python's stack.
    begun = [(iter(given), folder, False)]
    while begun:
        rest, folder, bounds = begun[-1]
        line = next(rest, None)
        if line is None:
            begun.pop()
            continue
        entry = _entry(line, folder, bounds)
        if entry.option not in _INCLUDES:
            yield entry
            continue
        if "://" in entry.value:
            message = f"{entry.place}: {entry.value} is not on this machine"
            raise RequirementsError(message, "download it first")
        path = os.path.join(folder, entry.value)
        bounds = bounds or entry.option == "--constraint"
        if (os.path.abspath(path), bounds) not in seen:
            seen.add((os.path.abspath(path), bounds))
            begun.append((lines(read_text(path, entry.place), path), os.path.dirname(path), bounds))


def _entry(given: Line, folder: str, bounds: bool) -> Entry:
    text, place = given
    line = re.sub(r"\$\{([A-Z0-9_]+)\}", lambda m: os.environ.get(m[1], m[0]), text)
    found = _OPTION.fullmatch(line)
    if not found:
        value, *options = map(str.strip, re.split(r"\s(?=--?[a-z])", line))
        return Entry(place, "", _path_of(value.rstrip("; ")), tuple(options), folder, bounds)
    name, value = _LONG.get(found["name"], found["name"]), found["value"].strip().strip("\"'")
    if not value and name not in _FLAGS | _IMPLIED:
        raise RequirementsError(f"{place}: {name} says nothing")
    told = value if name in _INCLUDES else _path_of(value)
    return Entry(place, name, told, (), folder, bounds)


# --- what they request -------------------------------------------------------------------


def collect(found: Iterable[Entry], *, locked: bool = False) -> Requirements:
    """Convert entries to requirements; each is honoured or refused, none is ignored.

    Args:
        locked: Whether they are of a lock, where commits need no hashes.

    Raises:
        RequirementsError: A line is not valid or not supported.
    """
    pip: dict[str, tuple[str, str]] = {}  # with the key and the place of each
    constraints: list[str] = []
    projects: list[str] = []
    pip_options: list[str] = []
    hashes: dict[str, tuple[str, ...]] = {}
    strict = ""  # the place of the line by which all others need hashes
    for entry in found:
        option = entry.option
        if option in _IMPLIED:
            strict = strict or (entry.place if option == "--require-hashes" else "")
        elif option and option != "--editable":
            pip_options.append(_pip_option(entry))
        elif requirement := _named(entry):
            key, digests = _key(requirement, entry), _digests(entry)
            strict = strict or (entry.place if digests else "")
            if entry.bounds:
                constraints.append(requirement)
            else:
                digests += _digest_in_url(requirement)
                pip.setdefault(requirement, (key, entry.place))
            if digests:
                hashes[key] = (*hashes.get(key, ()), *digests)
        elif re.match(URL, entry.value) and not (entry.bounds or entry.options):
            pip.setdefault(entry.value, ("", entry.place))  # uv determines the name
        else:
            path, _, marker = entry.value.partition(";")
            if not marker or _holds(marker, entry):
                projects.append(_project(entry._replace(value=path.rstrip())))
    for text, (key, place) in pip.items():
        if strict and key not in hashes and not (locked and " @ git+" in text):
            raise _without_hash(text, place, "" if locked else strict)
    return Requirements(
        python="",
        pip=tuple(dict.fromkeys((*pip, *projects))),
        constraints=tuple(dict.fromkeys(constraints)),
        hashes=hashes,
        pip_options=tuple(dict.fromkeys(pip_options)),
    )


def _without_hash(text: str, place: str, other: str) -> RequirementsError:
    """Return the error of a requirement without a hash; `other` is the place of one with it."""
    if other:
        hint = "give all of them hashes, or none; a URL of a file as NAME @ URL#sha256=…"
        return RequirementsError(f"{place}: {text} has no --hash, but {other} has", hint)
    hint = "uv export --no-dev --no-hashes --emit-index-url -o requirements.txt makes what is taken"
    return RequirementsError(f"{place}: {text} is from an index that publishes no hashes", hint)


def _named(entry: Entry) -> str:
    """Convert to a PEP 508 requirement; empty for a path or URL without a name."""
    text, is_url = entry.value, re.match(URL, entry.value)
    if entry.option == "--editable" and not is_url:
        return ""
    is_named = re.match(r"[\w.-]+\s*(\[[^\]]*\]\s*)?@", text) and "://" in text
    wheel = None if is_url else re.fullmatch(r"(.+\.whl)(\[[^\]]*\])?", text)
    if is_named or not (is_url or re.match(r"[./~]", text) or wheel):
        return text
    egg = re.search(r"[#&]egg=([\w.-]+(?:\[[^\]]*\])?)", text) if is_url else None
    file = unquote(re.split("[?#]", wheel[1] if wheel else text)[0].rpartition("/")[2])
    found = egg or re.match(r"([\w.]+)-[\w.!+]+-.*\.whl$", file)
    extras = wheel[2] or "" if wheel else ""
    url = text if is_url else Path(_folder(_local(entry))).as_uri()
    return f"{found[1]}{extras} @ {url}" if found else ""


def _path_of(text: str) -> str:
    """Replace `file:PATH` (not a valid URL, but accepted by pip) by the path."""
    found = re.fullmatch(r"file:(?!//)([^#]*)(#.*)?", text)
    return (found[1] if re.match(r"[./~]", found[1]) else f"./{found[1]}") if found else text


def _folder(text: str) -> str:
    """Remove the extras after a path."""
    return os.path.expanduser(re.sub(r"\[[^\]]*\]$", "", text))


def _local(entry: Entry) -> str:
    """Return the absolute path that an entry names.

    It is relative to the file's folder, or if nothing installable is there, to the current
    folder as with pip: `-e .` in requirements/dev.txt means the project in the current folder.
    """
    there, here = (
        os.path.abspath(os.path.join(folder, os.path.expanduser(entry.value)))
        for folder in (entry.folder, "")
    )
    return (
        here
        if sources.is_package(_folder(here)) and not sources.is_package(_folder(there))
        else there
    )


def _names_path(text: str) -> bool:
    is_file = re.search(r"\.(whl|zip|tar\.\w+|tgz)$", text.split(" ")[0])
    return not re.match(URL, text) and bool(re.match(r"[./~]", text) or is_file)


def _key(requirement: str, entry: Entry) -> str:
    """Return the normalized name of a requirement."""
    try:
        return normalize(pep508.parse(requirement).name)
    except ValueError as error:
        what = f"not a requirement: {entry.value!r}: {error}"
        is_conda_s = re.fullmatch(r"(\S+::)?[\w.-]+\s*(=[^=\s]\S*)?", entry.value)
        hint = "packages of conda stand under dependencies of an environment.yml"
        raise RequirementsError(f"{entry.place}: {what}", hint if is_conda_s else "") from None


def _digests(entry: Entry) -> tuple[str, ...]:
    found = [re.fullmatch(r"--hash[=\s]+(sha256:[0-9a-fA-F]{64})", one) for one in entry.options]
    for option, digest in zip(entry.options, found, strict=True):
        if not digest:
            raise RequirementsError(
                f"{entry.place}: {option} cannot be honoured",
                "hashes are --hash=sha256:… of 64 digits; other options have lines of their own",
            )
    return tuple(digest[1].lower() for digest in found if digest)


def _digest_in_url(requirement: str) -> tuple[str, ...]:
    """Return the digest in the URL of a file, as pip reads it; none in that of a repository."""
    if "@" not in requirement:
        return ()
    url, _, fragment = (pep508.parse(requirement).url or "").partition("#")
    found = re.search(r"(?:^|&)sha256=([0-9a-f]{64})(?:&|$)", fragment)
    is_file = not re.match(r"\w+\+", url)
    return (f"sha256:{found[1]}",) if found and is_file else ()


def _pip_option(entry: Entry) -> str:
    """Return an option for where or how packages are looked for, or which must be built."""
    name, value = entry.option, entry.value
    if name in _FLAGS:
        return name
    if name == "--find-links" and "://" not in value:
        value = os.path.abspath(os.path.join(entry.folder, value))
    elif name == "--no-binary":
        value = ",".join(re.split(r"[\s,]+", value))
    elif name not in _WHERE | {"--find-links"}:
        raise RequirementsError(f"{entry.place}: {name} cannot be honoured", "remove it")
    return f"{name}={value}"


def _holds(marker: str, entry: Entry) -> bool:
    """Whether the marker after a folder is true here, since the folder is built here."""
    try:
        return pep508.is_true(marker)
    except ValueError as error:
        raise RequirementsError(f"{entry.place}: not a marker: {marker!r}: {error}") from None


def _project(entry: Entry) -> str:
    """Return the absolute path of a project's folder to install, with its extras."""
    if re.match(URL, entry.value):
        raise RequirementsError(
            f"{entry.place}: {entry.value} does not say which package it is",
            "write it 'NAME @ URL'",
        )
    path = _local(entry)
    if not os.path.exists(_folder(path)):
        raise RequirementsError(
            f"{entry.place}: there is no {entry.value}",
            "paths are relative to the file's folder, or to the current one",
        )
    if entry.bounds:
        raise RequirementsError(
            f"{entry.place}: {entry.value} is a folder, which constrains nothing"
        )
    return path
