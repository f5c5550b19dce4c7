"""The packages of modules that are not installed, from a table.

The table is a text file (see `data/README.md` for its source and how it is made), searched
as text: nothing of it is loaded before the first look-up, and a look-up takes
microseconds. A name that is not in it is unknown; nothing is guessed from similarity.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from pypackage.core.typed import NamedTuple

TABLE = os.path.join(os.path.dirname(__file__), "data", "names.txt")

_NONE = "-"


class Package(NamedTuple):
    """A package by its two names.

    Attributes:
        pypi: Its normalized name on PyPI; empty if it is not there.
        conda: Its name on conda-forge; empty if it is not known to be there.
    """

    pypi: str
    conda: str


def normalize(name: str) -> str:
    """Return the normalized form of a PyPI name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find(module: str) -> tuple[Package, ...]:
    """Return the packages that a module may come from, likeliest first; empty if unknown.

    Args:
        module: Dotted, such as `google.cloud.storage`; the longest part of it that is in the
            table is used, so that `numpy.linalg` is numpy's.
    """
    top = module.partition(".")[0]
    module = module if is_shared(top) else top
    while module:
        found = _lines(module)
        if found:
            return tuple(package for package in map(_package, found) if any(package))
        module = module.rpartition(".")[0]
    return ()


def refuse_unknown(modules: Iterable[str]) -> None:
    """Refuse modules without a package in the table: anybody may have published one of that name.

    Raises:
        RequirementsError: There are such modules.
    """
    unknown = sorted(module for module in modules if not find(module))
    if unknown:
        from pypackage.core.errors import RequirementsError  # not needed for a mere look-up

        raise RequirementsError(
            f"no package is known to have the module{'s' if unknown[1:] else ''}"
            f" {', '.join(unknown)}",
            'name its package under conda.dependencies, or as {"pip": ["NAME"]} there;\n'
            "or let python_package_analyze do so: --pkg-mapping MODULE=NAME;\n"
            "--allow-guesses takes a package of the same name, which anybody may have published",
        )


@lru_cache(maxsize=256)
def is_shared(module: str) -> bool:
    """Whether parts of a module are known to come from packages of their own."""
    below = f"{module}."
    return _table().startswith(below, _begin(below))


def conda_name(pypi: str) -> str:
    """Return conda-forge's name of a PyPI package; empty if it is not known."""
    return _by_pypi().get(normalize(pypi), "")


def pypi_name(conda: str) -> str:
    """Return PyPI's name of a conda-forge package; empty if it is not known."""
    return _by_conda().get(conda.lower(), "")


def parse(line: str) -> tuple[str, Package]:
    """Parse one line of the table: a module and its package.

    A line is `MODULE [PYPI [CONDA]]`. PYPI defaults to the module's normalized name,
    CONDA to PYPI; `-` means none.
    """
    module, *rest = line.split(" ")
    pypi = rest[0] if rest else normalize(module)
    conda = rest[1] if len(rest) > 1 else pypi
    return module, Package(*("" if name == _NONE else name for name in (pypi, conda)))


def _package(line: str) -> Package:
    return parse(line)[1]


@cache
def _table() -> str:
    with open(TABLE, "rb") as file:
        return file.read().decode()


@lru_cache(maxsize=256)
def _lines(module: str) -> list[str]:
    """Return the lines of a module, which are consecutive, the likeliest package first."""
    table, found, start = _table(), [], _begin(module)
    while start < len(table):
        stop = table.index("\n", start)
        line = table[start:stop]
        if line.partition(" ")[0] != module:
            break
        found.append(line)
        start = stop + 1
    return found


def _begin(module: str) -> int:
    """Return the offset of the first line whose module is not sorted before another."""
    table = _table()
    low, high = 0, len(table)
    while low < high:
        start = table.rfind("\n", 0, (low + high) // 2) + 1
        stop = table.index("\n", start)
        if table[start:stop].partition(" ")[0] < module:
            low = stop + 1
        else:
            high = start
    return low


@cache
def _by_pypi() -> dict[str, str]:
    return {one.pypi: one.conda for one in _packages() if one.pypi}


@cache
def _by_conda() -> dict[str, str]:
    return {one.conda: one.pypi for one in _packages() if one.conda}


def _packages() -> Iterator[Package]:
    """Yield all packages in reverse order, so that a name's first line wins in a dict.

    Most lines are a module alone: to normalize the whole table at once takes half of the time.
    """
    lines = _table().splitlines()
    for line, name in zip(reversed(lines), reversed(normalize(_table()).splitlines()), strict=True):
        yield _package(line) if " " in line else Package(name, name)
