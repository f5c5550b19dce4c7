"""What a program's author has declared: requirements with their bounds, and for which Python.

Inline metadata of a script (PEP 723), pyproject.toml, requirements.txt and environment.yml
are read to one form. Everything has its place, such as `requirements.txt:3`, for messages.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pypackage.errors import InputPathError, RequirementsError
from pypackage.names import normalize, pypi_name

if TYPE_CHECKING:
    from packaging.requirements import Requirement

# packaging, the readers of TOML and YAML are imported where they are used: most scripts
# declare nothing.


@dataclass(frozen=True)
class Declaration:
    """One declared requirement.

    Attributes:
        requirement: It, as PEP 508 has it; of a conda package by its name on PyPI, without a
            range when PEP 440 cannot say it.
        place: Where it stands.
        wanted: Whether the program needs it though no import of it is found; else it only
            says the bounds of what is imported.
        conda: The conda match spec, when it is one.
    """

    requirement: Requirement
    place: str
    wanted: bool = False
    conda: str = ""

    @property
    def key(self) -> str:
        """The normalized name."""
        return normalize(self.requirement.name)


@dataclass(frozen=True)
class Declared:
    """All that is declared.

    Attributes:
        requirements: By normalized name, in the order in which they stand.
        requires_python: Ranges of versions (PEP 440) with the place of each.
        channels: Conda channels, the most preferred first.
        warnings: What could not be taken over, with its place.
    """

    requirements: Mapping[str, tuple[Declaration, ...]] = field(default_factory=dict)
    requires_python: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def inline(source: str, path: str) -> Declared:
    """The metadata in a script's comments (PEP 723); what it declares is wanted.

    Args:
        source: The text of the script.
        path: What places call it.

    Raises:
        RequirementsError: There are two blocks, or the one is not valid.
    """
    if "# /// script" not in source:
        return Declared()
    blocks = list(_script_blocks(re.sub(r"\r\n?", "\n", source).split("\n")))
    if not blocks:
        return Declared()
    line, content = blocks[0]
    if len(blocks) > 1:
        raise RequirementsError(
            f"{path}:{blocks[1][0]}: a second block of script metadata", f"the first is at {line}"
        )
    made = _Collector()
    table = _Table(_toml(content, path, line), f"{path}:{line}", content, line, path)
    made.project(table, wanted=True)
    return made.made()


def _script_blocks(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The blocks of type `script`: the line of each one's start, and its content.

    A block reaches from its start to the last `# ///` of the same run of comment lines, with
    something in between; so says the specification's regular expression, which may take
    time quadratic in the length of a hostile source.
    """
    at = 0
    while at < len(lines):
        begin = at
        while at < len(lines) and (lines[at] == "#" or lines[at].startswith("# ")):
            at += 1
        run = lines[begin:at]
        end = len(run) - 1 - run[::-1].index("# ///") if "# ///" in run else 0
        starts = (i for i in range(end - 1) if re.fullmatch(r"# /// [a-zA-Z0-9-]+", run[i]))
        start = next(starts, None)
        if start is not None and run[start] == "# /// script":
            yield begin + start + 1, "\n".join(line[2:] for line in run[start + 1 : end])
        at += 1


def read(path: str) -> Declared:
    """What a file declares: pyproject.toml, environment.yml (.yaml), else requirements.txt.

    Raises:
        InputPathError: It, or a file that it includes, cannot be read.
        RequirementsError: It is not valid.
    """
    text = _text(path)
    made = _Collector()
    if path.endswith(".toml"):
        _pyproject(made, text, path)
    elif path.endswith((".yml", ".yaml")):
        _environment(made, text, path)
    else:
        _requirements_txt(made, text, path, {os.path.abspath(path)})
    return made.made()


def merge(parts: Iterable[Declared]) -> Declared:
    """All declarations together; they are to hold at once."""
    made = _Collector()
    for part in parts:
        for declarations in part.requirements.values():
            made.requirements += declarations
        made.requires_python += part.requires_python
        made.channels += part.channels
        made.warnings += part.warnings
    return made.made()


