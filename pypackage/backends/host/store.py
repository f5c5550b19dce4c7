"""Keep packages once built, and compose channels from them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypackage.backends import conda
from pypackage.backends.host.files import digest
from pypackage.core import files, fingerprint

_FORM = 2  # of the channels: another one makes all of them anew
_RECORDS = "packages.conda"  # where repodata has those of packages in this format


@dataclass(frozen=True)
class Store:
    """A folder of finished packages; any number of processes may use it at the same time.

    Attributes:
        root: The folder, made when needed.
        subdir: The conda platform, such as `linux-64`.
    """

    root: Path
    subdir: str

    def lookup(self, key: str) -> Path | None:
        """The package that was made for a key, unless what went into it has changed since.

        Args:
            key: Of the question, as `digest` makes it.
        """
        try:
            note = json.loads((self.root / "keys" / f"{key}.json").read_bytes())
            package = self._packages / note["file"]
            fresh = all(fingerprint.of_file(path) == was for path, was in note["watched"])
            whole = package.stat().st_size == note["size"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return package if fresh and whole else None

    def add(self, key: str, made: Path, watched: Iterable[Path]) -> Path:
        """Take in a finished package.

        Args:
            key: What it answers from now on; empty for nothing but the present caller.
            made: The file; it is moved.
            watched: Files outside the key whose change makes the answer void.

        Raises:
            OSError: The store cannot be written to.
        """
        self._packages.mkdir(parents=True, exist_ok=True)
        package = self._packages / made.name
        (self.root / "records" / f"{made.name}.json").unlink(missing_ok=True)
        os.replace(made, package)
        if not key:
            return package
        size = package.stat().st_size
        watching = [[str(path), fingerprint.of_file(path)] for path in sorted(set(watched))]
        note = {"file": package.name, "size": size, "watched": watching}
        keys = self.root / "keys"
        keys.mkdir(exist_ok=True)
        with files.new_file(keys / f"{key}.json") as file:
            file.write(json.dumps(note).encode())
        return package

    def channel(self, packages: Sequence[Path]) -> Path:
        """The channel that consists of some packages of the store.

        Raises:
            SolveError: It cannot be written or indexed.
        """
        name = digest([_FORM, *sorted(package.name for package in packages)])
        target = self.root / "channels" / name
        if not _holds(target / self.subdir, packages):
            # One that is there and does not hold them was damaged.
            with files.new_folder(target, replace=target.is_dir()) as folder:
                for subdir in (self.subdir, "noarch"):
                    (folder / subdir).mkdir()
                for package in packages:
                    _link(package, folder / self.subdir / package.name)
                self._index(folder, packages)
        return target

    def _index(self, folder: Path, packages: Iterable[Path]) -> None:
        """Write a channel's repodata, of what was read of each package when it was new.

        To read all of them anew takes a second for a hundred megabytes.
        """
        found = [self._repodata(package) for package in packages]
        records = {name: one for each in found for name, one in each[_RECORDS].items()}
        for subdir in (self.subdir, "noarch"):
            named = dict(sorted(records.items())) if subdir == self.subdir else {}
            content = {**found[0], "info": {"subdir": subdir}, _RECORDS: named}
            (folder / subdir / "repodata.json").write_text(json.dumps(content))

    def _repodata(self, package: Path) -> dict[str, Any]:
        """The repodata of a channel that has one package alone."""
        note = self.root / "records" / f"{package.name}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept: dict[str, Any] = json.loads(note.read_bytes())
            if kept[_RECORDS][package.name]["size"] == package.stat().st_size:
                return kept
        with files.temporary_folder(self.root / "making") as folder:
            (folder / self.subdir).mkdir()
            _link(package, folder / self.subdir / package.name)
            conda.index(folder)
            text = (folder / self.subdir / "repodata.json").read_bytes()
        note.parent.mkdir(exist_ok=True)
        with files.new_file(note) as file:
            file.write(text)
        made: dict[str, Any] = json.loads(text)
        return made

    @property
    def _packages(self) -> Path:
        return self.root / "packages" / self.subdir


def _holds(folder: Path, packages: Iterable[Path]) -> bool:
    """Whether a channel's folder has all of some packages, at their sizes."""
    try:
        sizes = [(folder / package.name).stat().st_size for package in packages]
    except OSError:
        return False
    return sizes == [package.stat().st_size for package in packages]


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)  # another file system, or one without hard links
