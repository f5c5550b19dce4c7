"""Write a zip file with links and modes, as Info-ZIP does."""

from __future__ import annotations

import stat
import struct
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any, cast

from pypackage.archive import manifest, members, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Entry
from pypackage.archive.writers.tree import Tree
from pypackage.core import files
from pypackage.core.progress import Task

_RAW = -15  # zlib's window bits for bare deflate
_UNIX = 3  # the system whose modes stand in the file
_TIME = struct.Struct("<HHBi")  # Info-ZIP's field "UT": seconds since 1970, in no time zone


def write(tree: Tree, output: Path, task: Task, how: Compression) -> None:
    """Write a zip file; the manifest, its first member, is stored and not compressed."""
    level = members.LEVEL if how.level is None else how.level
    with files.new_file(output) as file, zipfile.ZipFile(file, "w") as archive:
        for entry in tree.entries:
            _add(archive, entry, level, task)


def _add(archive: zipfile.ZipFile, entry: Entry, level: int, task: Task) -> None:
    info = tar_stream.tar_info(entry)
    member = _member(entry, info)
    with archive.open(member, "w") as stream:
        if member.compress_type == zipfile.ZIP_DEFLATED:
            # zipfile has no other way to let igzip do it: 1.5 s for 240 MB in place of 9.
            cast(Any, stream)._compressor = members.deflater(level, _RAW)
        if info.issym():
            stream.write(member_link(info))
        elif info.isreg():
            for block in tar_stream.content(entry, info.size):
                stream.write(block)
                task.advance(len(block))


def member_link(info: tarfile.TarInfo) -> bytes:
    """What a link's member holds."""
    return info.linkname.encode("utf-8", "surrogateescape")


def _member(entry: Entry, info: tarfile.TarInfo) -> zipfile.ZipInfo:
    kind = {tarfile.SYMTYPE: stat.S_IFLNK, tarfile.DIRTYPE: stat.S_IFDIR}
    name = entry.target + "/" if info.isdir() else entry.target
    member = zipfile.ZipInfo(name, time.gmtime(info.mtime)[:6])
    member.create_system = _UNIX
    member.external_attr = (kind.get(info.type, stat.S_IFREG) | info.mode) << 16
    member.extra = _TIME.pack(0x5455, 5, 1, int(info.mtime))
    member.file_size = info.size
    stored = not info.isreg() or entry.target == manifest.PATH
    member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return member
