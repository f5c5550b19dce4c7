"""Write a zip file with links and modes, as Info-ZIP does."""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import Any, cast

from pypackage.archive import manifest, members, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Entry
from pypackage.archive.writers.tree import Tree
from pypackage.core import files, fingerprint
from pypackage.core.progress import Task

_RAW = -15  # zlib's window bits for raw deflate
_UNIX = 3  # the system of the file modes
_TIME = struct.Struct("<HHBi")  # Info-ZIP's field "UT": seconds since 1970, in no time zone

_NAMED = len(manifest.PATH) + _TIME.size
_START = 30 + _NAMED  # offset of the manifest, after its header
_TABLE_CHECKSUM = 46 + _NAMED - 16  # from the end of its entry in the table back to the checksum
_END = 22  # bytes after the table
_END_ZIP64 = 98


def write(tree: Tree, output: Path, task: Task, how: Compression) -> None:
    """Write a zip file; the manifest, its first member, is stored and not compressed."""
    level = members.LEVEL if how.level is None else how.level
    first, *others = tree.entries
    plain = first.data or b""
    with files.new_file(output) as file:
        unfinished = manifest.with_digest(plain, "zip", manifest.UNKNOWN)
        with zipfile.ZipFile(file, "w") as archive:
            for entry in (replace(first, data=unfinished), *others):
                _add(archive, entry, level, task)
            # So its checksum in the table is at the same distance from the end in each file.
            archive.filelist.append(archive.filelist.pop(0))
        _put_manifest(file, plain, len(unfinished))


def _put_manifest(file: BufferedRandom, plain: bytes, room: int) -> None:
    """Replace the unfinished manifest by the one with the digest of everything else.

    Larger files (zip64) have another ending: they are only checked by their digest lists.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(end - _END_ZIP64)
    if file.read(4) == b"PK\6\6":
        text, checksum = plain.ljust(room, b"\n"), end - _END_ZIP64 - _TABLE_CHECKSUM
    else:
        checksum = end - _END - _TABLE_CHECKSUM
        digested = [(0, 14), (18, _START), (_START + room, checksum), (checksum + 4, end)]
        text = manifest.with_digest(plain, "zip", fingerprint.of_ranges(file, digested))
    for place, data in ((_START, text), (14, _crc(text)), (checksum, _crc(text))):
        file.seek(place)
        file.write(data)


def _crc(text: bytes) -> bytes:
    return zlib.crc32(text).to_bytes(4, "little")


def _add(archive: zipfile.ZipFile, entry: Entry, level: int, task: Task) -> None:
    info = tar_stream.tar_info(entry)
    member = _member(entry, info)
    with archive.open(member, "w") as stream:
        if member.compress_type == zipfile.ZIP_DEFLATED:
            # zipfile has no other way to use igzip: 1.5 s for 240 MB instead of 9.
            cast(Any, stream)._compressor = members.deflater(level, _RAW)
        if info.issym():
            stream.write(member_link(info))
        elif info.isreg():
            for block in tar_stream.content(entry, info.size):
                stream.write(block)
                task.advance(len(block))


def member_link(info: tarfile.TarInfo) -> bytes:
    """The content of a link's member."""
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
