"""Find conda's settings: condarc files and environment variables.

Source of the files and their order: conda's documentation, "Using the .condarc conda
configuration file", section "Searching for .condarc".
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pypackage.core import user_dirs
from pypackage.core.errors import RequirementsError
from pypackage.core.urls import redact

SYSTEM = (Path("/etc/conda"), Path("/var/lib/conda"))


@dataclass(frozen=True)
class Source:
    """The settings of one place.

    Attributes:
        name: The file, or `the environment`.
        values: What it sets; not in the repr, since it may hold passwords.
    """

    name: str
    values: Mapping[str, Any] = field(repr=False)


def sources(environ: Mapping[str, str]) -> list[Source]:
    """Return the settings of all places that conda reads, by ascending priority.

    Raises:
        RequirementsError: A file is not valid YAML.
    """
    found = [Source(str(path), _read(path)) for path in _files(environ)]
    variables = {
        name[len("CONDA_") :].lower(): value
        for name, value in environ.items()
        if name.startswith("CONDA_") and value
    }
    return [*found, Source(ENVIRONMENT, variables)]


ENVIRONMENT = "the environment"


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's home folder, absolute."""
    return Path(user_dirs.home(environ))


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the condarc files that exist, by ascending priority."""
    user = home(environ)
    config = environ.get("XDG_CONFIG_HOME")
    root, prefix, named = (environ.get(n) for n in ("CONDA_ROOT", "CONDA_PREFIX", "CONDARC"))
    folders = [
        *SYSTEM,
        *([Path(root)] if root else []),
        *([Path(config, "conda")] if config else []),
        user / ".config" / "conda",
        user / ".conda",
    ]
    places = [path for folder in dict.fromkeys(folders) for path in _within(folder)]
    places.append(user / ".condarc")
    places += _within(Path(prefix)) if prefix else []
    places += [Path(named)] if named else []
    yield from (path for path in places if os.path.isfile(path))  # no error in another's home


def _within(folder: Path) -> list[Path]:
    """Return the paths of the condarc files of one of conda's folders."""
    parts: list[Path] = []
    with suppress(PermissionError):
        parts = sorted((folder / "condarc.d").glob("*.y*ml"))
    return [folder / ".condarc", folder / "condarc", *parts]


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        with path.open("rb") as file:
            settings = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise RequirementsError(f"{path} cannot be read: {redact(str(error))}") from None
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise RequirementsError(f"{path}: expected settings such as 'channels: [conda-forge]'")
    return settings