def parse(requirement: str) -> Requirement:
    """Read a requirement (PEP 508).

    Raises:
        ValueError: It is not one; says why in one line.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(requirement)
    except InvalidRequirement as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def markers(python: str) -> dict[str, str]:
    """The variables of environment markers for CPython of a version on this machine.

    Args:
        python: Such as `3.11`; when empty, it is that of the running interpreter.
    """
    from packaging.markers import default_environment

    python = python or ".".join(map(str, sys.version_info[:3]))
    full = f"{python}.0" if python.count(".") == 1 else python
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_python_implementation": "CPython",
        "python_full_version": full,
        "python_version": ".".join(python.split(".")[:2]),
    }


def holds(requirement: Requirement, markers: Mapping[str, str], extra: str = "") -> bool:
    """Whether a requirement's marker is true, or it has none, or none that can be evaluated."""
    try:
        return requirement.marker is None or requirement.marker.evaluate(
            {**markers, "extra": extra}
        )
    except ValueError:
        return True


def admits(versions: str, python: str) -> bool:
    """Whether a range of versions has a Python; of `3.11` any release will do."""
    from packaging.specifiers import SpecifierSet

    short = python.count(".") == 1
    tried = (f"{python}.0", f"{python}.999") if short else (python,)
    return any(SpecifierSet(versions).contains(one, prereleases=True) for one in tried)


class _Collector:
    """Declarations on their way to being a value."""

    def __init__(self) -> None:
        self.requirements: list[Declaration] = []
        self.requires_python: list[tuple[str, str]] = []
        self.channels: list[str] = []
        self.warnings: list[str] = []

    def made(self) -> Declared:
        by_name: dict[str, tuple[Declaration, ...]] = {}
        for one in self.requirements:
            if one not in by_name.get(one.key, ()):
                by_name[one.key] = (*by_name.get(one.key, ()), one)
        return Declared(
            by_name,
            tuple(dict.fromkeys(self.requires_python)),
            tuple(dict.fromkeys(self.channels)),
            tuple(dict.fromkeys(self.warnings)),
        )

    def add(self, text: str, place: str, *, wanted: bool = False) -> None:
        """Take in a requirement; it must be a valid one."""
        try:
            self.requirements.append(Declaration(parse(text), place, wanted))
        except ValueError as error:
            raise RequirementsError(f"{place}: not a requirement: {text!r}: {error}") from None

    def python(self, versions: str, place: str) -> None:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            self.requires_python.append((str(SpecifierSet(versions)), place))
        except InvalidSpecifier:
            raise RequirementsError(f"{place}: not a range of versions: {versions!r}") from None

    def project(self, table: _Table, *, wanted: bool = False) -> None:
        """Take in `requires-python` and `dependencies`."""
        if "requires-python" in table.data:
            self.python(table.string("requires-python"), table.place_of("requires-python"))
        for text, place in table.strings("dependencies"):
            self.add(text, place, wanted=wanted)


# --- TOML --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """A table of a TOML document and where its lines are.

    Attributes:
        data: The table.
        place: Where it begins, for what has no line of its own.
        text: The document.
        line: The line of the file before the document's first one.
        path: The file.
    """

    data: Mapping[str, Any]
    place: str
    text: str
    line: int
    path: str

    def string(self, key: str) -> str:
        value = self.data[key]
        if not isinstance(value, str):
            raise RequirementsError(f"{self.place_of(key)}: {key}: expected a string")
        return value

    def strings(self, key: str) -> Iterator[tuple[str, str]]:
        """The strings of a list, each with its place."""
        yield from self._listed(self.data.get(key, []), key)

    def optional(self, key: str) -> Iterator[tuple[str, str]]:
        """The strings of all lists in a table of lists."""
        groups = self.data.get(key, {})
        if not isinstance(groups, dict):
            raise RequirementsError(f"{self.place_of(key)}: {key}: expected a table")
        for name, group in groups.items():
            yield from self._listed(group, f"{key}.{name}")

    def _listed(self, value: object, key: str) -> Iterator[tuple[str, str]]:
        if not isinstance(value, list):
            place = self.place_of(key.rpartition(".")[2])
            raise RequirementsError(f"{place}: {key}: expected a list")
        for index, one in enumerate(value):
            if not isinstance(one, str):
                place = self.place_of(key.rpartition(".")[2])
                raise RequirementsError(f"{place}: {key}[{index}]: expected a string")
            yield one, self.place_of(one)

    def place_of(self, text: str) -> str:
        """The first line that has a text; TOML's reader tells no lines."""
        for number, line in enumerate(self.text.splitlines(), self.line + 1):
            if text in line and not line.lstrip().startswith("#"):
                return f"{self.path}:{number}"
        return self.place


