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

# Too common to be private, and part of other paths.
_SHARED = frozenset(map(Path, ("/", "/usr", "/usr/local", "/opt", "/home", "/root", "/tmp")))


# Folders with the homes of services.
_SYSTEM = frozenset(("bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr", "var"))

_SMALL = 1 << 20  # bytes; smaller files are read faster than mapped


@dataclass(frozen=True)
class PathScrubber:
    """Paths of this machine that must not be in a package.

    Attributes:
        prefixes: The current prefixes of the files. In text the installer replaces them by the
            new prefix.
        others: Such as the folder the interpreter was built in.
        homes: Folders whose names are private as well.
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
        """Return an item without these paths; the same item if it has none of them.

        In text the prefixes are replaced by a placeholder and the rest by a slash. In ELF files
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
        """Return what overwrites a path in an ELF file: slashes, then its last name if not a home.

        Linkers merge a string into the end of another: if a prefix ends in `3.11.7`, these bytes
        may be the version's string as well.
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
    """Return the user's home if its name is private: not that of a service, such as /bin."""
    home = Path(user_dirs.home())
    if home == Path("/root"):
        return ("/root",)
    in_system = home.parts[1:2] and home.parts[1] in _SYSTEM
    return () if in_system or len(home.parts) < 3 else private((home,))


def private(paths: Iterable[Path | str]) -> tuple[str, ...]:
    """Return those paths that tell something about this machine, longest first."""
    wanted = {str(path) for path in paths if Path(path).is_absolute()}
    wanted |= {str(Path(path).resolve()) for path in wanted}
    return tuple(sorted((p for p in wanted if Path(p) not in _SHARED), key=lambda p: (-len(p), p)))


def _pattern(paths: Iterable[str]) -> re.Pattern[bytes] | None:
    """Match any of some paths as a whole, not `/home/me/env` in `/home/me/env2`."""
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
