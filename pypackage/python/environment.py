"""Where an interpreter has its modules, as far as the analyzer asks.

That of the running interpreter is told without its `platform`, `sysconfig` and `pathlib`,
whose import takes longer than the analysis of a script.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Environment(NamedTuple):
    """An interpreter and its installed modules; all paths are absolute.

    Attributes:
        version: Full version, such as `3.11.7`.
        prefix: `sys.prefix`.
        base_prefix: `sys.base_prefix`.
        sites: The folders of modules that are not the standard library's, in order.
        extension_suffix: Such as `.cpython-311-x86_64-linux-gnu.so`.
        stdlib_module_names: `sys.stdlib_module_names`, empty before Python 3.10.
        told_markers: The variables of environment markers as it told them; None when they
            are those of the running interpreter.
    """

    version: str
    prefix: str
    base_prefix: str
    sites: tuple[str, ...]
    extension_suffix: str
    stdlib_module_names: frozenset[str]
    told_markers: Mapping[str, str] | None = None

    @property
    def markers(self) -> Mapping[str, str]:
        """The variables of environment markers (PEP 508), without `extra`."""
        if self.told_markers is not None:
            return self.told_markers
        from pypackage.python import _probe

        return _probe.markers()


def find(name: str | None = None) -> Environment:
    """The environment of the interpreter that the user means; see `interpreter.find`.

    Raises:
        InputPathError: There is none such.
    """
    from pypackage.python import interpreter

    if interpreter.is_running(name):
        return running()
    if name is not None and interpreter.is_version(name):
        return _asked(str(interpreter.find(name).executable))
    return _asked(interpreter.locate(name))


def _asked(executable: str) -> Environment:
    """What an interpreter tells of itself."""
    from pypackage.python import interpreter

    _, *told = interpreter.answer(executable, "brief").split("\0")
    if len(told) < _VALUES or "=" in told[_VALUES - _MARKERS - 1]:
        raise interpreter.not_one(executable)
    version, prefix, base_prefix, suffix, standard = told[: _VALUES - _MARKERS]
    markers = (one.partition("=") for one in told[_VALUES - _MARKERS : _VALUES])
    return Environment(
        version,
        prefix,
        base_prefix,
        tuple(told[_VALUES:]),
        suffix,
        frozenset(standard.split()),
        {name: value for name, _, value in markers},
    )


_MARKERS = 11
_VALUES = 5 + _MARKERS


def running() -> Environment:
    """The environment of this very process."""
    from _imp import extension_suffixes

    from pypackage.python import _probe

    library = os.path.dirname(os.__file__)
    return Environment(
        sys.version.split()[0],
        sys.prefix,
        sys.base_prefix,
        tuple(one for one in _probe.search_path() if one != library),
        extension_suffixes()[0],
        sys.stdlib_module_names,
    )
