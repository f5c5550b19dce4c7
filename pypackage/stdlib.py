"""Which top-level modules are the standard library of a Python version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypackage.interpreter import Interpreter

# Part of CPython, though only its builds for one platform have them, or those for its tests.
_OF_PLATFORMS = (
    "nt posix winreg msvcrt winsound _winapi _overlapped _msi _wmi "
    "_scproxy _apple_support _ios_support _android_support"
)
_OF_TESTS = (
    "test _ctypes_test _testbuffer _testcapi _testclinic _testclinic_limited "
    "_testexternalinspection _testimportmultiple _testinternalcapi _testlimitedcapi "
    "_testmultiphase _testsinglephase _xxinterpchannels _xxsubinterpreters _xxtestfuzz "
    "xxlimited xxlimited_35 xxsubtype __hello__ __phello__"
)
_EVERYWHERE = frozenset(f"__main__ {_OF_PLATFORMS} {_OF_TESTS}".split())


def names(version: str, interpreter: Interpreter | None = None) -> frozenset[str]:
    """The top-level modules of a version's standard library, on whatever platform.

    Args:
        version: `3.11`, `3.11.7` or the like; it need not be installed.
        interpreter: One of that version, asked when stdlib-list does not know the version;
            without it, the known version nearest to it answers.
    """
    from stdlib_list import short_versions

    wanted = _numbers(version)
    known = {_numbers(one): one for one in short_versions}
    if wanted > max(known) and interpreter is not None and interpreter.stdlib_module_names:
        return interpreter.stdlib_module_names | _EVERYWHERE
    nearest = min((one for one in known if one >= wanted), default=max(known))
    return _listed(known[nearest]) | _EVERYWHERE


def is_known(version: str) -> bool:
    """Whether the version alone tells its standard library, with no interpreter to ask."""
    from stdlib_list import short_versions

    return _numbers(version) <= max(_numbers(one) for one in short_versions)


def _listed(version: str) -> frozenset[str]:
    from stdlib_list import stdlib_list

    tops = frozenset(name.partition(".")[0] for name in stdlib_list(version))
    if version == "3.9":  # its list lacks the modules written in C, which came and went with
        return tops | (_listed("3.8") & _listed("3.10")) | {"_zoneinfo"}  # no version then
    return tops


def _numbers(version: str) -> tuple[int, int]:
    """Major and minor number of a version; the minor one is 0 when there is none."""
    found = re.match(r"(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
