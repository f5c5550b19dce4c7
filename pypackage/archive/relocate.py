"""Rewrite the prefix in the files of an unpacked environment.

It is run on the worker by the environment's own interpreter, in its final place:
`python -I -S -B etc/pypackage/relocate.py PREFIX`. Each archive contains a copy of this file,
hence it stands alone: it only needs the standard library of Python 3.6.

Before the first file is rewritten, the original content of all files is recorded inside the
environment. Rewriting always starts from that record, not from the files' present content, so it
can be repeated: after the environment was moved, and after a process was killed half-way.
"""

import json
import os
import re
import sys
from typing import NamedTuple

MANIFEST = "etc/pypackage/manifest.json"
RECORD = "etc/pypackage/relocate.json"

# macOS does not run a program that was changed after signing.
CODESIGN = "/usr/bin/codesign"
MACH_O = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class RelocationError(Exception):
    """The environment cannot be relocated to that path; nothing was rewritten."""


class Original(NamedTuple):
    """The unpacked content of a file, as far as relocation changes it.

    Attributes:
        path: Relative to the prefix.
        mode: `text`, or `binary`, which keeps its length.
        placeholder: The prefix that the package was built for.
        pieces: Offset and content of everything that contains the placeholder: each C string of a
            binary, a text as a whole. Empty if another tool has rewritten the file.
    """

    path: str
    mode: str
    placeholder: bytes
    pieces: "tuple[tuple[int, bytes], ...]"


def relocate(prefix: str) -> int:
    """Rewrite all files that the manifest lists, so that they contain `prefix`.

    Args:
        prefix: The environment's absolute path.

    Returns:
        How many files were rewritten; the others were already right.

    Raises:
        RelocationError: A file has no space for the new prefix.
        OSError: A file cannot be read or written.
    """
    originals = load_record(prefix)
    if originals is None:
        originals = take_originals(prefix)
        save_record(prefix, originals)
    new = os.fsencode(prefix)
    for original in originals:
        check(prefix, original, new)
    return sum(rewrite(prefix, original, new) for original in originals)


def take_originals(prefix: str) -> "list[Original]":
    """The files that the manifest lists, with their present content."""
    with open(os.path.join(prefix, MANIFEST), encoding="utf-8") as stream:
        listed = json.load(stream)["relocate"]
    originals = []
    for entry in listed:
        placeholder = entry["placeholder"].encode()
        content = read(os.path.join(prefix, entry["path"]))
        pieces = pieces_of(content, entry["mode"], placeholder)
        originals.append(Original(entry["path"], entry["mode"], placeholder, pieces))
    return originals


def pieces_of(content: bytes, mode: str, placeholder: bytes) -> "tuple[tuple[int, bytes], ...]":
    """The parts of a file's content that are needed to rewrite it for any prefix."""
    if mode == "text":
        return ((0, content),) if placeholder in content else ()
    strings = re.finditer(re.escape(placeholder) + rb"[^\0]*", content)
    return tuple((found.start(), found.group()) for found in strings)


def check(prefix: str, original: Original, new: bytes) -> None:
    """Reject files that cannot be rewritten, before any file is.

    Raises:
        RelocationError: The new prefix is longer than the space reserved for it in a binary, or
            the file contains neither the placeholder nor the new prefix.
    """
    if original.mode == "binary" and len(new) > len(original.placeholder):
        raise RelocationError(
            f"{original.path} has room for a prefix of {len(original.placeholder)} bytes, "
            f"and this one has {len(new)}: {os.fsdecode(new)}"
        )
    if not original.pieces and new not in read(os.path.join(prefix, original.path)):
        raise RelocationError(
            f"{original.path} was rewritten for another folder by another tool; "
            "unpack the environment again"
        )


