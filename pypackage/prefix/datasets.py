"""Fetch the data that a program needs: git repositories and files from the web.

Each has the name of a variable, which the runner sets to its path (see docs/archive.md, "Data").
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import json
import lzma
import os
import posixpath
import shutil
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pypackage.core import process, urls
from pypackage.core.errors import InstallError, ProcessError, RequirementsError
from pypackage.core.git import hide_logins
from pypackage.core.progress import Reporter
from pypackage.core.urls import redact
from pypackage.requirements.data_sources import Git, Http, Source

FOLDER = "share/pypackage/data"
VARIABLES = "etc/pypackage/data"
RECORD = "etc/pypackage/data.json"


def fetch(sources: Sequence[Source], prefix: Path, base: Path, reporter: Reporter) -> None:
    """Put data into a prefix, and record the variables for the runner.

    What was actually fetched, such as the commit of a branch, is recorded in `RECORD`.

    Args:
        sources: The data.
        base: What a repository's relative path starts from.

    Raises:
        InstallError: Data cannot be fetched, or its digest differs.
    """
    if not sources:
        return
    places: dict[str, Path] = {}
    taken: list[Source] = []
    with InstallError.wrapping("the data cannot be written", prefix):
        for source in sorted(sources, key=lambda one: one.name):
            folder = prefix / FOLDER / source.name
            folder.mkdir(parents=True)
            if isinstance(source, Git):
                with reporter.task(f"fetching {source.name} from {redact(source.remote)}"):
                    taken.append(_clone(source, folder, base))
                places[source.name] = folder
            else:
                places[source.name], found = _download(source, folder, reporter)
                taken.append(found)
        _record(prefix, places, taken)


def check_own(sources: Sequence[Source], base: Path, reporter: Reporter) -> None:
    """Reject files of this machine that are not in the folder of the requirements file.

    Files that it names on its own authority would get into an archive that is given to others. Of a
    repository, which somebody made to be cloned, a warning tells.

    Raises:
        RequirementsError: There is such data; the message names it.
    """
    for one in sources:
        local = _local_path(one, base)
        path = os.path.realpath(local)
        if not local or Path(path).is_relative_to(os.path.realpath(base)):
            continue
        kind = "git" if isinstance(one, Git) else "http"
        what = f"'{kind}' names {path}, which is outside the folder of the requirements"
        if isinstance(one, Http):
            hint = f"to pack it, add it by hand: --add {path}:share/{os.path.basename(path)}"
            raise RequirementsError(what, hint)
        reporter.warning(f"{what}: its files get into the archive")


def check_local(sources: Sequence[Source], base: Path) -> None:
    """Reject data that needs the network.

    Raises:
        InstallError: There is such data; the message names it.
    """
    remote = [
        f"{one.name} ({redact(one.remote if isinstance(one, Git) else one.url)})"
        for one in sources
        if not _local_path(one, base)
    ]
    if remote:
        raise InstallError(
            f"this is offline, and data would have to be fetched: {', '.join(remote)}",
            "name a copy in this folder (a path, or file:///…) in its place",
        )


def _local_path(source: Source, base: Path) -> str:
    """Return the file or folder of this machine that data comes from; empty if it is elsewhere."""
    if isinstance(source, Git):
        near = base / source.remote
        if os.path.exists(near):
            return str(near)
        is_file = urls.scheme(source.remote) == "file"
        return unquote(urlsplit(source.remote).path) if is_file else ""
    if urls.scheme(source.url) != "file":
        return ""
    from urllib.request import Request, url2pathname

    return url2pathname(Request(source.url).selector)  # as `download` opens it: with a query


def _record(prefix: Path, places: dict[str, Path], taken: Sequence[Source]) -> None:
    (prefix / VARIABLES).parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={path.relative_to(prefix)}\n" for name, path in places.items()]
    (prefix / VARIABLES).write_text("".join(lines))
    said = {
        one.name: {k: v for k, v in one._asdict().items() if v and k != "name"} for one in taken
    }
    (prefix / RECORD).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")


# --- git ---------------------------------------------------------------------------------


def _clone(source: Git, folder: Path, base: Path) -> Git:
    """Check out a commit into a folder; return the source with that commit."""
    repository = folder.with_name(f"{source.name}.git")
    near = base / source.remote
    remote, logins = (str(near.resolve()), {}) if near.exists() else hide_logins(source.remote)
    try:
        _git(repository, "init", "--quiet", "--bare", str(repository))
        commit = _fetch(repository, remote, source.ref, logins)
        _git(repository, "--work-tree", str(folder), "checkout", "--quiet", "-f", commit, "--", ".")
    except ProcessError as error:
        what = f"{source.ref} of {source.remote}" if source.ref else source.remote
        raise InstallError(f"{source.name}: cannot get {redact(what)}", error.output) from error
    finally:
        shutil.rmtree(repository, ignore_errors=True)
    there = "local" if near.exists() or remote.startswith("file:") else redact(source.remote)
    return source._replace(remote=there, ref=commit)


def _fetch(repository: Path, remote: str, ref: str, logins: Mapping[str, str]) -> str:
    """Fetch only one commit if the server allows it, else everything; return the commit."""
    try:
        _git(repository, "fetch", "--quiet", "--depth=1", "--", remote, ref or "HEAD", env=logins)
        return _git(repository, "rev-parse", "FETCH_HEAD^{commit}")
    except ProcessError:
        if not ref:
            raise
    heads = "+refs/heads/*:refs/heads/*"
    _git(repository, "fetch", "--quiet", "--tags", "--", remote, heads, env=logins)
    return _git(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )


def _git(repository: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run git on a repository, without prompts, hooks and line-end conversion."""
    settings = ["-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false"]
    own = {"GIT_TERMINAL_PROMPT": "0", "GIT_DIR": str(repository)}
    variables = {**os.environ, **own, **(env or {})}
    variables.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    return process.run(["git", *settings, *arguments], env=variables).decode().strip()


