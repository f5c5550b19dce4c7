"""Select the files that go into an archive: --exclude, --include and --slim."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pypackage.archive import tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Omitted
from pypackage.archive.slim import kinds
from pypackage.core.progress import Reporter


@dataclass(frozen=True)
class SelectionRule:
    """A pattern of files to leave out, or to keep in spite of earlier rules.

    Attributes:
        pattern: For paths relative to the prefix; `*` also matches slashes. A folder's name
            matches everything in it.
        keep: Whether it is `--include`.
    """

    pattern: str
    keep: bool = False

    def __str__(self) -> str:
        return f"--{'in' if self.keep else 'ex'}clude {self.pattern}"


def select(
    contents: Contents, rules: Sequence[SelectionRule], slim: bool, reporter: Reporter
) -> Contents:
    """Leave files out.

    References to them in the list of relocations and conda's records are removed too. The manifest
    records how many they were, and by which rules.

    Args:
        rules: For each file, the last matching rule decides.
        slim: Whether to leave out what programs do not need, before applying the rules.
    """
    if not rules and not slim:
        return contents
    paths = [entry.target for entry in contents.entries]
    dropped = set(kinds(contents)) if slim else set()
    for rule in rules:
        matched = _matched(rule.pattern, paths)
        if not matched:
            reporter.warning(f"no file of the environment matches {rule}")
        dropped = dropped - matched if rule.keep else dropped | matched
    dropped |= _byte_code_of(dropped, paths)
    return _without(contents, dropped, ["--slim"] * slim + [str(rule) for rule in rules])


def _matched(pattern: str, paths: Sequence[str]) -> set[str]:
    pattern = pattern.removeprefix("./").rstrip("/")
    match = re.compile(f"{fnmatch.translate(pattern)}|{fnmatch.translate(pattern + '/*')}").match
    return {path for path in paths if match(path)}


def _byte_code_of(dropped: Collection[str], paths: Sequence[str]) -> set[str]:
    """The byte code of modules that are left out, which is useless without them."""
    found = set()
    for path in paths:
        compiled = re.fullmatch(r"(.*/)__pycache__/([^/.]+)\.[^/]+\.pyc", path)
        if compiled and f"{compiled[1]}{compiled[2]}.py" in dropped:
            found.add(path)
    return found


def _without(contents: Contents, dropped: Collection[str], rules: Sequence[str]) -> Contents:
    gone = [entry for entry in contents.entries if entry.target in dropped]
    owners = {entry.package for entry in gone}
    return replace(
        contents,
        entries=tuple(
            _unmentioned(entry, dropped, owners)
            for entry in contents.entries
            if entry.target not in dropped
        ),
        relocations=tuple(one for one in contents.relocations if one.path not in dropped),
        omitted=Omitted(len(gone), sum(map(tar_stream.size, gone)), tuple(rules)),
    )


def _unmentioned(entry: Entry, dropped: Collection[str], owners: Collection[str]) -> Entry:
    """A file that lists others, without those that are left out."""
    if entry.data is None:
        return entry
    if entry.target == "bin/conda-unpack":
        return replace(entry, data=_conda_unpack(entry.data, dropped))
    if not entry.target.startswith("conda-meta/") or not entry.target.endswith(".json"):
        return entry
    record = json.loads(entry.data)
    if record.get("name") not in owners:
        return entry
    record["files"] = [path for path in record.get("files", []) if path not in dropped]
    listed = record.get("paths_data", {})
    listed["paths"] = [one for one in listed.get("paths", []) if one["_path"] not in dropped]
    return replace(entry, data=json.dumps(record, indent=1, sort_keys=True).encode())


def _conda_unpack(script: bytes, dropped: Collection[str]) -> bytes:
    """conda-pack's script without the table rows of files that are left out."""
    head, begin, rest = script.decode().partition("\n_prefix_records = [\n")
    table, end, tail = rest.partition("\n]\n")
    rows = filter(None, table.splitlines())
    lines = [row for row in rows if ast.literal_eval(row.rstrip(","))[0] not in dropped]
    return "".join([head, begin, "\n".join(lines), end, tail]).encode()
