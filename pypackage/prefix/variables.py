"""Environment variables that come with an environment: set when it is activated."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from pypackage.core.errors import InstallError

_NAME = "~pypackage-variables.sh"  # after the packages' own


def write(variables: Mapping[str, str], prefix: Path) -> None:
    """Put scripts into a prefix that set and unset variables.

    Args:
        variables: Values by names that the shell takes.
        prefix: The folder.

    Raises:
        InstallError: They cannot be written.
    """
    if not variables:
        return
    listed = sorted(variables.items())
    texts = {
        "activate.d": "".join(f"export {name}={shlex.quote(value)}\n" for name, value in listed),
        "deactivate.d": "".join(f"unset {name}\n" for name, _ in listed),
    }
    try:
        for folder, text in texts.items():
            path = prefix / "etc" / "conda" / folder / _NAME
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InstallError.of(error, "cannot set variables", prefix) from error
