"""Cache environments by the requirements they were made from.

Archives are named by their content, so none is ever replaced by a different one. A note beside it
records what it was made for: the requirements and options, the content of the user's own code,
and what is installed. A lookup needs no solver and starts no process.
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
    """Return the cached environment for some requirements, or create one.

    Args:
        needed: What the environment is for.
        options: As of `child.create`; `rebuild` creates it again.
        reporter: Receives the progress.
        on_start: As of `child.create`.

    Raises:
        PackageError: It cannot be created.
    """
    folder = caches.folder() / "functions"
    note = folder / f"{_key(needed, options)}.json"
    found = None if any(map(options.get, _BESIDE)) else _noted(note)
    if found:
        return found
    from pypackage.archive import writers  # slower to load than all the rest

    folder.mkdir(parents=True, exist_ok=True)
    ending = (*writers.ENDINGS.get(str(options.get("format") or writers.DEFAULT), ()), "")[0]
    part = folder / f"part-{uuid.uuid4().hex}{ending}"
    try:
        made = Environment(child.create(needed, part, options, reporter, on_start))
        path = folder / f"{made.id[:32]}{ending}"
        kept = {key: made.manifest[key] for key in _KEPT}
        if not path.is_dir() and not (path.exists() and path.stat().st_size == made.size):
            _publish(made.path, path)  # replaces a damaged one too
    finally:
        files.remove(part)
    found = Environment(path, _known=kept)
    _write(note, found)
    return found


def _publish(made: Path, path: Path) -> None:
    """Move a new environment into place; a folder put there first by another process stays."""
    try:
        made.replace(path)
    except OSError:
        if not (made.is_dir() and path.is_dir()):
            raise


def _noted(note: Path) -> Environment | None:
    """The environment of a note; None if anything recorded in the note has changed."""
    try:
        read = json.loads(note.read_bytes())
        path = note.with_name(read["name"])
        whole = path.stat().st_size == read["size"]
        if not whole or _states(read["watched"]) != read["states"]:
            return None
        for used in (note, path):  # the least recently used is evicted first
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
    with suppress(OSError):  # at worst it is created again
        files.write_new(note, json.dumps(content).encode())


def _key(needed: Requirements, options: Mapping[str, Option]) -> str:
    """A digest of everything that an environment's content depends on, except installed files."""
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
    """An option's value, with the content of the local files that it names."""
    if value is None or isinstance(value, bool | int):
        return value
    words = [os.fspath(value)] if isinstance(value, str | os.PathLike) else list(value)
    paths = ([word, word.rpartition(":")[0]] for word in words)  # PATH or PATH:DEST
    return [
        [word, *map(_content, map(Path, both))] for word, both in zip(words, paths, strict=True)
    ]


def _content(path: Path) -> list[list[str]]:
    """The digests of a file, or of all files in a folder; empty if there is nothing."""
    if path.is_dir() and str(path) != ".":
        return fingerprint.of_folder(path)
    return [["", fingerprint.of_file(path)]] if path.is_file() else []


def _metadata(site: str) -> Iterator[list[object]]:
    """The metadata in a site-packages folder, with stat data that change when it does."""
    with suppress(OSError), os.scandir(site) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(_METADATA):
                yield [entry.name, *_state(entry.stat())]


def _installed_files(packages: Iterable[str]) -> Iterator[str]:
    """The files of installed packages, which may be edited in place."""
    names = set(packages)
    for one in distributions.scan(interpreter.running_environment().sites):
        if one.key in names:
            with suppress(SolveError):  # its metadata does not list them
                paths = [os.fspath(file.source) for file in one.files]
                yield from paths
                if one.project:  # a new file changes its folder's mtime
                    yield from {os.path.dirname(path) for path in paths}


def _states(paths: Sequence[str]) -> str:
    digest = sha256()
    for path in paths:
        with suppress(OSError):
            digest.update(repr((path, _state(os.stat(path)))).encode())
    return digest.hexdigest()


def _state(status: os.stat_result) -> list[Any]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]
