"""What the logs of failed builds say of missing programs, as each tool words it."""

from __future__ import annotations

import pytest

from pypackage.backends.pypi.missing_tools import advice


@pytest.mark.parametrize(
    ("log", "what"),
    [
        ("error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", "a C compiler"),
        ("error: [Errno 2] No such file or directory: 'gcc'", "a C compiler"),
        ("ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang']]", "a C compiler"),
        ("CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage", "a C compiler"),
        ("../meson.build:1:0: ERROR: Unknown compiler(s): [['c++'], ['g++']]", "a C++ compiler"),
        ("No CMAKE_CXX_COMPILER could be found.", "a C++ compiler"),
        ("ERROR: Unknown compiler(s): [['gfortran'], ['flang']]", "a Fortran compiler"),
        ("sh: 1: cargo: not found", "Rust's compiler"),
        ("error: can't find Rust compiler", "Rust's compiler"),
        ("x.c:1:10: fatal error: Python.h: No such file or directory", "Python's headers"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", "CMake"),
    ],
)
def test_advice__log_of_a_build__names_what_is_missing(log: str, what: str) -> None:
    (line,) = advice(f"building\n{log}\nfailed").splitlines()
    assert line.startswith(f"{what} is missing: apt-get install ")


@pytest.mark.parametrize(
    "log", ["error: command '/usr/bin/gcc' failed with exit code 1", "gcc -c a.c", ""]
)
def test_advice__another_failure__says_nothing(log: str) -> None:
    assert advice(log) == ""
