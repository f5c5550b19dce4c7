"""Sign OS packages and their repositories with a gpg key."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from pypackage.core import files, process
from pypackage.core.errors import PackError, ProcessError, UsageError

PROGRAMS = {"deb": ("debsigs", "debsigs"), "rpm": ("rpmsign", "rpm-sign, on Debian: rpm")}
"""The program that signs a format's packages, and the OS package that contains it."""


def check_name(key: str) -> None:
    """Check that the name of a key is valid.

    Args:
        key: A name for gpg: a fingerprint, an address, a name.

    Raises:
        UsageError: It is invalid.
    """
    if key.startswith("-") or re.search(r"[%\n]", key):  # rpm expands macros after %
        raise UsageError(f"--sign: {key!r} is not the name of a key")


def check(key: str) -> None:
    """Check that a key exists.

    Raises:
        PackError: gpg is missing, or has no such secret key.
    """
    if not shutil.which("gpg"):
        raise PackError("signing needs the program gpg, which is not installed", "install gnupg")
    try:
        process.run(["gpg", "--batch", "--list-secret-keys", "--", key])
    except ProcessError as error:
        raise PackError(
            f"gpg has no secret key {key} (--sign)",
            "gpg --list-secret-keys lists those it has; GNUPGHOME says where gpg looks",
        ) from error


def sign_package(path: Path, format_: str, key: str) -> None:
    """Sign a package: debsigs adds `_gpgorigin`, rpm signs the header.

    Raises:
        PackError: It cannot be signed.
    """
    if format_ == "deb":
        command = ["debsigs", "--sign=origin", f"--default-key={key}"]
    else:
        gpg = shutil.which("gpg") or "gpg"  # Debian's rpm looks for another name
        command = ["rpmsign", "--define", f"_gpg_name {key}", "--define", f"__gpg {gpg}"]
        command.append("--addsign")
    _run([*command, path], f"{command[0]} failed")


def sign_file(path: Path, key: str, output: Path, *how: str) -> None:
    """Write the signature of a file.

    Args:
        output: The signature's file, written completely or not at all.
        how: gpg's options for the kind of signature.

    Raises:
        PackError: It cannot be signed.
    """
    command = ["gpg", "--batch", "--local-user", key, "--output", "-", *how, str(path)]
    files.write_new(output, _run(command, f"gpg cannot sign {path.name}"))


def export(key: str, output: Path) -> None:
    """Write the public key for checking the signatures.

    Raises:
        PackError: gpg failed.
    """
    command = ["gpg", "--batch", "--armor", "--export", "--", key]
    files.write_new(output, _run(command, "gpg cannot export the key"))


def _run(command: Sequence[str | Path], failure: str) -> bytes:
    try:
        return process.run(command)
    except ProcessError as error:
        raise PackError(failure, error.output) from error
