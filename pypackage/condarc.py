"""Conda's own settings: where its environments lie and which channels it uses.

Source of the search order: conda's documentation, "Using the .condarc conda configuration
file", section "Searching for .condarc".
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypackage.errors import RequirementsError

SYSTEM = Path("/etc/conda")


@dataclass(frozen=True)
class Condarc:
    """The settings that matter here, merged from all files, the most important first.

    Attributes:
        channels: Names, URLs or folders; empty when no file names any.
        envs_dirs: Folders that hold environments by name; empty when no file names any.
    """

    channels: tuple[str, ...] = ()
    envs_dirs: tuple[Path, ...] = ()


def load(environ: Mapping[str, str] = os.environ) -> Condarc:
    """Read all condarc files that conda would read, later ones weighing more.

    Raises:
        RequirementsError: A file is not valid YAML, or a setting not a list of strings.
    """
    channels: list[str] = []
    envs_dirs: list[str] = []
    for path in _files(environ):
        settings = _read(path)
        channels = _strings(settings, "channels", path) + channels
        envs_dirs = _strings(settings, "envs_dirs", path) + envs_dirs
    return Condarc(
        channels=tuple(dict.fromkeys(channels)),
        envs_dirs=tuple(_expand(folder, environ) for folder in dict.fromkeys(envs_dirs)),
    )


def envs_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder into which a named environment goes.

    CONDA_ENVS_PATH (or CONDA_ENVS_DIRS) comes first, then `envs_dirs`, then `~/.conda/envs`.
    """
    for variable in ("CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        first = environ.get(variable, "").split(os.pathsep)[0]
        if first:
            return _expand(first, environ)
    return next(iter(load(environ).envs_dirs), home(environ) / ".conda" / "envs")


def register(prefix: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Tell conda about an environment, so that `conda env list` shows it.

    Source: conda keeps the prefixes it knows, a line each, in `~/.conda/environments.txt`.
    """
    known = home(environ) / ".conda" / "environments.txt"
    known.parent.mkdir(parents=True, exist_ok=True)
    with known.open("a+", encoding="utf-8", errors="surrogateescape") as file:
        file.seek(0)
        text = file.read()
        if str(prefix) not in text.splitlines():
            file.write(("" if text.endswith("\n") or not text else "\n") + f"{prefix}\n")


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's home: HOME, else what the system says; absolute."""
    named = environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Path(os.path.abspath(named))


def _expand(folder: str, environ: Mapping[str, str]) -> Path:
    if folder == "~" or folder.startswith("~/"):
        folder = str(home(environ)) + folder[1:]
    return Path(os.path.abspath(os.path.expandvars(folder)))


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """The condarc files that there are, the least important first."""
    user = home(environ)
    config = Path(environ.get("XDG_CONFIG_HOME") or user / ".config")
    root, prefix = (environ.get(name) for name in ("CONDA_ROOT", "CONDA_PREFIX"))
    folders = [
        SYSTEM,
        Path("/var/lib/conda"),
        *([Path(root)] if root else []),
        config / "conda",
        user / ".conda",
    ]
    for folder in folders:
        yield from (folder / name for name in (".condarc", "condarc") if (folder / name).is_file())
        yield from sorted((folder / "condarc.d").glob("*.y*ml"))
    last = [user / ".condarc", *([Path(prefix, ".condarc")] if prefix else [])]
    yield from (path for path in last if path.is_file())
    named = environ.get("CONDARC")
    if named and Path(named).is_file():
        yield Path(named)


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        with path.open("rb") as file:
            settings = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise RequirementsError(f"{path} cannot be read: {error}") from error
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise RequirementsError(f"{path}: expected settings such as 'channels: [conda-forge]'")
    return settings


def _strings(settings: dict[str, Any], key: str, path: Path) -> list[str]:
    value = settings.get(key) or []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RequirementsError(f"{path}: {key}: expected a list of strings")
    return value
