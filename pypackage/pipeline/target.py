"""Parse the second argument of `create`: what is created, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from pypackage.archive import parts, writers
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.image import FORMAT as IMAGE
from pypackage.archive.image.model import ENDING, Image
from pypackage.archive.ospackages import FORMATS as OS_PACKAGES
from pypackage.archive.ospackages.model import OsPackage
from pypackage.archive.splunk import FORMAT as SPLUNK
from pypackage.archive.splunk.model import SplunkApp
from pypackage.core import output
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter

if TYPE_CHECKING:
    from typing_extensions import Self

_ENDINGS = tuple(ending for endings in writers.ENDINGS.values() for ending in endings)
_NOT_MADE = (".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".7z", ".rar")


class _WithoutEnvironment:
    """A target that leaves no environment on this machine."""

    prefix: ClassVar[None] = None
    lock: ClassVar[None] = None

    @property
    def output(self) -> Self:
        """Itself."""
        return self


@dataclass(frozen=True)
class Archive(_WithoutEnvironment):
    """An archive, or a folder with its unpacked content.

    Attributes:
        format: A key of `writers.ENDINGS` for an archive.
        since: The digests of parts that can be left out; None for a whole archive.
    """

    path: Path
    format: str = writers.DEFAULT
    since: frozenset[str] | None = None
    place: ClassVar[None] = None

    @property
    def is_kept(self) -> bool:
        """Whether it can be cached: it is a single file, identified by its contents."""
        return self.format not in ("folder", "layers")

    def check(self) -> None:
        """Check, before the work is done, that it can be written.

        Raises:
            PackError: A program is missing, or the user's own folder is in the way.
        """
        writers.check(self.format, self.path)

    def write(self, contents: Contents, how: Compression, reporter: Reporter) -> None:
        """Write it; an existing one is replaced at the end.

        Raises:
            PackError: A file cannot be read, or the archive cannot be written.
        """
        writers.write(contents, self.format, self.path, reporter, how, since=self.since)

    def identity(self) -> list[object]:
        """Everything that its bytes depend on besides contents and compression, for JSON."""
        return [self.format, None if self.since is None else sorted(self.since)]


@dataclass(frozen=True)
class OsPackageFile(_WithoutEnvironment):
    """A package of an operating system.

    Attributes:
        repository: The folder of a repository to add it to; None for none.
    """

    path: Path
    package: OsPackage
    repository: Path | None = None
    is_kept: ClassVar[bool] = True

    @property
    def format(self) -> str:
        """`deb` or `rpm`."""
        return self.package.format

    @property
    def place(self) -> PurePosixPath:
        """The path of the environment on machines that install the package."""
        return self.package.prefix

    def check(self) -> None:
        """Check, before the work is done, that it can be made.

        Raises:
            UsageError: Its name, version or another option is invalid.
            InputPathError: A file to be included cannot be read.
            PackError: A program or another OS package is missing on this machine.
        """
        from pypackage.archive.ospackages import checks

        checks.check(self.package, published=self.repository is not None)

    def write(self, contents: Contents, how: Compression, reporter: Reporter) -> None:
        """Write it, and test it if requested; an existing one is replaced at the end.

        Raises:
            PackError: It cannot be made.
            VerificationError: It cannot be installed, run or removed again.
        """
        from pypackage.archive.ospackages import write

        write.write(contents, self.package, self.path, reporter, how)

    def publish(self, reporter: Reporter) -> None:
        """Add it, whether new or reused, to its repository, if it has one.

        Raises:
            PackError: The repository cannot be written.
        """
        from pypackage.archive.ospackages import repository

        if self.repository:
            package = self.package
            repository.add(self.path, package.format, self.repository, package.sign, reporter)

    def identity(self) -> list[object]:
        """Everything that its bytes depend on besides contents and compression, for JSON."""
        return [self.format, self.package.identity()]


@dataclass(frozen=True)
class ImageFile(_WithoutEnvironment):
    """A container image: a folder, or a tar file, depending on its name."""

    path: Path
    image: Image
    format: ClassVar[str] = IMAGE

    @property
    def place(self) -> PurePosixPath:
        """The path of the environment in containers."""
        return self.image.prefix

    @property
    def is_kept(self) -> bool:
        """Whether it can be cached: it is a single file, and its base image cannot change."""
        from pypackage.archive.image import base

        return self.path.name.endswith(ENDING) and base.is_fixed(self.image.base)

    def check(self) -> None:
        """Check, before the work is done, that it can be made.

        Raises:
            UsageError: Its name or another option is invalid.
            InputPathError: The base image does not exist.
            PackError: A program is missing, or the user's own folder is in the way.
        """
        from pypackage.archive.image import write

        write.check_all(self.image, self.path)

    def write(self, contents: Contents, how: Compression, reporter: Reporter) -> None:
        """Write it; an existing one is replaced at the end.

        Raises:
            PackError: It cannot be made.
        """
        from pypackage.archive.image import write

        write.write(contents, self.image, self.path, reporter, how)

    def identity(self) -> list[object]:
        """Everything that its bytes depend on besides contents and compression, for JSON."""
        from pypackage.archive.image import base

        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        return [self.format, repr(self.image), base.identity(self.image.base), epoch]


@dataclass(frozen=True)
class SplunkAppFile(_WithoutEnvironment):
    """An app for Splunk."""

    path: Path
    app: SplunkApp
    format: ClassVar[str] = SPLUNK
    place: ClassVar[None] = None
    is_kept: ClassVar[bool] = True

    def check(self) -> None:
        """Check, before the work is done, that it can be made.

        Raises:
            UsageError: Its name, version, a command or a file is invalid.
            InputPathError: The folder of files does not exist.
        """
        from pypackage.archive.splunk import model

        model.check(self.app)

    def write(self, contents: Contents, how: Compression, reporter: Reporter) -> None:
        """Write it; an existing one is replaced at the end.

        Raises:
            PackError: It cannot be made.
        """
        from pypackage.archive.splunk import write

        write.write(contents, self.app, self.path, reporter, how)

    def identity(self) -> list[object]:
        """Everything that its bytes depend on besides contents and compression, for JSON."""
        return [self.format, self.app.identity()]


Output = Archive | OsPackageFile | ImageFile | SplunkAppFile


@dataclass(frozen=True)
class NamedEnvironment:
    """An environment that stays on this machine, and its archive.

    Attributes:
        prefix: Its folder.
        output: Its archive.
    """

    prefix: Path
    output: Archive

    @property
    def lock(self) -> Path:
        """Where its lock is written by default: beside the archive."""
        return self.output.path.with_name(f"{self.prefix.name}.lock")


Target = Archive | NamedEnvironment | OsPackageFile | ImageFile | SplunkAppFile

# Formats that do not leave an environment on this machine.
_ALONE = (*OS_PACKAGES, IMAGE, SPLUNK)

# Formats of folders, and the endings of those of their files that stand for them.
_FOLDERS = ("folder", "layers", IMAGE)
_FILES = (".json", ENDING)


def parse(
    name: str, format_: str = "", environ: Mapping[str, str] = os.environ
) -> Archive | NamedEnvironment:
    """Parse the second argument of `python_package_create`.

    Args:
        name: A path, or a name with an archive's ending, is an archive. Any other name is an
            environment in conda's folder, with `NAME.tar.gz` in the current directory; for
            an OS package or a Splunk app it is only that file, for an image a folder.
        format_: The archive's format; if empty, it is recognized by the ending.

    Raises:
        UsageError: The name is invalid, or is that of an unsupported kind of archive.
        InputPathError: The archive's folder does not exist, or the archive is itself a folder.
    """
    format_ = _format(name, format_)
    if name in (*_ENDINGS, "base"):  # base is conda's name for its own environment
        raise UsageError(f"{name!r} is not a name for an environment")
    if os.sep in name or name.endswith(_ENDINGS) or name in (".", ".."):
        return _archive(name, format_)
    if not re.fullmatch(r"[^\s:#/-][^\s:#/]*", name):
        raise UsageError(
            f"{name!r} is not a name for an environment",
            "a name has no spaces, colons or '#'; a path such as './my env.tar.gz' may",
        )
    ending = "" if format_ == IMAGE else (*writers.ENDINGS[format_], "")[0]
    made = _archive(f"{name}{ending}", format_)
    if format_ in _ALONE:
        return made
    from pypackage.backends.conda import condarc

    return NamedEnvironment(condarc.envs_folder(environ) / name, made)


def _archive(path: str, format_: str) -> Archive:
    """An archive that can be written."""
    output.check_file(path, folder=format_ in _FOLDERS and not path.endswith(_FILES))
    return Archive(Path(path), format_)


def thin(made: Archive | NamedEnvironment, old: Path) -> Archive | NamedEnvironment:
    """Restrict a target to the parts that an older environment lacks.

    Args:
        old: The older environment's archive, layers folder or manifest.

    Raises:
        InputPathError: It is none of these.
        UsageError: Another format is requested.
    """
    whole = made.output
    if whole.format != "tar.gz":
        raise UsageError(f"--since makes a .tar.gz, and {whole.path} is a {whole.format}")
    thinned = replace(whole, since=frozenset(one.sha256 for one in parts.read(old).members))
    return thinned if isinstance(made, Archive) else replace(made, output=thinned)


def at(prefix: str, format_: str = "") -> NamedEnvironment:
    """An environment in a folder given by the user, and its archive in the current directory.

    Raises:
        UsageError: The format does not support it.
        InputPathError: The archive cannot be written.
    """
    folder = Path(os.path.abspath(os.path.expanduser(prefix)))
    format_ = _format("", format_)
    if format_ in _ALONE or not folder.name:
        raise UsageError(f"{prefix} is not a place for an environment", "-p PREFIX is its folder")
    made = _archive(f"{folder.name}{(*writers.ENDINGS[format_], '')[0]}", format_)
    return NamedEnvironment(folder, made)


def _format(name: str, asked: str) -> str:
    """The requested format, or the one given by the archive's ending."""
    if asked not in ("", *writers.ENDINGS):
        raise UsageError(f"no format {asked}", f"there are {', '.join(writers.ENDINGS)}")
    if name.endswith(_NOT_MADE):
        raise UsageError(f"cannot make {name}", f"archives end in {', '.join(_ENDINGS)}")
    # The longest match counts: .oci.tar is not .tar.
    told = max(
        (len(ending), known)
        for known, endings in writers.ENDINGS.items()
        for ending in ("", *endings)
        if name.endswith(ending)
    )
    if asked and told[0] and asked != told[1]:
        raise UsageError(f"{name} ends like {told[1]}, and the format asked for is {asked}")
    return asked or (told[1] if told[0] else writers.DEFAULT)
