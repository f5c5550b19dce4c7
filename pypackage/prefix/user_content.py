"""What a program needs besides packages: the user's own code, and data."""

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
    """Own code and data, looked for and built but not yet in the environment.

    Attributes:
        own: What is copied.
        built: The wheels of projects.
        data: What is fetched.
        base: Where relative paths start.
        scratch: A folder for what is made on the way.
    """

    own: own_code.OwnCode
    built: tuple[projects.Built, ...]
    data: tuple[Source, ...]
    base: Path
    scratch: Path

    @property
    def requires(self) -> tuple[str, ...]:
        """What the projects require of PyPI (PEP 508)."""
        return tuple(text for one in self.built for text in one.requires)

    @property
    def needs_python(self) -> bool:
        """Whether it is of no use without Python."""
        return bool(self.built) or any(one.is_module for one in self.own.copies)

    @property
    def distributions(self) -> dict[str, Present]:
        """The projects' versions by their names."""
        return {one.name: Present(one.version) for one in self.built}


@dataclass(frozen=True)
class Place:
    """Folders.

    Attributes:
        base: Where relative paths in the requirements start.
        cache: For what can be made again.
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
    """Look for own code, and build what is a project.

    Args:
        requirements: Which modules are local, and what data is needed.
        added: `PATH[:DEST]` as the user named them.
        folders: Projects that the requirements name.
        place: Where to look, and to work.

    Raises:
        InputPathError: Something is not there.
        UsageError: It cannot be told where something is to go.
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
    """Put all of it into a prefix that has its packages.

    Args:
        target_prefix: The path that is written into files in its place.
        context: What packages of PyPI have to suit.

    Raises:
        SolveError: A project has to be built on the machine that it is for.
        InstallError: Something cannot be had, or is there already.
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
