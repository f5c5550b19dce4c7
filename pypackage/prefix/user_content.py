"""Prepare and install what a program needs besides packages: own code, and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.placeholders import Present
from pypackage.core import files
from pypackage.core.errors import SolveError
from pypackage.core.progress import Reporter
from pypackage.prefix import datasets, own_code, projects
from pypackage.requirements.data_sources import Source
from pypackage.requirements.model import Requirements


@dataclass(frozen=True)
class UserContent:
    """Own code and data, found and built but not yet in the environment.

    Attributes:
        own: What is copied.
        built: The wheels of projects.
        data: What is fetched.
        base: Where relative paths start.
        scratch: A folder for temporary files.
    """

    own: own_code.OwnCode
    built: tuple[projects.Built, ...]
    data: tuple[Source, ...]
    base: Path
    scratch: Path

    @property
    def requires(self) -> tuple[str, ...]:
        """The projects' requirements from PyPI (PEP 508)."""
        return tuple(text for one in self.built for text in one.requires)

    @property
    def needs_python(self) -> bool:
        """Whether it is useless without Python."""
        return bool(self.built) or any(one.is_module for one in self.own.copies)

    @property
    def distributions(self) -> dict[str, Present]:
        """The projects' versions by name."""
        return {one.name: Present(one.version) for one in self.built}


@dataclass(frozen=True)
class Place:
    """Folders.

    Attributes:
        base: Where relative paths in the requirements start.
        cache: The cache folder.
    """

    base: Path
    cache: Path


@contextmanager
def prepared(
    requirements: Requirements,
    added: Sequence[str],
    folders: Sequence[own_code.Project],
    place: Place,
    reporter: Reporter,
) -> Iterator[UserContent]:
    """Find own code, and build projects.

    Args:
        requirements: The local modules, and the data that is needed.
        added: `PATH[:DEST]`, as given by the user.
        folders: Projects that the requirements name.
        place: The folders to search and work in.

    Raises:
        InputPathError: Something does not exist.
        UsageError: A destination is unknown.
        SolveError: A project cannot be built.
    """
    own = own_code.of(requirements.local, place.base, added)
    wanted = (*folders, *own.projects)
    if not wanted:
        yield UserContent(own, (), requirements.data, place.base, place.cache)
        return
    with files.temporary_folder(place.cache / "projects") as scratch:
        with reporter.task("building projects"):
            built = projects.build(wanted, scratch)
        yield UserContent(own, built, requirements.data, place.base, scratch)


def install(
    content: UserContent,
    prefix: Path,
    target_prefix: Path,
    context: ResolutionContext,
    reporter: Reporter,
) -> None:
    """Add own code and data to a prefix that contains its packages.

    Args:
        target_prefix: The path that is written into files instead of the prefix.
        context: What packages of PyPI must be compatible with.

    Raises:
        SolveError: A project must be built on its target platform.
        InstallError: Something cannot be fetched, or already exists.
    """
    platform = context.platform
    foreign = [one for one in content.built if platform and not one.is_pure]
    if foreign:
        raise SolveError(
            f"{foreign[0].project.folder} has to be built on {platform}",
            "it has parts that are compiled; create the environment there",
        )
    if content.built:
        with reporter.task("installing projects"):
            projects.install(content.built, prefix, target_prefix, context, content.scratch)
    own_code.place(content.own.copies, prefix, reporter)
    datasets.fetch(content.data, prefix, content.base, reporter)
