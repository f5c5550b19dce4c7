"""Find and check archives of CPython's source, and read their version."""

from __future__ import annotations

import lzma
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pypackage.core import download, fingerprint
from pypackage.core.errors import InputPathError, InstallError, PackageError
from pypackage.core.progress import Reporter
from pypackage.core.urls import redact
from pypackage.python import interpreter

MIRROR = "PYPACKAGE_PYTHON_MIRROR"
_UPSTREAM = "https://www.python.org/ftp/python"

_BLOCK = 1 << 20


@dataclass(frozen=True, repr=False)
class Wanted:
    """A source as the user named it; not in the repr, since its URL may hold a password.

    Attributes:
        place: A path, or a URL with all its secrets.
        url: The URL without secrets; empty for a file on this machine.
        sha256: The digest that it must have; empty for any.
        is_release: Whether the URL is that of a release, whose content never changes.
    """

    place: str
    url: str = ""
    sha256: str = ""
    is_release: bool = False

    @property
    def told(self) -> str:
        """The name shown in messages."""
        return self.url or self.place


@dataclass(frozen=True)
class Source:
    """An archive of CPython's source on this machine.

    Attributes:
        path: The archive.
        sha256: Its digest.
        version: Such as `3.11.2`.
        top: The archive's top folder.
        time: The modification time of its `patchlevel.h`, in seconds since 1970.
        told: The name shown in messages.
        url: Where it came from, without secrets; empty for a file on this machine.
    """

    path: Path
    sha256: str
    version: str
    top: str
    time: int
    told: str
    url: str = ""


def parse(name: str) -> Wanted:
    """Parse what the user names: a path, a URL, or a version on python.org.

    Raises:
        InputPathError: The fragment after `#` is not a digest.
    """
    if interpreter.is_version(name) and not os.path.exists(name):
        base = os.environ.get(MIRROR) or _UPSTREAM
        place = f"{base.rstrip('/')}/{name}/Python-{name}.tgz"
        return Wanted(place, redact(place), is_release=True)
    if "://" not in name:
        return Wanted(name)
    place, _, fragment = name.partition("#")
    digest = re.fullmatch("sha256=([0-9a-fA-F]{64})", fragment)
    if fragment and not digest:
        raise InputPathError(
            f"{redact(place)}: what follows '#' is not a digest",
            "write #sha256=64 hexadecimal digits",
        )
    return Wanted(place, redact(place), digest[1].lower() if digest else "")


def fetch(wanted: Wanted, scratch: Path, offline: bool, reporter: Reporter) -> Source:
    """Fetch a source and check that it is CPython's.

    Args:
        wanted: As `parse` returns it.
        scratch: A folder for the download.
        offline: Whether the network is not to be used.

    Raises:
        InputPathError: It cannot be read, or is not CPython's source.
        InstallError: It cannot be downloaded, or its digest is not the requested one.
    """
    path = Path(wanted.place)
    if wanted.url:
        if offline and urlsplit(wanted.place).scheme != "file":
            raise InstallError(
                f"this is offline, and {wanted.told} would have to be fetched",
                "name a copy on this machine, or add #sha256=… to the URL of one built before",
            )
        path = scratch / "download"
        digest = download.fetch(wanted.place, path, reporter)
        reporter.debug(f"its sha256 is {digest}")
    else:
        try:
            digest = fingerprint.of_file(path)
        except OSError as error:
            raise InputPathError(f"cannot read {path}: {error.strerror}") from error
    if wanted.sha256 not in ("", digest):
        raise InstallError(
            f"{wanted.told} is not what was asked for",
            f"its sha256 is {digest}, not {wanted.sha256}",
        )
    version, top, time = _look(path, wanted.told)
    return Source(path, digest, version, top, time, wanted.told, wanted.url)


def unpack(source: Source, folder: Path, reporter: Reporter) -> Path:
    """Unpack a source into a new folder.

    Returns:
        The folder of its `configure`.
    """
    with reporter.task(f"unpacking {source.told}"), _opened(source.path, source.told) as archive:
        # Only some releases of Python 3.10 and 3.11 have it; what is built here is trusted.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder / source.top


def _look(path: Path, told: str) -> tuple[str, str, int]:
    """Return the version, the top folder and the time of a source."""
    with _opened(path, told) as archive:
        for member in archive:
            top, _, inner = member.name.removeprefix("./").partition("/")
            if inner == "Include/patchlevel.h" and member.isfile():
                file = archive.extractfile(member)
                text = file.read(1 << 16).decode("utf-8", "replace") if file else ""
                found = re.search(r'^#define\s+PY_VERSION\s+"([\d.]+\w*)\+?"', text, re.M)
                if found:
                    return found[1], top, int(member.mtime)
    raise _no_source(told, "it has no Include/patchlevel.h that tells the version of CPython")


@contextmanager
def _opened(path: Path, told: str) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path) as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _no_source(told, f"it cannot be unpacked: {error}") from error
    except OSError as error:
        raise InputPathError.of(error, f"cannot read {told}", path) from error


def _no_source(told: str, why: str) -> PackageError:
    return InputPathError(
        f"{told} is not a source archive of Python: {why}",
        "name what python.org calls Python-X.Y.Z.tgz or .tar.xz, or Debian an .orig.tar",
    )
