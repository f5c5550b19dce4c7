"""Environments cached by the requirements they were made from.

An archive is named by its content, so nobody's is ever replaced by another one. What it was
made for is noted beside it: the needs and options, the content of the user's own code, and
what is installed. To find one takes no solver and starts no process.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from pypackage.core import caches, files, fingerprint
from pypackage.core.errors import SolveError
from pypackage.core.progress import Reporter
from pypackage.pipeline import child
from pypackage.pipeline.child import OnStart, Option
from pypackage.pipeline.environment import Environment
from pypackage.python import distributions, interpreter
from pypackage.requirements.model import Requirements, dumps

_CODE = Path(__file__).parents[1]
_METADATA = (".dist-info", ".egg-info", ".pth", ".egg-link")
_BESIDE = ("rebuild", "lock", "report")  # options that ask for more than an archive
_KEPT = ("environment_id", "packages", "platform", "python")


def find_or_create(
    needed: Requirements, options: Mapping[str, Option], reporter: Reporter, on_start: OnStart
) -> Environment:
    """The environment of some needs: the one that was made before, or a new one.

    Args:
        needed: What it is for.
        options: As of `child.create`; `rebuild` makes it anew.
        reporter: Hears of the progress.
        on_start: As of `child.create`.

    Raises:
        PackageError: It cannot be made.
    """
    folder = caches.folder() / "functions"
    note = folder / f"{_key(needed, options)}.json"
    found = None if any(map(options.get, _BESIDE)) else _noted(note)
    if found:
        return found
    from pypackage.archive import writers  # which takes longer to load than all of this

    folder.mkdir(parents=True, exist_ok=True)
    ending = (*writers.ENDINGS.get(str(options.get("format") or writers.DEFAULT), ()), "")[0]
    part = folder / f"part-{uuid.uuid4().hex}{ending}"
    try:
        made = Environment(child.create(needed, part, options, reporter, on_start))
        path = folder / f"{made.id[:32]}{ending}"
        kept = {key: made.manifest[key] for key in _KEPT}
        if not path.is_dir() and not (path.exists() and path.stat().st_size == made.size):
            _publish(made.path, path)  # of a damaged one, too
    finally:
        files.remove(part)
    found = Environment(path, _known=kept)
    _write(note, found)
    return found


def _publish(made: Path, path: Path) -> None:
    """Give what was made its name; a folder that another one has put there first stays."""
    try:
        made.replace(path)
    except OSError:
        if not (made.is_dir() and path.is_dir()):
            raise


def _noted(note: Path) -> Environment | None:
    """The environment that a note tells of, unless anything of it has changed since."""
    try:
        read = json.loads(note.read_bytes())
        path = note.with_name(read["name"])
        whole = path.stat().st_size == read["size"]
        if not whole or _states(read["watched"]) != read["states"]:
            return None
        for used in (note, path):  # what was used last is dropped last
            with suppress(OSError):
                os.utime(used)
        return Environment(path, _known=read["manifest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(note: Path, made: Environment) -> None:
    watched = sorted(_installed_files(made.packages))
    content = {
        "manifest": made.manifest,
        "name": made.path.name,
        "size": made.path.stat().st_size,
        "states": _states(watched),
        "watched": watched,
    }
    with suppress(OSError), files.new_file(note) as file:  # then it is made anew the next time
        file.write(json.dumps(content).encode())


def _key(needed: Requirements, options: Mapping[str, Option]) -> str:
    """A digest of all that the content of an environment depends on, but for installed files."""
    local = [[Path(one).name, *_content(Path(one))] for one in needed.local]
    named = needed._replace(local=())
    environment = interpreter.running_environment()
    asked = {name: _option(options[name]) for name in sorted(options) if name not in _BESIDE}
    told: list[object] = [
        dumps(named),
        sorted(local),
        asked,
        interpreter.running(),
        list(environment.sites),
    ]
    told += [list(_metadata(site)) for site in environment.sites]
    told += [[path, *_state(status)] for path, status in sorted(fingerprint.walk(_CODE))]
    return sha256(json.dumps(told).encode()).hexdigest()


def _option(value: Option) -> object:
    """An option's value; where it names a file of this machine, with the content of that."""
    if value is None or isinstance(value, bool | int):
        return value
    words = [os.fspath(value)] if isinstance(value, str | os.PathLike) else list(value)
    paths = ([word, word.rpartition(":")[0]] for word in words)  # PATH or PATH:DEST
    return [
        [word, *map(_content, map(Path, both))] for word, both in zip(words, paths, strict=True)
    ]


def _content(path: Path) -> list[list[str]]:
    """The digests of a file, or of all files in a folder; nothing of what is not there."""
    if path.is_dir() and str(path) != ".":
        return fingerprint.of_folder(path)
    return [["", fingerprint.of_file(path)]] if path.is_file() else []


def _metadata(site: str) -> Iterator[list[object]]:
    """What is installed in a folder, by what changes when that does."""
    with suppress(OSError), os.scandir(site) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(_METADATA):
                yield [entry.name, *_state(entry.stat())]


def _installed_files(packages: Iterable[str]) -> Iterator[str]:
    """The files of installed packages, as they may be edited where they are."""
    names = set(packages)
    for one in distributions.scan(interpreter.running_environment().sites):
        if one.key in names:
            with suppress(SolveError):  # its metadata does not tell
                paths = [os.fspath(file.source) for file in one.files]
                yield from paths
                if one.project:  # a new file changes its folder
                    yield from {os.path.dirname(path) for path in paths}


def _states(paths: Sequence[str]) -> str:
    digest = sha256()
    for path in paths:
        with suppress(OSError):
            digest.update(repr((path, _state(os.stat(path)))).encode())
    return digest.hexdigest()


def _state(status: os.stat_result) -> list[Any]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]
