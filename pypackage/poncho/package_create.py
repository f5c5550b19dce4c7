"""Environments of poncho's specifications."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pypackage.core.progress import SILENT
from pypackage.pipeline import child

Spec = Mapping[str, Any] | str


def dict_to_env(
    spec: Spec,
    conda_executable: str | None = None,
    download_micromamba: bool = False,
    ignore_editable_packages: bool = False,
    cache: bool = True,
    cache_path: str | None = None,
    force: bool = False,
) -> str:
    """Make the archive of a specification, or reuse the cached copy.

    If a specification names the user's own code, or what is installed on this machine, the copy
    is not reused: their content may differ, which `python_package_create` checks itself.

    Args:
        spec: A dictionary, or its JSON.
        conda_executable: A conda, mamba or micromamba; by default the built-in solver.
        download_micromamba: Not needed.
        ignore_editable_packages: Not needed: they are packed like any other.
        cache: Whether to keep a copy for the next time.
        cache_path: The cache; by default `.poncho_cache`.
        force: Whether to ignore a cached archive.

    Returns:
        The archive's path.

    Raises:
        PackageError: As `python_package_create` fails.
    """
    content = json.loads(spec) if isinstance(spec, str) else spec
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    output = f"env-sha256-{digest}.tar.gz"
    kept = os.path.join(cache_path or ".poncho_cache", output)
    if not force and _says_all(content) and os.path.isfile(kept):
        return kept
    pack_env_from_dict(content, output, conda_executable)
    if cache:
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        part = f"{kept}.{os.getpid()}.part"
        shutil.copyfile(output, part)
        os.replace(part, kept)
    return output


def _says_all(spec: Mapping[str, Any]) -> bool:
    """Whether a specification determines the content, without code or packages of this machine."""
    from pypackage.requirements.formats.requirements_json import loads

    needed = loads(json.dumps(spec).encode(), "the specification")
    paths = [one for one in needed.pip if "/" in one or one.startswith((".", "-"))]
    installed = [one for one in needed.channels if one.partition(":")[0] == "host"]
    return not (needed.local or paths or installed)


def pack_env(
    spec: str,
    output: str,
    conda_executable: str | None = None,
    download_micromamba: bool = False,
    ignore_editable_packages: bool = False,
) -> None:
    """Pack the environment of a specification, or a conda environment.

    Args:
        spec: A file, `-` for stdin, or an environment's folder or name.
        output: The archive's path.
        conda_executable: A conda, mamba or micromamba; by default the built-in solver.
        download_micromamba: Not needed.
        ignore_editable_packages: Not needed: they are packed like any other.

    Raises:
        PackageError: As `python_package_create` fails.
    """
    given: child.Given = spec
    if spec == "-":
        from pypackage.core.reading import read_input
        from pypackage.requirements.formats.requirements_json import loads

        given = loads(read_input("-"), "<stdin>")
    _create(given, output, conda_executable)


def pack_env_from_dict(
    spec: Mapping[str, Any],
    output: str,
    conda_executable: str | None = None,
    download_micromamba: bool = False,
    ignore_editable_packages: bool = False,
) -> str:
    """Make the archive of a specification (see `pack_env`) and return its path."""
    _create(spec, output, conda_executable)
    return output


def _create(given: child.Given, output: str, conda_executable: str | None) -> None:
    target = Path(output).absolute()  # always a path, never an environment's name
    options = {"conda_executable": conda_executable or "", "format": _format(output)}
    child.create(given, target, options, SILENT)


def _format(output: str) -> str:
    """Return the format: tar.gz, as with poncho, unless the name has a suffix."""
    return "" if os.path.splitext(output)[1] else "tar.gz"