# --- http --------------------------------------------------------------------------------


def _download(source: Http, folder: Path, reporter: Reporter) -> tuple[Path, Http]:
    """Download and unpack a file; return its place, and the source with the digest."""
    packed = folder.with_name(f"{source.name}.download")
    from pypackage.core import download

    digest = download.fetch(source.url, packed, reporter)
    if source.sha256 and digest != source.sha256.lower():
        raise InstallError(
            f"{source.name}: {redact(source.url)} is not what was asked for",
            f"its sha256 is {digest}, not {source.sha256}",
        )
    try:
        place = _unpacked(source, packed, folder)
    except (_tar().TarError, lzma.LZMAError, EOFError, gzip.BadGzipFile) as error:
        raise InstallError(
            f"{source.name}: {redact(source.url)} cannot be unpacked", str(error)
        ) from error
    packed.unlink(missing_ok=True)
    return place, source._replace(url=redact(source.url), sha256=digest)


_COMPRESSED: dict[str, tuple[str, Callable[..., Any]]] = {
    "gzip": (".gz", gzip.open),
    "bzip2": (".bz2", bz2.open),
    "xz": (".xz", lzma.open),
}


def _tar() -> Any:
    """`tarfile` with its filters, which Python before 3.10.12 and 3.11.4 lacks."""
    if hasattr(tarfile, "data_filter"):
        return tarfile
    return importlib.import_module("backports.tarfile")


def _unpacked(source: Http, packed: Path, folder: Path) -> Path:
    if source.kind == "tar":
        with _tar().open(packed) as archive:
            archive.extractall(folder, filter="data")
        return folder
    name = posixpath.basename(unquote(urlsplit(source.url).path)) or source.name
    if not source.compression:
        return packed.rename(folder / name)
    ending, opener = _COMPRESSED[source.compression]
    place = folder / name.removesuffix(ending)
    with opener(packed) as stream, place.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return place
