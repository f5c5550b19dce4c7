"""Writers: one module per archive format, all for the same tree."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pypackage.archive import compression
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.writers import targz
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter

DEFAULT = "tar.gz"

# The endings of archives' names; a folder's name may have any ending.
ENDINGS = {
    "tar.gz": (".tar.gz", ".tgz"),
    "tar.zst": (".tar.zst", ".tzst"),
    "tar": (".tar",),
    "zip": (".zip",),
    "squashfs": (".squashfs", ".sqsh", ".sqfs"),
    "sh": (".sh",),
    "folder": (),
    "layers": (".layers", ".json"),
    "deb": (".deb",),
    "rpm": (".rpm",),
    "oci": (".oci.tar",),
    "splunk-app": (".spl",),
}
UNCOMPRESSED = ("tar", "folder")


def write(
    contents: Contents,
    format_: str,
    output: Path,
    reporter: Reporter,
    how: Compression = compression.DEFAULT,
    *,
    since: Collection[str] | None = None,
) -> None:
    """Write an environment; an existing archive is replaced at the end.

    The same contents give the same bytes.

    Args:
        format_: A key of `ENDINGS`.
        output: The path of the archive or folder.
        how: How it is compressed.
        since: For a `.tar.gz`, the digests of parts that can be left out: a thin archive.

    Raises:
        PackError: A file cannot be read, or the archive cannot be written.
    """
    from pypackage.archive.writers import layers, self_extracting, thin

    with PackError.wrapping(f"cannot write {output}"):
        if since is not None:
            thin.write(contents, output, reporter, how, since)
        elif format_ == "tar.gz":
            targz.write(contents, output, reporter, how)
        elif format_ == "sh":
            self_extracting.write(contents, output, reporter, how)
        elif format_ == "layers":
            layers.write(contents, output, reporter, how)
        else:
            _write_whole(contents, format_, output, reporter, how)


def _write_whole(
    contents: Contents, format_: str, output: Path, reporter: Reporter, how: Compression
) -> None:
    """Write a format that does not consist of parts: the tree as a whole."""
    from pypackage.archive.writers import folder, squashfs, tar, tree, zip_

    writer = {
        "tar": tar.write,
        "tar.zst": tar.write_zst,
        "zip": zip_.write,
        "squashfs": squashfs.write,
        "folder": folder.write,
    }[format_]
    found = tree.of(contents)
    with reporter.task("packing", found.size) as task:
        writer(found, output, task, how)


def check(format_: str, output: Path) -> None:
    """Check, before the work is done, that a format can be written.

    Raises:
        PackError: A program is missing, or the user's own folder is in the way.
    """
    from pypackage.archive.writers import folder, layers, squashfs

    if format_ == "squashfs":
        squashfs.program()
    elif format_ == "folder":
        folder.check_replaceable(output)
    elif format_ == "layers":
        layers.check_replaceable(output)
