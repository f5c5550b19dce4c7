"""Keep this machine's paths out of the packages."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pypackage.backends.host.files import PLACEHOLDER, PackageFile
from pypackage.core import user_dirs
from pypackage.core.elf_dynamic import MAGIC

# Too common to be anybody's, and part of other paths.
_SHARED = frozenset(map(Path, ("/", "/usr", "/usr/local", "/opt", "/home", "/root", "/tmp")))


# Folders in which the homes of services lie.
_SYSTEM = frozenset(("bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr", "var"))

_SMALL = 1 << 20  # bytes that are read faster than mapped


@dataclass(frozen=True)
class PathScrubber:
    """Paths of this machine that must not be in a package.

    Attributes:
        prefixes: Where the files stand now. In text the installer puts the new prefix in
            their place.
        others: Such as where the interpreter was built.
        homes: Folders whose very names are private.
    """

    prefixes: tuple[str, ...]
    others: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[bytes] | None:
        return _pattern(self._all)

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(sorted((*self.prefixes, *self.others, *self.homes), key=lambda p: -len(p)))

    def hide(self, item: PackageFile) -> PackageFile:
        """The item without these paths; the same one when they are not in it.

        In text a placeholder stands for the prefixes and a slash for the rest. In ELF files
        all are overwritten at the same length. Other binary files stay as they are.

        Raises:
            OSError: The item's source cannot be read.
        """
        if item.link or self._pattern is None or not self._occurs(item):
            return item
        content = item.source.read_bytes() if item.source else item.content or b""
        if content.startswith(MAGIC):
            return _with_content(item, self._pattern.sub(self._blank, content), placeholder=False)
        if b"\0" in content:
            return item
        text, count = _substitute(_pattern(self.prefixes), PLACEHOLDER.encode(), content)
        text, _ = _substitute(_pattern((*self.others, *self.homes)), b"/", text)
        return _with_content(item, text, placeholder=bool(count))

    def _blank(self, match: re.Match[bytes]) -> bytes:
        """What overwrites a path in an ELF file: slashes, and the last name as it was.

        Linkers let a string that ends like another one share its end: where a prefix ends in
        `3.11.7`, that may be the version's own string.
        """
        path: bytes = match[0]
        kept = b"" if path.decode() in self.homes else path.rsplit(b"/", 1)[-1]
        return b"/" * (len(path) - len(kept)) + kept

    def _occurs(self, item: PackageFile) -> bool:
        needles = [path.encode() for path in self._all]
        if item.source is None:
            return any(needle in (item.content or b"") for needle in needles)
        with open(item.source, "rb") as file:
            if os.fstat(file.fileno()).st_size < _SMALL:
                text = file.read()
                return any(needle in text for needle in needles)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return any(content.find(needle) >= 0 for needle in needles)


def homes() -> tuple[str, ...]:
    """The user's home, where its very name is private: not that of a service, such as /bin."""
    home = Path(user_dirs.home())
    if home == Path("/root"):
        return ("/root",)
    in_system = home.parts[1:2] and home.parts[1] in _SYSTEM
    return () if in_system or len(home.parts) < 3 else private((home,))


def private(paths: Iterable[Path | str]) -> tuple[str, ...]:
    """The paths among some that say something about this machine, longest first."""
    wanted = {str(path) for path in paths if Path(path).is_absolute()}
    wanted |= {str(Path(path).resolve()) for path in wanted}
    return tuple(sorted((p for p in wanted if Path(p) not in _SHARED), key=lambda p: (-len(p), p)))


def _pattern(paths: Iterable[str]) -> re.Pattern[bytes] | None:
    """Matches any of some paths as a whole, not `/home/me/env` in `/home/me/env2`."""
    escaped = [re.escape(path.encode()) for path in paths]
    return re.compile(b"(?:%s)(?![\\w.-])" % b"|".join(escaped)) if escaped else None


def _substitute(pattern: re.Pattern[bytes] | None, new: bytes, content: bytes) -> tuple[bytes, int]:
    return pattern.subn(lambda _: new, content) if pattern else (content, 0)


def _with_content(item: PackageFile, content: bytes, *, placeholder: bool) -> PackageFile:
    executable = item.executable
    if item.source:
        executable = bool(item.source.stat().st_mode & 0o111)
    return replace(
        item, source=None, content=content, executable=executable, placeholder=placeholder
    )
