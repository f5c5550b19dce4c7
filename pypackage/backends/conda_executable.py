"""Use the user's own conda, mamba or micromamba instead of the built-in engine.

What they have in common suffices: `create`, the prefix, channels and match specs on the
command line, and an option that confirms. They differ in `env create`, in the options of
their output and in how they fail; nothing here relies on that.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pypackage.backends import conda_meta
from pypackage.backends.conda import condarc
from pypackage.backends.request import SolveRequest
from pypackage.core import process
from pypackage.core.errors import (
    InputPathError,
    InstallError,
    PackageError,
    ProcessError,
    SolveError,
)
from pypackage.core.progress import Reporter
from pypackage.core.relocation import rewrite_prefix
from pypackage.core.urls import redact

# Their output once the packages are chosen; a failure after that is not one of solving.
_CHOSEN = re.compile(
    r"^\s*(The following (NEW )?packages will be|Transaction\b|Downloading and Extracting"
    r"|(Preparing|Verifying|Executing) transaction)",
    re.MULTILINE,
)

_LENGTH = 60  # of the path that programs are installed for: conda allows 127 bytes in `#!` lines


def find(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Find the program that the user means.

    Args:
        name: Its path, or its name: looked up on PATH, then in the variable that `conda init` or
            `micromamba shell init` (which define functions of these names) set.
        environ: The variables.

    Raises:
        InputPathError: There is none.
    """
    said = {"conda": "CONDA_EXE", "mamba": "MAMBA_EXE", "micromamba": "MAMBA_EXE"}.get(name, "")
    found = shutil.which(name, path=environ.get("PATH")) or environ.get(said) or ""
    if not found or not os.access(found, os.X_OK) or os.path.isdir(found):
        raise InputPathError(
            f"{name} cannot be run", "give the path of a conda, mamba or micromamba"
        )
    return Path(found).absolute()


def create(
    program: Path,
    request: SolveRequest,
    prefix: Path,
    target_prefix: Path,
    offline: bool,
    reporter: Reporter,
) -> frozenset[str]:
    """Let the program create an environment.

    Args:
        program: As `find` returns it.
        request: Match specs, and the channels as the user names them: the program reads condarc
            too.
        prefix: An empty folder, to be filled.
        target_prefix: The path that is written into the files instead of `prefix`.
        offline: Whether the network is not to be used.

    Returns:
        Files that differ from those in their package, relative to the prefix.

    Raises:
        InputPathError: The program cannot be started.
        SolveError: It found no solution, or could not read a channel.
        InstallError: It could not fetch or link packages.
    """
    # At a path long enough for the final prefix to fit into its place in binaries.
    missing = max(len(str(target_prefix)), _LENGTH) - len(f"{prefix}/")
    made = prefix / ("prefix" + "_" * max(0, missing - len("prefix")))
    try:
        with reporter.task(f"{program.name} makes the environment"):
            process.stream(
                _argv(program, request, made, offline), lambda line: reporter.debug(redact(line))
            )
    except ProcessError as error:
        raise _failed(program, error) from None
    finally:
        condarc.forget(made)
    if not (made / "conda-meta").is_dir():
        raise InstallError(f"{program} made no environment, although it ended with status 0")
    altered = _make_relocatable(made, target_prefix)
    for path in made.iterdir():
        path.rename(prefix / path.name)
    made.rmdir()
    return altered


def _argv(program: Path, request: SolveRequest, prefix: Path, offline: bool) -> list[str]:
    argv = [str(program), "create", "--yes", "--prefix", str(prefix), "--override-channels"]
    argv += [word for channel in request.channels for word in ("--channel", channel)]
    return [*argv, *(["--offline"] if offline else []), *request.specs]


def _failed(program: Path, error: ProcessError) -> PackageError:
    said = "\n".join(redact(line) for line in error.output.splitlines() if line.strip())
    if error.returncode == process.CANNOT_START:
        return InputPathError(f"{program} cannot be run", said)
    status = f"{program.name} failed with status {error.returncode}"
    if _CHOSEN.search(error.output):
        return InstallError(f"the packages cannot be installed: {status}", said)
    return SolveError(f"no packages could be chosen: {status}", said)


# --- turn its result into what the built-in engine would have made --------------------------


def _make_relocatable(prefix: Path, target_prefix: Path) -> frozenset[str]:
    """Remove what is specific to this machine; returns what `create` does."""
    altered = set()
    owned: dict[str, dict[str, Any]] = {}
    for path in conda_meta.paths(prefix):
        record = json.loads(path.read_bytes())
        altered |= _altered(prefix, record)
        _without_byte_code(record)
        owned |= {one["_path"]: one for one in _paths(record)}
        path.write_text(json.dumps(record, indent=2, sort_keys=True))
    for name in ("history", "created_at", "state"):
        (prefix / "conda-meta" / name).unlink(missing_ok=True)
    for file in _files(prefix):
        name = file.relative_to(prefix).as_posix()
        if file.suffix == ".pyc" and name not in owned:
            file.unlink()
        else:
            is_binary = owned.get(name, {}).get("file_mode") == "binary"
            rewrite_prefix(file, prefix, target_prefix, by="a package", is_binary=is_binary)
    return frozenset(altered)


def _files(prefix: Path) -> list[Path]:
    return [path for path in prefix.rglob("*") if path.is_symlink() or path.is_file()]


def _paths(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    paths: list[dict[str, Any]] = record.get("paths_data", {}).get("paths", [])
    return paths


def _altered(prefix: Path, record: Mapping[str, Any]) -> set[str]:
    """Return the files that a post-link script changed after the package was linked."""
    return {
        one["_path"]
        for one in _paths(record)
        if (recorded := one.get("sha256_in_prefix") or one.get("sha256"))
        and (file := prefix / one["_path"]).is_file()
        and not file.is_symlink()
        and hashlib.sha256(file.read_bytes()).hexdigest() != recorded
    }


def _without_byte_code(record: dict[str, Any]) -> None:
    """Remove byte code made on linking from a record; it is compiled again reproducibly."""
    made = {one["_path"] for one in _paths(record) if one.get("path_type") == "pyc_file"}
    if made:
        record["files"] = [name for name in record["files"] if name not in made]
        paths = [one for one in _paths(record) if one["_path"] not in made]
        record["paths_data"]["paths"] = paths
