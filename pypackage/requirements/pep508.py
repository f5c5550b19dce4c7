"""Requirements, versions, ranges and markers (PEP 508, 440), by packaging, imported lazily."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Set

from pypackage.core import platforms
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

# packaging converts numbers when they are compared, and raises what is no error of its own for
# those that `int` refuses: above 4,300 digits, or whatever PYTHONINTMAXSTRDIGITS allows, which is
# 640 at the least.
_DIGITS = 640


def parse(requirement: str) -> Requirement:
    """Parse a requirement (PEP 508).

    Raises:
        ValueError: It is not valid; the message is one line.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    _check_numbers(requirement)
    try:
        return Requirement(requirement)
    except InvalidRequirement as error:
        raise ValueError(str(error).partition("\n")[0]) from None


def version(text: str) -> Version:
    """Parse a version (PEP 440).

    Raises:
        ValueError: It is not valid.
    """
    from packaging.version import Version

    _check_numbers(text)
    return Version(text)


def specifiers(text: str) -> SpecifierSet:
    """Parse a range of versions (PEP 440).

    Raises:
        ValueError: It is not valid.
    """
    from packaging.specifiers import SpecifierSet

    _check_numbers(text)
    return SpecifierSet(text)


def _check_numbers(text: str) -> None:
    if re.search(rf"\d{{{_DIGITS + 1}}}", text):
        raise ValueError(f"a number of more than {_DIGITS} digits")


def markers(python: str, platform: str = "") -> dict[str, str]:
    """Return the variables of environment markers for a version of CPython.

    Args:
        python: Such as `3.11`; empty for that of the running interpreter.
        platform: Conda's name of the platform; by default this machine's.
    """
    from packaging.markers import default_environment

    python = python or ".".join(map(str, sys.version_info[:3]))
    full = f"{python}.0" if python.count(".") == 1 else python
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_python_implementation": "CPython",
        "python_full_version": full,
        "python_version": ".".join(python.split(".")[:2]),
        **(_of_platform(platform) if platform not in ("", platforms.here()) else {}),
    }


def _of_platform(platform: str) -> dict[str, str]:
    """Return the variables that tell the platform, of one that is not this machine's."""
    system = platform.partition("-")[0]
    names = {"linux": ("Linux", "linux"), "osx": ("Darwin", "darwin"), "win": ("Windows", "win32")}
    platform_system, sys_platform = names.get(system, ("", ""))
    return {
        "os_name": "nt" if system == "win" else "posix",
        "platform_machine": platforms.machine(platform),
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "sys_platform": sys_platform,
    }


def holds(requirement: Requirement, markers: Mapping[str, str], extra: str = "") -> bool:
    """Whether a requirement's marker is true, absent, or cannot be evaluated."""
    try:
        return requirement.marker is None or requirement.marker.evaluate(
            {**markers, "extra": extra}
        )
    except (ValueError, LookupError):  # the latter for `'a' < 'b'`, where one has to be a variable
        return True


def selects(marker: str, extras: Set[str], groups: Set[str]) -> bool:
    """Whether a marker of a lock file (PEP 751) is true with some extras and groups.

    Raises:
        ValueError: It is not valid.
    """
    from packaging.markers import Marker

    chosen = {"extras": extras, "dependency_groups": groups}
    try:
        return Marker(marker).evaluate(chosen, context="lock_file")
    except LookupError as error:
        raise ValueError(str(error)) from error


def is_true(marker: str) -> bool:
    """Whether a marker by itself is true on this machine.

    Raises:
        ValueError: It is not a marker.
    """
    return holds(parse(f"it ; {marker}"), markers(""))


def allows(versions: str, python: str) -> bool:
    """Whether a version range includes a Python; for `3.11`, any release of it.

    A range that is not valid, as old metadata have it, includes all, as with pip.
    """
    short = python.count(".") == 1
    tried = (f"{python}.0", f"{python}.999") if short else (python,)
    try:
        return any(specifiers(versions).contains(one, prereleases=True) for one in tried)
    except ValueError:
        return True
