"""Convert an environment's entries to tar headers and content; other writers use the same fields.

Everything depends only on the content: owners are zero, modes are one of two, times are those of
the packages' files or `EPOCH`.
"""

from __future__ import annotations

import os
import stat
import struct
import tarfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from io import BytesIO, FileIO
from operator import attrgetter
from pathlib import Path, PurePosixPath

from pypackage.archive import certificates, manifest, paths
from pypackage.archive.contents import Entry

BLOCK = 1 << 20  # bytes read at a time
EPOCH = 315_532_800  # 1980: zip has no earlier times, and GNU tar warns about 1970
END = bytes(2 * tarfile.BLOCKSIZE)  # the end of a tar stream


def with_tools(entries: Iterable[Entry]) -> list[Entry]:
    """Add what the worker needs besides the environment, replacing existing copies.

    Existing copies occur if an unpacked environment is packed again. The tools are the runner under
    its names, the relocation script, and the file that says where OpenSSL looks for certificates.

    Raises:
        OSError: A file cannot be read.
        PackError: An entry is below another one that is not a folder.
    """
    entries = list(entries)
    here = Path(__file__).parent
    tools = [
        Entry("bin/poncho_package_run", None, link="python_package_run"),
        Entry("bin/python_package_run", (here / "share" / "python_package_run").resolve()),
        Entry("bin/run_in_env", None, link="python_package_run"),
        Entry("etc/pypackage/relocate.py", here / "relocate.py"),
    ]
    found = certificates.find(entries)
    unique = {
        entry.target: entry
        for entry in [*entries, *tools, *([found] if found else [])]
        if entry.target != manifest.PATH and not entry.target.startswith(f"{manifest.SHA256SUMS}/")
    }
    paths.check(list(unique.values()))
    return list(unique.values())


def size(entry: Entry) -> int:
    """The size of a file's content in bytes; meaningless for links and folders."""
    if entry.data is not None:
        return len(entry.data)
    return os.lstat(entry.source).st_size if entry.source else 0


def tar_info(entry: Entry) -> tarfile.TarInfo:
    """The tar header's fields: only what the content of the environment determines."""
    info = tarfile.TarInfo(entry.target)
    status = os.lstat(entry.source) if entry.source else None
    mode = status.st_mode if status else stat.S_IFREG | entry.mode
    if entry.link or stat.S_ISLNK(mode):
        info.type, info.mode = tarfile.SYMTYPE, 0o777
        info.linkname = entry.link or os.readlink(entry.source or "")
    elif stat.S_ISDIR(mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.mode = 0o755 if mode & 0o111 else 0o644
        info.size = status.st_size if status and entry.data is None else size(entry)
    info.mtime = EPOCH
    if status and entry.pristine and info.isreg():
        # Byte code from a package's build is only valid with the source's time.
        info.mtime = max(EPOCH, int(status.st_mtime))
    return info


def cache_key(entry: Entry, packaged: bool) -> bytes:
    """A key that distinguishes an entry from all others that an archive could contain.

    Args:
        packaged: Whether the digest of its package is known, which covers all pristine entries
            except their targets.

    Raises:
        OSError: It cannot be read.
    """
    if packaged and entry.pristine:
        return b"\0" + os.fsencode(entry.target)
    digest = sha256()
    for block in tar_blocks(entry):
        digest.update(block)
    return digest.digest()


def content(entry: Entry, length: int) -> Iterator[bytes]:
    """A regular file's content, exactly `length` bytes.

    Raises:
        OSError: It cannot be read, or has become shorter.
    """
    if entry.data is not None:
        yield entry.data
        return
    assert entry.source is not None
    with open(entry.source, "rb") as file:
        left = length
        while left:
            block = file.read(min(BLOCK, left))
            if not block:
                raise OSError(0, "the file has become shorter", str(entry.source))
            left -= len(block)
            yield block


def tar_blocks(entry: Entry) -> Iterator[bytes]:
    """An entry's part of a tar stream: header, content, padding."""
    info = tar_info(entry)
    yield header(info)
    if info.isreg():
        yield from content(entry, info.size)
        yield padding(info.size)


def stream(
    entries: Iterable[Entry], done: Callable[[tarfile.TarInfo, str], None] | None = None
) -> Iterator[memoryview]:
    """The entries' tar stream in pieces of `BLOCK`, the last one shorter.

    Each piece is valid until the next one is requested: they share their memory, since allocating
    memory for each file takes as long as reading it.

    Args:
        done: Called after each entry, with its header's fields and the SHA-256 of its content.

    Raises:
        OSError: A file cannot be read, or has become shorter.
    """
    block, used = memoryview(bytearray(BLOCK)), 0
    for entry in entries:
        info, digest = tar_info(entry), sha256()
        for source, left, is_content in _sources(entry, info):
            while left:
                read = source.readinto(block[used : used + left])
                if not read:
                    raise OSError(0, "the file has become shorter", str(entry.source))
                if is_content and done:
                    digest.update(block[used : used + read])
                used, left = used + read, left - read
                if used == BLOCK:
                    yield block
                    used = 0
        if done:
            done(info, digest.hexdigest())
    yield block[:used]


def _sources(entry: Entry, info: tarfile.TarInfo) -> Iterator[tuple[BytesIO | FileIO, int, bool]]:
    """What an entry's part of a tar stream is read from: files, lengths, and which is content."""
    head = header(info)
    yield BytesIO(head), len(head), False
    if info.isreg():
        if entry.data is not None:
            yield BytesIO(entry.data), info.size, True
        else:
            assert entry.source is not None
            with open(entry.source, "rb", buffering=0) as file:
                yield file, info.size, True
        yield BytesIO(padding(info.size)), -info.size % tarfile.BLOCKSIZE, False


_HEADER = struct.Struct("100s 8s 8s 8s 12s 12s 8s c 100s 8s 32s 32s 8s 8s 155s 12x")
_ZERO = b"0000000\0"
_OCTAL_LIMIT = 8**11  # bytes from which on a file's size does not fit in a plain header


def with_folders(entries: Iterable[Entry]) -> list[Entry]:
    """Add the folders of all entries, so that none depends on an umask; sorted by target.

    Of several entries with the same target the last one stays.
    """
    placed = {entry.target: entry for entry in entries}
    for target in list(placed):
        for folder in map(str, PurePosixPath(target).parents[:-1]):
            placed.setdefault(folder, Entry(folder, os.sep))  # any folder: its mode is ignored
    return sorted(placed.values(), key=attrgetter("target"))


def header(info: tarfile.TarInfo) -> bytes:
    """The blocks that precede a file's content in a tar stream, in GNU's format."""
    name = (info.name + "/" * info.isdir()).encode(errors="surrogateescape")
    link = info.linkname.encode(errors="surrogateescape")
    if max(len(name), len(link)) > tarfile.LENGTH_NAME or info.size >= _OCTAL_LIMIT:
        return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    mode, size, time = b"%07o\0" % info.mode, b"%011o\0" % info.size, b"%011o\0" % int(info.mtime)
    # The checksum counts its own field as spaces.
    fields = [name, mode, _ZERO, _ZERO, size, time, b" " * 8, info.type, link]
    fields += [tarfile.GNU_MAGIC, b"", b"", b"", b"", b""]
    fields[6] = b"%06o\0 " % sum(_HEADER.pack(*fields))
    return _HEADER.pack(*fields)


def padding(length: int) -> bytes:
    """The bytes that fill up the last block of a content."""
    return bytes(-length % tarfile.BLOCKSIZE)
