"""Write an environment in another format from existing parts, without creating it again."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pypackage.archive import head, manifest, parts
from pypackage.archive.manifest import Member
from pypackage.archive.members import Made
from pypackage.archive.parts import Parts
from pypackage.archive.writers.layers import Layers
from pypackage.archive.writers.parted import Destination
from pypackage.archive.writers.targz import Archive
from pypackage.archive.writers.thin import Thin, spill
from pypackage.core import files, fingerprint
from pypackage.core.errors import InputPathError, PackError, UsageError
from pypackage.core.progress import Reporter


def join(
    sources: Sequence[Path],
    output: Path,
    format_: str,
    reporter: Reporter,
    since: Collection[str] | None = None,
) -> None:
    """Write an environment from its parts, bit for bit as it would have been created.

    Args:
        sources: The environment's own source, and others with parts of it: archives, thin
            archives and layers folders.
        output: The archive or layers folder; an existing one is replaced at the end.
        format_: `tar.gz` or `layers`.
        since: The digests of parts that can be left out, for a thin archive.

    Raises:
        UsageError: There is no such format.
        InputPathError: A source is invalid or damaged, or the sources lack parts.
        PackError: It cannot be written.
    """
    if format_ not in ("tar.gz", "layers") or (since is not None and format_ != "tar.gz"):
        raise UsageError(
            f"cannot join parts to the format {format_}", "name an archive .tar.gz or .layers"
        )
    found = [parts.read(source) for source in sources]
    environment, held = found[0], ChainMap(*(dict(one.held) for one in found))
    text = _manifest(environment)
    with (
        PackError.wrapping(f"cannot write {output}"),
        _destination(output, format_, since) as destination,
    ):
        destination.start(environment.members[0].offset)
        there = {one.sha256 for one in environment.members if _is_there(one, destination)}
        parts.check_complete(environment, {*held, *there})
        with reporter.task("joining", sum(one.length for one in environment.members)) as task:
            for member in environment.members:
                destination.add(_taken(member, held, destination))
                task.advance(member.length)
        destination.finish(environment.environment_id, text)


def _manifest(environment: Parts) -> bytes:
    """The manifest as it is in an archive."""
    try:
        if not manifest.is_intact(environment.text):
            raise ValueError("its id does not match its content")
        return head.refilled(environment.text, environment.members[0].offset)
    except ValueError as error:
        raise InputPathError(f"the manifest of {environment.path} is damaged: {error}") from error


@contextmanager
def _destination(
    output: Path, format_: str, since: Collection[str] | None
) -> Iterator[Destination]:
    if format_ == "layers":
        yield Layers(output)
        return
    with files.new_file(output) as file:
        if since is None:
            yield Archive(file)
        else:
            with spill(output) as aside:
                yield Thin(file, aside, since)


def _is_there(member: Member, destination: Destination) -> bool:
    return destination.has(member.length, member.sha256)


def _taken(member: Member, held: Mapping[str, tuple[Path, int]], destination: Destination) -> Made:
    """A part with its digest checked, or without its bytes if the destination has it."""
    if _is_there(member, destination):
        return Made(member.length, member.sha256)
    path, start = held[member.sha256]
    with InputPathError.wrapping("cannot read a part", path):
        file = path.open("rb")
        if fingerprint.of_ranges(file, [(start, start + member.length)]) == member.sha256:
            return Made(member.length, member.sha256, file=file, start=start)
        file.close()
    raise InputPathError(
        f"{path} is damaged: the part {member.sha256[:12]} has other content",
        "fetch or create it again",
    )
