"""Read the metadata of an installed distribution: dist-info, or the older egg-info.

Paths are strings, and csv, json and urllib are imported where needed: each run of the
analyzer looks up the owners of a few modules and mostly needs none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from pypackage.core.reading import parse_json
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any


class EntryPoint(NamedTuple):
    """One line of entry_points.txt, such as ("console_scripts", "f2py", "numpy.f2py:main")."""

    group: str
    name: str
    value: str


class Headers(NamedTuple):
    """The core metadata of a distribution.

    Attributes:
        name: As written in its metadata.
        version: As written in its metadata.
        requires: Its requirements (PEP 508), with their markers.
        license: The license's name; empty if the metadata has none.
    """

    name: str
    version: str
    requires: tuple[str, ...]
    license: str


def folders_in(folder: str) -> list[str]:
    """Return the metadata folders in a folder of modules, sorted; eggs have theirs in EGG-INFO.

    Some are files, written by older tools.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return []  # a zip file, or an entry of the path that does not exist
    wanted = [n for n in names if n.endswith((".dist-info", ".egg-info")) or n == "EGG-INFO"]
    # pip renames what it is about to remove to `~ame`, and a crash leaves it there.
    kept = sorted(name for name in wanted if not name.startswith(("~", ".")))
    return [os.path.join(folder, name) for name in kept]


def headers(info: str) -> Headers | None:
    """Read the headers of a metadata folder; None if they have no name or version."""
    folder = os.path.basename(info)
    if folder.endswith(".dist-info"):
        text = read(os.path.join(info, "METADATA"))
    else:
        text = read(os.path.join(info, "PKG-INFO")) or read(info)
    found = _headers(text)
    guessed, _, rest = folder.rpartition(".")[0].partition("-")
    name = found.get("name", [guessed])[0]
    version = found.get("version", [rest.partition("-")[0]])[0]
    if not name or not version:
        return None
    legacy = "" if "requires-dist" in found else read(os.path.join(info, "requires.txt"))
    requires = found.get("requires-dist") or _legacy_requires(legacy)
    return Headers(name, version, tuple(requires), _license(found))


_WANTED = frozenset(("name", "version", "requires-dist", "license", "license-expression"))


def _headers(text: str) -> dict[str, list[str]]:
    """Return the headers that matter here, by lower-case name; the first line of each."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line:
            break  # the description follows
        if line[0] in " \t":
            continue
        name, _, value = line.partition(":")
        name = name.lower()
        if name in _WANTED:
            found.setdefault(name, []).append(value.strip())
    return found


def _license(found: Mapping[str, list[str]]) -> str:
    """Return the license's name; empty if the metadata has the whole text instead."""
    text = (found.get("license-expression") or found.get("license") or [""])[0]
    return text if len(text) <= 80 and text != "UNKNOWN" else ""


def _legacy_requires(text: str) -> Iterator[str]:
    """Yield requirements of an egg-info's requires.txt, whose sections are `[extra:marker]`."""
    conditions: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            extra, _, marker = line.strip("[]").partition(":")
            conditions = [f"({marker})"] if marker else []
            conditions += [f'extra == "{extra}"'] if extra else []
        elif line and not line.startswith("#"):
            yield f"{line} ; {' and '.join(conditions)}" if conditions else line


# --- where it comes from -----------------------------------------------------------------


def direct_url(info: str) -> dict[str, Any]:
    """Return the content of direct_url.json (PEP 610); empty if there is none with a URL."""
    text = read(os.path.join(info, "direct_url.json"))
    if not text:
        return {}
    try:
        found = parse_json(text)
        is_valid = isinstance(found["url"], str) and isinstance(found.get("dir_info", {}), dict)
        return found if is_valid else {}
    except (ValueError, KeyError, TypeError):
        return {}


def editable_folder(direct: Mapping[str, Any]) -> str:
    """Return the folder of an editable install by direct_url.json; empty for any other."""
    if not direct.get("dir_info", {}).get("editable"):
        return ""
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(direct["url"]).path)


def reference(direct: Mapping[str, Any]) -> str:
    """Format a direct URL in one line, without the password that some tools leave in it."""
    url = re.sub(r"^(\w+://)[^/@]*:[^/@]*@", r"\1", direct["url"])
    vcs, archive = direct.get("vcs_info", {}), direct.get("archive_info", {})
    fragments = []
    if vcs.get("vcs") and vcs.get("commit_id"):
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    sha256 = archive.get("hashes", {}).get("sha256")
    if sha256 or archive.get("hash", "").startswith("sha256="):
        fragments.append(f"sha256={sha256}" if sha256 else archive["hash"])
    if direct.get("subdirectory"):
        fragments.append(f"subdirectory={direct['subdirectory']}")
    return "#".join([url, "&".join(fragments)]) if fragments else url


# --- what is in it -----------------------------------------------------------------------


def entry_points(info: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of all groups, in the order of the file."""
    found, group = [], ""
    for raw in read(os.path.join(info, "entry_points.txt")).splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif line and line[0] not in "#;" and "=" in line:
            name, value = line.split("=", 1)
            found.append(EntryPoint(group, name.strip(), value.strip()))
    return tuple(found)


def listed(info: str) -> tuple[str, ...]:
    """Return the files that the metadata lists, relative to the folder of modules; maybe none."""
    record = read(os.path.join(info, "RECORD"))
    if record:
        return tuple(row[0] for row in _rows(record) if row and row[0] and "\0" not in row[0])
    root = os.path.dirname(info)
    legacy = read(os.path.join(info, "installed-files.txt")).splitlines()
    return tuple(os.path.relpath(os.path.join(info, line), root) for line in legacy if line)


def words(info: str, name: str) -> list[str]:
    """Return the words in one of its files, such as top_level.txt."""
    return read(os.path.join(info, name)).split()


def _rows(record: str) -> Iterable[list[str]]:
    """Return the rows of RECORD; without quotes, splitting is faster than csv."""
    if '"' in record:
        import csv

        return csv.reader(record.splitlines())
    return (line.split(",", 1) for line in record.splitlines())


def read(path: str) -> str:
    """Return the text of a file, empty if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
