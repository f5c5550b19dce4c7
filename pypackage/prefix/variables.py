"""Handle environment variables that activation sets.

Conda keeps those of packages in `etc/conda/env_vars.d/*.json`, and those of the user, written by
`conda env config vars set`, in `conda-meta/state`. In an archive two scripts set and unset them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from pypackage.core.errors import InstallError, PackError
from pypackage.core.reading import parse_json

STATE = "conda-meta/state"
_PACKAGES = "etc/conda/env_vars.d"
_UNSET = "***unset***"  # conda's value for a variable that is not to be set

# Conda sets the variables before it runs the packages' scripts in the order of their names: "!"
# sorts first in the C locale and in others.
ACTIVATE = "etc/conda/activate.d/!pypackage-variables.sh"
DEACTIVATE = "etc/conda/deactivate.d/!pypackage-variables.sh"


def write(given: Mapping[str, str], prefix: Path) -> None:
    """Record variables in a new prefix, as conda does.

    Args:
        given: Values by names that are valid in the shell.

    Raises:
        InstallError: They cannot be written.
    """
    if not given:
        return
    text = json.dumps({"version": 1, "env_vars": dict(given)}, indent=2, sort_keys=True)
    with InstallError.wrapping("cannot set variables", prefix):
        (prefix / STATE).parent.mkdir(parents=True, exist_ok=True)
        (prefix / STATE).write_text(f"{text}\n", encoding="utf-8")


def values(prefix: Path) -> dict[str, str]:
    """The variables that activation sets, sorted by name.

    The user's override the packages'; among packages, those in later files (by name) override those
    in earlier ones.

    Raises:
        PackError: A file is not in conda's format.
    """
    found: dict[str, str] = {}
    for path in sorted(prefix.glob(f"{_PACKAGES}/*.json")):
        found.update(_read(path, prefix))
    if (prefix / STATE).is_file():
        found.update(_read(prefix / STATE, prefix, "env_vars"))
    return {name: value for name, value in sorted(found.items()) if value != _UNSET}


def scripts(prefix: Path) -> dict[str, str]:
    """The scripts that set and unset a prefix's variables, by their paths in it.

    Raises:
        PackError: As for `values`.
    """
    found = values(prefix)
    if not found:
        return {}
    return {
        ACTIVATE: "".join(f"export {name}={shlex.quote(text)}\n" for name, text in found.items()),
        DEACTIVATE: "".join(f"unset {name}\n" for name in found),
    }


def _read(path: Path, prefix: Path, key: str = "") -> dict[str, str]:
    """The variables in a file: a JSON object, or the object under a key."""
    try:
        content = parse_json(path.read_bytes())
        listed = content.get(key, {}) if key else content
        for name, value in listed.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} is not a variable name")
            if "\0" in str(value):
                raise ValueError(f"{name} has a null character")
        return {name: str(value) for name, value in listed.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise PackError(
            f"{path.relative_to(prefix)} does not hold environment variables: {error}",
            "mend or remove that file",
        ) from error
