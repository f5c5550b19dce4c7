"""Find what a failed build lacked on this machine, from its log."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Tool(NamedTuple):
    """A tool that builds need, with its packages in Debian and Fedora.

    Attributes:
        programs: Its names, if it is a program.
        sign: How meson, CMake, maturin and compilers report its absence.
    """

    what: str
    debian: str
    fedora: str
    programs: tuple[str, ...]
    sign: str = ""


_TOOLS = (
    _Tool(
        "a C compiler",
        "gcc",
        "gcc",
        ("gcc", "cc", "clang"),
        r"Unknown compiler\(s\): \[\['(cc|gcc|clang)'|CMAKE_C_COMPILER (not set|could be found)",
    ),
    _Tool(
        "a C++ compiler",
        "g++",
        "gcc-c++",
        ("g++", "c++", "clang++"),
        r"Unknown compiler\(s\): \[\['(c|g)\+\+'|CMAKE_CXX_COMPILER (not set|could be found)",
    ),
    _Tool(
        "a Fortran compiler",
        "gfortran",
        "gcc-gfortran",
        ("gfortran", "f77", "f95"),
        r"Unknown compiler\(s\): \[\['gfortran'|CMAKE_Fortran_COMPILER (not set|could be found)",
    ),
    _Tool(
        "Rust's compiler",
        "cargo",
        "cargo",
        ("cargo", "rustc"),
        r"can't find Rust compiler|(cargo|rustc)\W[^\n]*(is not installed|not on PATH)",
    ),
    _Tool(
        "Python's headers",
        "python3-dev",
        "python3-devel",
        (),
        r"fatal error: Python\.h: No such file|Python dependency not found"
        r"|Could NOT find Python[^\n]*Development",
    ),
    _Tool("CMake", "cmake", "cmake", ("cmake",)),
    _Tool("ninja", "ninja-build", "ninja-build", ("ninja",)),
    _Tool("git", "git", "git", ("git",)),
)


def advice(log: str) -> str:
    """Return what is missing and how to install it, one a line; empty if the log does not tell."""
    return "\n".join(
        f"{tool.what} is missing: apt-get install {tool.debian}, or dnf install {tool.fedora}"
        for tool in _TOOLS
        if re.search("|".join(filter(None, (*_no_program(tool.programs), tool.sign))), log)
    )


def _no_program(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return patterns of how distutils, Python and shells report a missing program."""
    if not names:
        return ()
    one = f"({'|'.join(map(re.escape, names))})"
    return (
        rf"command '([^']*[/-])?{one}' failed: No such file",
        rf"unable to execute '([^']*[/-])?{one}': No such file",
        rf"No such file or directory: '([^']*[/-])?{one}'",
        rf"(?<![\w-]){one}: (command )?not found",
    )