def _toml(text: str, path: str, line: int) -> dict[str, Any]:
    """Read a TOML document that begins after a line of a file."""
    from importlib import import_module

    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        data: dict[str, Any] = toml.loads(text)
    except ValueError as error:
        said = str(error)
        at = re.search(r" \(at line (\d+), column \d+\)", said)
        number = int(at[1]) + line if at else line + text.count("\n") + 1
        what = re.sub(r" \(at [^)]*\)$", "", said)
        raise RequirementsError(f"{path}:{number}: not valid TOML: {what}") from None
    except RecursionError:
        raise RequirementsError(f"{path}:{line + 1}: not valid TOML: nested too deep") from None
    return data


def _pyproject(made: _Collector, text: str, path: str) -> None:
    """The [project] table (PEP 621)."""
    data = _toml(text, path, 0).get("project")
    if data is None:
        made.warnings.append(f"{path}: there is no [project] table, so nothing is declared")
        return
    if not isinstance(data, dict):
        raise RequirementsError(f"{path}: project: expected a table")
    table = _Table(data, path, text, 0, path)
    made.project(table)
    for requirement, place in table.optional("optional-dependencies"):
        made.add(requirement, place)
    for name, place in table.strings("dynamic"):
        if name in ("dependencies", "optional-dependencies", "requires-python"):
            made.warnings.append(f"{place}: {name} is dynamic: known only when it is built")


# --- requirements.txt --------------------------------------------------------------------

_INCLUDE = r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))(?P<path>\S.*)"
_EDITABLE = r"(?:-e|--editable)(?:\s+|=)(?P<what>\S.*)"
_OPTION_AFTER = r"\s+--(?:hash|config-settings?|global-option|install-option)\b.*"
_VCS = r"(?:git|hg|svn|bzr)\+"


def _requirements_txt(made: _Collector, text: str, path: str, seen: set[str]) -> None:
    """The lines of a requirements file, those of the files that it includes, too."""
    for line, place in _logical_lines(text, path):
        included = re.fullmatch(_INCLUDE, line)
        editable = re.fullmatch(_EDITABLE, line)
        if included:
            inner = os.path.join(os.path.dirname(path), _expanded(included["path"]))
            if os.path.abspath(inner) not in seen:
                seen.add(os.path.abspath(inner))
                _requirements_txt(made, _text(inner, place), inner, seen)
        elif editable:
            made.warnings.append(f"{place}: {editable['what']} is editable and was not taken over")
        elif line.startswith("-"):
            option = re.split(r"[\s=]", line, maxsplit=1)[0]
            made.warnings.append(f"{place}: {option} is for pip and was not taken over")
        else:
            _requirement_line(made, re.sub(_OPTION_AFTER, "", line), place)


def _requirement_line(made: _Collector, line: str, place: str) -> None:
    """A requirement, or a path or URL, of which only one that says its name is one."""
    egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", line)
    if re.match(rf"{_VCS}|\w+://", line):
        if egg:
            made.add(f"{egg[1]} @ {line}", place)
        else:
            made.warnings.append(f"{place}: {line} does not say its name and was not taken over")
    elif re.match(r"[./~]", line) or re.search(r"\.(whl|zip|tar\.\w+|tgz)$", line.split(" ")[0]):
        made.warnings.append(f"{place}: {line} is a path and was not taken over")
    else:
        made.add(_expanded(line), place)


