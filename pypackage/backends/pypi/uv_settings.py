"""uv's own configuration (UV_*, uv.toml), reduced to what each stage must honour.

uv applies settings to commands that they were not meant for: a constraint prevents it from
installing a lock, `target` makes it install elsewhere, and `link-mode = "symlink"` leaves links
into its cache. So only settings known to matter are passed, and uv itself reads no
configuration file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pypackage.core import toml
from pypackage.core.errors import SolveError

# From where and how files are fetched, and how they are built: honoured in every stage.
_FETCHING = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_\w+_(USERNAME|PASSWORD)|FIND_LINKS"
    r"|NO_INDEX|INSECURE_HOST|KEYRING_PROVIDER|CREDENTIALS_DIR|NATIVE_TLS|SYSTEM_CERTS|HTTP_\w+"
    r"|REQUEST_TIMEOUT|OFFLINE|CACHE_DIR|NO_CACHE|LOCK_TIMEOUT|CONCURRENT_\w+|GIT_LFS"
    r"|GITHUB_TOKEN|\w+_ENDPOINT_URL|BUILD_CONSTRAINT|NO_BUILD_ISOLATION)"
)
CHOOSING = (
    "OVERRIDE|EXCLUDE|EXCLUDE_NEWER|EXCLUDE_NEWER_PACKAGE|INDEX_STRATEGY|PRERELEASE"
    "|PRERELEASE_PACKAGE|RESOLUTION|FORK_STRATEGY|TORCH_BACKEND"
)
"""The variables, without UV_, that affect what is chosen: a regular expression."""
_FETCHING_KEYS = re.compile(
    r"index|index-url|extra-index-url|no-index|find-links|index-strategy|keyring-provider"
    r"|allow-insecure-host|native-tls|system-certs|offline|no-cache|cache-dir|https?-proxy"
    r"|no-proxy|concurrent-\w+|config-settings(-package)?|no-build-isolation(-package)?"
    r"|build-constraint-dependencies|extra-build-(dependencies|variables)"
)
_CHOOSING_KEYS = re.compile(
    r"(override|exclude)-dependencies|dependency-metadata|exclude-newer(-package)?"
    r"|prerelease(-package)?|resolution|fork-strategy|no-(binary|build)(-package)?|only-binary"
    r"|torch-backend"  # `constraint-dependencies` are passed with the other constraints
)


def variables(environment: Mapping[str, str], *, choosing: bool) -> dict[str, str]:
    """Return an environment without those of uv's variables that a stage must ignore.

    Args:
        environment: The variables.
        choosing: Whether packages are chosen; otherwise what was chosen is installed.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("UV_")
        or _FETCHING.fullmatch(name)
        or (choosing and re.fullmatch(f"UV_({CHOOSING})", name))
    }


def config(environment: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Return the merged settings of uv's configuration files.

    Args:
        environment: The variables, which may name the file, or disable configuration files.
        folder: The working directory: the nearest configuration of a project applies.

    Returns:
        The content of a uv.toml in which relative paths are absolute.
    """
    merged: dict[str, Any] = {}
    for path in _files(environment, folder):
        merged = _merged(merged, _of_file(path))
    return merged


def of_stage(config: Mapping[str, Any], *, choosing: bool) -> str:
    """Return a uv.toml of what a stage must honour; empty if it is nothing."""
    lines = _lines(config, choosing=choosing)
    pip = _lines(config.get("pip", {}), choosing=choosing)
    return "".join(f"{line}\n" for line in (*lines, *(["[pip]", *pip] if pip else [])))


def _lines(table: Mapping[str, Any], *, choosing: bool) -> list[str]:
    return [
        f"{key} = {_toml(value)}"
        for key, value in table.items()
        if _FETCHING_KEYS.fullmatch(key) or (choosing and _CHOOSING_KEYS.fullmatch(key))
    ]


def _files(environment: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """Yield uv's configuration files, by priority."""
    named = environment.get("UV_CONFIG_FILE", "")
    if named:
        yield folder / named
    if named or environment.get("UV_NO_CONFIG", "").lower() in ("1", "true", "yes", "on"):
        return
    for place in (folder, *folder.parents):
        found = [p for p in (place / "uv.toml", place / "pyproject.toml") if _of_file(p)]
        if found:
            yield found[0]
            break
    home = Path(environment.get("HOME") or Path.home())
    users = Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "uv", "uv.toml")
    folders = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    system = [*(Path(one, "uv", "uv.toml") for one in folders.split(":")), Path("/etc/uv/uv.toml")]
    yield users
    yield from [path for path in system if path.is_file()][:1]


def _of_file(path: Path) -> dict[str, Any]:
    """Return a file's settings; empty if it has none.

    Raises:
        SolveError: It cannot be read, or is not valid.
    """
    is_project = path.name == "pyproject.toml"
    try:
        data: dict[str, Any] = toml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        if is_project:  # it belongs to other tools as well: uv goes on without it
            return {}
        raise SolveError(f"uv's configuration cannot be read: {path}", str(error)) from None
    if is_project:
        data = data.get("tool", {}).get("uv", {})
    return {key: _absolute(key, value, path.parent) for key, value in data.items()}


def _absolute(key: str, value: Any, folder: Path) -> Any:
    """Make the paths of a setting independent of its file's folder."""
    if key in ("pip", "index") and isinstance(value, dict):
        return {name: _absolute(name, one, folder) for name, one in value.items()}
    if key in _PLACES and isinstance(value, list):
        return [_absolute(key, one, folder) for one in value]
    if key in _PLACES and isinstance(value, str) and "://" not in value:
        return str(folder / value)
    return value


_PLACES = ("index", "url", "index-url", "extra-index-url", "find-links", "cache-dir")


def _merged(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two files' settings as uv does: lists are joined, else the first one wins."""
    both = {**then, **first}
    for key in first.keys() & then.keys():
        if isinstance(first[key], list) and isinstance(then[key], list):
            both[key] = [*first[key], *then[key]]
        elif isinstance(first[key], dict) and isinstance(then[key], dict):
            both[key] = _merged(first[key], then[key])
    return both


def _toml(value: Any) -> str:
    """Write a value of a TOML document in one line."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (str, bool, int)):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value))
