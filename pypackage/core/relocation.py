"""Rewrite the prefix in files of an environment that is moved to its final path."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pypackage.core import files
from pypackage.core.errors import InstallError


def rewrite_prefix(
    path: Path, prefix: Path, target_prefix: Path, *, by: str, is_binary: bool = False
) -> None:
    """Replace the prefix in a file or symbolic link by the target prefix.

    A link into the prefix becomes a relative one. The file is replaced by a new one, since the
    current one may be a hard link into a package cache.

    Args:
        path: In the prefix.
        prefix: The folder that is filled.
        target_prefix: Its final path.
        by: Who may have written the prefix there, for an error.
        is_binary: Whether it is known to have the prefix in NUL-terminated strings, which keep
            their length.

    Raises:
        InstallError: A binary file that is not known to have the prefix has it.
    """
    if path.is_symlink():
        target = os.readlink(path)
        if Path(target).is_relative_to(prefix):
            path.unlink()
            path.symlink_to(os.path.relpath(target, path.parent))
        return
    content = path.read_bytes()
    old, new = bytes(prefix), bytes(target_prefix)
    if old not in content:
        return
    if is_binary:
        files.rewrite(path, _in_strings(content, old, new))
    elif b"\0" not in content:
        files.rewrite(path, content.replace(old, new))
    else:
        raise InstallError(
            f"{by} wrote the environment's path into {path.relative_to(prefix)}",
            "this binary file cannot be moved with the environment",
        )


def _in_strings(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace `old` by `new`, and pad each string with NULs."""
    return re.sub(
        re.escape(old) + rb"[^\0]*\0",
        lambda found: found[0].replace(old, new).ljust(len(found[0]), b"\0"),
        content,
    )