def _logical_lines(text: str, path: str) -> Iterator[tuple[str, str]]:
    """Lines with their place, continued ones joined, without comments and empty ones."""
    begun, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        first = first or number
        # A comment ends a continued line, as pip has it.
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            begun += raw[:-1]
            continue
        line = re.sub(r"(^|\s+)#.*$", "", begun + raw).strip()
        if line:
            yield line, f"{path}:{first}"
        begun, first = "", 0


def _expanded(line: str) -> str:
    """The line with `${NAME}` replaced from the environment, as pip does."""
    return re.sub(r"\$\{([A-Z0-9_]+)\}", lambda m: os.environ.get(m[1], m[0]), line)


# --- environment.yml ---------------------------------------------------------------------


def _environment(made: _Collector, text: str, path: str) -> None:
    """The channels and dependencies of a conda environment's file."""
    import yaml

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        what = getattr(error, "problem", "") or str(error).partition("\n")[0]
        raise RequirementsError(f"{place}: not valid YAML: {what}") from None
    except (ValueError, RecursionError) as error:
        raise RequirementsError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise RequirementsError(f"{path}: expected a mapping with dependencies")
    made.channels += (one for one, _ in _yaml_strings(data, "channels", path, text))
    for one in _yaml_list(data, "dependencies", path):
        if isinstance(one, dict):
            for requirement, place in _yaml_strings(one, "pip", path, text):
                _pip_entry(made, requirement, place, path)
        elif isinstance(one, str):
            _conda(made, one, _place_in(text, one, path))
        else:
            raise RequirementsError(f"{path}: dependencies: expected a string, not {one!r}")


def _pip_entry(made: _Collector, requirement: str, place: str, path: str) -> None:
    """A line of the `pip` list, which may be any line of a requirements file."""
    before = len(made.requirements)
    _requirements_txt(made, requirement, path, {os.path.abspath(path)})
    for index in range(before, len(made.requirements)):
        one = made.requirements[index]
        if one.place == f"{path}:1":
            made.requirements[index] = Declaration(one.requirement, place)


def _conda(made: _Collector, spec: str, place: str) -> None:
    """A conda match spec; that of Python says for which one."""
    from pypackage.channel.names import parse_match_spec

    name, versions = parse_match_spec(spec)
    if not re.fullmatch(r"(?a:\w(?:[\w.-]*\w)?)", name):
        raise RequirementsError(f"{place}: not a conda package: {spec!r}")
    if name == "python":
        if versions:
            made.python(str(versions), place)
    elif re.match(r"[A-Za-z0-9]", name):
        known = pypi_name(name) or name.strip("_")
        requirement = parse(f"{known}{versions or ''}")
        made.requirements.append(Declaration(requirement, place, conda=spec.strip()))


def _yaml_list(data: Mapping[str, Any], key: str, path: str) -> list[Any]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise RequirementsError(f"{path}: {key}: expected a list")
    return value


def _yaml_strings(
    data: Mapping[str, Any], key: str, path: str, text: str
) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(_yaml_list(data, key, path)):
        if not isinstance(one, str):
            raise RequirementsError(f"{path}: {key}[{index}]: expected a string, not {one!r}")
        yield one, _place_in(text, one, path)


def _place_in(text: str, value: str, path: str) -> str:
    """The first line with a value; it need not stand there as it is read."""
    for number, line in enumerate(text.splitlines(), 1):
        if value in line and not line.lstrip().startswith("#"):
            return f"{path}:{number}"
    return path


# --- files -------------------------------------------------------------------------------


def _text(path: str, included_at: str = "") -> str:
    """The text of a file.

    Args:
        path: The file.
        included_at: The place that names it, when another file includes it.
    """
    before = f"{included_at}: " if included_at else ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InputPathError(f"{before}cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        what = f"not a text file in UTF-8 (byte {error.start})"
        raise RequirementsError(f"{before}{path}: {what}") from None
    except ValueError as error:  # a null byte in the name
        raise InputPathError(f"{before}cannot read {path!r}: {error}") from None
