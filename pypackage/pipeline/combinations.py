"""Options that have nothing to say about an input: they are refused, not overlooked."""

from __future__ import annotations

from pypackage.backends.lock import Lock
from pypackage.core.errors import UsageError
from pypackage.pipeline.existing import Installed
from pypackage.pipeline.options import Options
from pypackage.requirements.model import Requirements

# By the fields of `Options`.
_ARE_LOCKED = {"exclude_newer": "--exclude-newer", "python_source": "--python-source"}
_ARE_INSTALLED = {
    "channels": "--channel",
    **_ARE_LOCKED,
    "locked": "--locked",
    "lock": "--lock",
    "allow_sdist": "--allow-sdist",
    "conda_executable": "--conda-executable",
    "platform": "--platform",
    "add": "--add",
}
_LOCKED = "the lock says which packages are taken"


def check(given: Requirements | Lock | Installed, options: Options) -> None:
    """Make sure that each option can be heeded.

    Raises:
        UsageError: One of them cannot, for this input.
    """
    if isinstance(given, Installed):
        _refuse(_ARE_INSTALLED, options, f"{given.prefix} is packed as it is")
    elif isinstance(given, Lock):
        _refuse({**_ARE_LOCKED, "locked": "--locked"}, options, _LOCKED)
    elif options.locked:
        _refuse(_ARE_LOCKED, options, _LOCKED)


def _refuse(fields: dict[str, str], options: Options, reason: str) -> None:
    named = [option for field, option in fields.items() if getattr(options, field)]
    if named:
        raise UsageError(f"{reason}: {', '.join(named)} cannot be heeded", "leave it out")
