"""The test channel: made once, kept between sessions, used as a folder, file:// or http://."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pypackage.python.interpreter import Interpreter
from tests.support import catalogue, installed, packages, pythons
from tests.support.http import Server, serve
from tests.support.once import one_at_a_time
from tests.support.packages import Package

Form = Literal["plain", "zst", "sharded"]

_FORMS: dict[Form, tuple[str, ...]] = {
    "plain": ("repodata.json",),
    "zst": ("repodata.json.zst",),
    "sharded": ("repodata_shards.msgpack.zst", "shards"),
}

_DAY = 24 * 3600


@dataclass(frozen=True)
class Channel:
    """A channel's folder. It is shared by all tests, so none may write to it.

    Attributes:
        folder: The folder with `noarch` and the platform's subdirectory.
        platform: Such as `linux-64`.
        interpreters: Those it has a `python` package for; the first is the one running the tests.
        http_url: Its URL if it is served over HTTP, or empty.
    """

    folder: Path
    platform: str
    interpreters: tuple[Interpreter, ...]
    http_url: str = ""

    @property
    def url(self) -> str:
        """The folder as a file:// URL."""
        return self.folder.as_uri()

    @property
    def python(self) -> Interpreter:
        """The interpreter that runs the tests."""
        return self.interpreters[0]

    def has(self, name: str) -> bool:
        """Whether there is a package with this name (`numpy` only if it is installed here)."""
        return any(
            path.name.rsplit("-", 2)[0] == name
            for ending in (".conda", ".tar.bz2")
            for path in self.folder.glob(f"*/*{ending}")
        )

    def only(self, form: Form, target: Path) -> Channel:
        """The same channel with only one form of repodata; its packages are hard links.

        Args:
            form: The form to keep. From a folder, by path or file://, rattler reads only the
                plain one; over HTTP, any.
            target: A folder to create.
        """
        for subdir in (self.folder / "noarch", self.folder / self.platform):
            there = target / subdir.name
            there.mkdir(parents=True)
            for path in subdir.iterdir():
                if path.name in _FORMS[form] or path.name.endswith((".conda", ".tar.bz2")):
                    copy_by_link(path, there / path.name)
        return Channel(target, self.platform, self.interpreters)

    def over_http(self) -> AbstractContextManager[Server]:
        """A separate server for it, which a test can make misbehave."""
        return serve(self.folder)


def copy_by_link(source: str | Path, target: str | Path) -> None:
    """Copy a file or folder by hard links, or really if links are not possible."""
    if Path(source).is_dir():
        shutil.copytree(source, target, copy_function=copy_by_link)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def make(cache: Path) -> Channel:
    """Make the channel, or use the one that an earlier session left.

    Args:
        cache: Where channels are kept, named by the digest of what they are made from.
    """
    from rattler.platform import Subdir

    interpreters = pythons.interpreters()
    platform = str(Subdir.current())
    folder = cache / _digest(interpreters)
    with one_at_a_time(cache.with_name(f"{cache.name}.lock")):
        if not folder.is_dir():
            _tidy(cache)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as temporary:
                unfinished = Path(temporary) / "channel"
                _fill(unfinished, platform, interpreters)
                unfinished.rename(folder)
    os.utime(folder)
    return Channel(folder, platform, interpreters)


def _fill(folder: Path, platform: str, interpreters: tuple[Interpreter, ...]) -> None:
    with ThreadPoolExecutor() as pool:
        pending = [pool.submit(pythons.python_packages, each) for each in interpreters]
        pending.append(pool.submit(installed.distribution_packages, interpreters[0]))
        pending.append(pool.submit(catalogue.packages))
        made = [package for each in pending for package in each.result()]
        # Interpreters share libraries; write each package once.
        unique: dict[str, Package] = {package.stem: package for package in made}
        list(pool.map(lambda package: packages.write(package, folder, platform), unique.values()))
    for package in catalogue.old_packages():
        packages.write(package, folder, platform, ".tar.bz2")
    index(folder)


def index(folder: Path) -> None:
    """Write a channel's repodata in all forms."""
    from rattler.index import index_fs

    asyncio.run(index_fs(folder, write_zst=True, write_shards=True, force=True))


def _digest(interpreters: tuple[Interpreter, ...]) -> str:
    """A digest of what the channel is made from: these modules, tools and installed packages."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(f"{catalogue.compiler()} {shutil.which('strip')}\n".encode())
    for interpreter in interpreters:
        state = interpreter.base_executable.stat()
        known = (interpreter.base_executable, interpreter.version, state.st_size, state.st_mtime_ns)
        digest.update(repr(known).encode())
    for name in (*installed.DISTRIBUTIONS, "py-rattler", "conda-package-streaming"):
        with suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    return digest.hexdigest()[:16]


def _tidy(cache: Path) -> None:
    """Remove channels that no session has used for a day."""
    cache.mkdir(parents=True, exist_ok=True)
    for folder in cache.iterdir():
        with suppress(OSError):  # another user's
            if folder.stat().st_mtime < time.time() - _DAY:
                shutil.rmtree(folder)
