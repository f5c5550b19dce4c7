"""Store built packages, and compose channels from them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypackage.backends.host.conda_file import Package
from pypackage.backends.host.files import digest
from pypackage.core import files, fingerprint

_FORM = 3  # of the channels: increase it to make all of them again


@dataclass(frozen=True)
class Store:
    """A folder of finished packages; any number of processes may use it at the same time.

    Attributes:
        root: The folder, created when needed.
        subdir: The conda platform, such as `linux-64`.
    """

    root: Path
    subdir: str

    def lookup(self, key: str) -> Package | None:
        """Look up the package that was made for a key; None if its inputs have changed since.

        Args:
            key: As `digest` makes it.
        """
        try:
            note = json.loads((self.root / "keys" / f"{key}.json").read_bytes())
            package = Package(self._packages / note["file"], note["record"])
            fresh = all(fingerprint.of_file(path) == was for path, was in note["watched"])
            whole = _state(package.path) == note["state"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return package if fresh and whole else None

    def add(self, key: str, made: Package, watched: Iterable[Path]) -> Package:
        """Add a finished package; an identical one that is there stays, for other keys.

        Args:
            key: The key to find it by; empty if it is not to be found again.
            made: Its file is moved.
            watched: Files not covered by the key; a change of one invalidates the entry.

        Raises:
            OSError: The store cannot be written to.
        """
        self._packages.mkdir(parents=True, exist_ok=True)
        package = Package(self._packages / made.path.name, made.record)
        same = _is_there(package)
        # Before the file is moved: afterwards another process's may be in its place.
        state = _state(package.path if same else made.path)
        if not same:
            os.replace(made.path, package.path)
        if key:
            note = {
                "file": package.path.name,
                "record": package.record,
                "state": state,
                "watched": [
                    [str(path), fingerprint.of_file(path)] for path in sorted(set(watched))
                ],
            }
            keys = self.root / "keys"
            keys.mkdir(exist_ok=True)
            files.write_new(keys / f"{key}.json", json.dumps(note).encode())
        return package

    def channel(self, packages: Sequence[Package]) -> Path:
        """Return the channel of some packages of the store.

        Raises:
            OSError: It cannot be written.
        """
        name = digest([_FORM, *sorted(package.record["sha256"] for package in packages)])
        target = self.root / "channels" / name
        if not _holds(target / self.subdir, [package.path for package in packages]):
            # An existing one that lacks some of them is damaged.
            with files.new_folder(target, replace=target.is_dir()) as folder:
                records = {package.path.name: package.record for package in packages}
                _index(folder / "noarch", {})
                _index(folder / self.subdir, dict(sorted(records.items())))
                for package in packages:
                    _link(package.path, folder / self.subdir / package.path.name)
        return target

    @property
    def _packages(self) -> Path:
        return self.root / "packages" / self.subdir


def _index(folder: Path, records: dict[str, Any]) -> None:
    """Create a channel's folder for a platform, with its repodata."""
    folder.mkdir()
    repodata = {"info": {"subdir": folder.name}, "packages": {}, "packages.conda": records}
    (folder / "repodata.json").write_text(json.dumps(repodata))


def _is_there(package: Package) -> bool:
    try:
        return fingerprint.of_file(package.path) == str(package.record["sha256"])
    except OSError:
        return False


def _state(package: Path) -> list[int]:
    """Return size and time, which show that a package was replaced by one of the same name."""
    status = package.stat()
    return [status.st_size, status.st_mtime_ns]


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
