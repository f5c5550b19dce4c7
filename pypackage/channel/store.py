"""Packages made once and kept, and the channels composed of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypackage import engine, files
from pypackage.channel.items import digest


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
            fresh = all(state(Path(entry[0])) == entry for entry in note["watched"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return package if fresh and package.is_file() else None

    def add(self, key: str, made: Path, watched: Iterable[Path]) -> Path:
        """Take in a finished package.

        Args:
            key: What it answers from now on.
            made: The file; it is moved.
            watched: Files outside the key whose change makes the answer void.

        Raises:
            OSError: The store cannot be written to.
        """
        self._packages.mkdir(parents=True, exist_ok=True)
        package = self._packages / made.name
        os.replace(made, package)
        note = {"file": package.name, "watched": [state(path) for path in sorted(set(watched))]}
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
        name = digest(sorted(package.name for package in packages))
        target = self.root / "channels" / name
        if not target.is_dir():
            with files.new_folder(target, replace=False) as folder:
                for subdir in (self.subdir, "noarch"):
                    (folder / subdir).mkdir()
                for package in packages:
                    _link(package, folder / self.subdir / package.name)
                engine.index(folder)
        return target

    @property
    def _packages(self) -> Path:
        return self.root / "packages" / self.subdir


def state(path: Path | str) -> list[Any]:
    """What shows that a file was changed, ready for JSON: its path, size and time.

    Raises:
        OSError: There is no such file.
    """
    status = os.stat(path)
    return [os.fspath(path), status.st_size, status.st_mtime_ns]


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)  # another file system, or one without hard links