def rewrite(prefix: str, original: Original, new: bytes) -> bool:
    """Rewrite one file for the prefix `new`; return whether it changed."""
    path = os.path.join(prefix, original.path)
    old_content = read(path)
    content = content_for(original, new, old_content)
    if content == old_content:
        return False
    replace(path, content)
    return True


def content_for(original: Original, new: bytes, content: bytes) -> bytes:
    """A file's content for the prefix `new`, given its present content."""
    changed = bytearray(content)
    for offset, piece in original.pieces:
        named = piece.replace(original.placeholder, new)
        if original.mode == "text":
            return with_short_shebang(named, new)
        changed[offset : offset + len(piece)] = named.ljust(len(piece), b"\0")
    return bytes(changed)


def with_short_shebang(content: bytes, prefix: bytes) -> bytes:
    """Shorten a shebang that names an interpreter in `prefix`, if the kernel cannot read it.

    Linux reads 126 characters, from 5.1 on 254, and no path with a blank; longer ones are replaced
    by `env`, which only works in an active environment.
    """
    line, end, rest = content.partition(b"\n")
    if not line.startswith(b"#!") or (len(line) <= longest_shebang() and not prefix.split()[1:]):
        return content
    interpreter, _, options = line[2:].lstrip()[len(prefix) :].partition(b" ")
    if not line[2:].lstrip().startswith(prefix + b"/") or b"\0" in line:
        return content
    name, options = os.path.basename(interpreter), options.strip()
    # -S exists since 2018 (coreutils 8.30): without it env takes name and options for one name.
    words = [b"-S", name, options] if options else [name]
    return b"#!/usr/bin/env " + b" ".join(words) + end + rest


def longest_shebang() -> int:
    """The number of characters of a shebang that this machine's kernel reads."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return 254 if release and (int(release[1]), int(release[2])) >= (5, 1) else 126


def load_record(prefix: str) -> "list[Original] | None":
    """The record of an earlier relocation; None if there was none."""
    try:
        with open(os.path.join(prefix, RECORD), encoding="ascii") as stream:
            entries = json.load(stream)
    except FileNotFoundError:
        return None
    return [
        Original(
            entry["path"],
            entry["mode"],
            entry["placeholder"].encode(),
            tuple((offset, text.encode("latin-1")) for offset, text in entry["pieces"]),
        )
        for entry in entries
    ]


def save_record(prefix: str, originals: "list[Original]") -> None:
    """Write the record atomically."""
    entries = [
        {
            "path": original.path,
            "mode": original.mode,
            "placeholder": original.placeholder.decode(),
            "pieces": [(offset, piece.decode("latin-1")) for offset, piece in original.pieces],
        }
        for original in originals
    ]
    replace(os.path.join(prefix, RECORD), json.dumps(entries).encode("ascii"))


def read(path: str) -> bytes:
    """A file's whole content."""
    with open(path, "rb") as stream:
        return stream.read()


def replace(path: str, content: bytes) -> None:
    """Replace a file atomically, keeping its mode.

    A process that runs or reads the previous file is not affected.
    """
    beside = f"{path}.{os.getpid()}.new"
    mode = os.stat(path).st_mode & 0o7777 if os.path.exists(path) else 0o644
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
        os.chmod(beside, mode)
        if sys.platform == "darwin" and content[:4] in MACH_O:
            sign(beside)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def sign(path: str) -> None:
    """Sign a macOS program or library ad hoc, as conda's are signed.

    Raises:
        RelocationError: It cannot be signed.
    """
    import subprocess  # only needed on macOS

    command = [CODESIGN, "--sign", "-", "--force", path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RelocationError(os.fsdecode(done.stdout).strip())


def main(arguments: "list[str]") -> int:
    """Run the command line: one argument, the environment's folder; 1 on failure."""
    if len(arguments) != 1 or not os.path.isabs(arguments[0]):
        sys.stderr.write("usage: relocate.py PREFIX (an absolute path)\n")
        return 1
    try:
        relocate(arguments[0])
    except (RelocationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
