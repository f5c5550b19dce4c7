"""Specifications of programs and functions, in poncho's format."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pypackage import api
from pypackage.core import output
from pypackage.core.errors import UsageError
from pypackage.requirements import model
from pypackage.requirements.model import Requirements


def create_spec(
    filename: str,
    out: str | None = None,
    toplevel: bool = False,
    function: str | None = None,
    pkg_mapping: Sequence[str] = (),
    extra_pkg: Sequence[str] = (),
) -> dict[str, Any]:
    """Find what a program needs.

    Args:
        filename: A Python source.
        out: A file to write the result to as well.
        toplevel: Whether to leave out what functions import when they run.
        function: Only what this function needs.
        pkg_mapping: `MODULE=PACKAGE` each.
        extra_pkg: Packages that no import shows.

    Returns:
        A specification, for `package_create.dict_to_env`.

    Raises:
        PackageError: As `python_package_analyze` fails.
    """
    found = api.analyze(
        filename,
        toplevel=toplevel,
        function=function or "",
        mapping=dict(map(_pair, pkg_mapping)),
        extra=extra_pkg,
    )
    if out:
        output.write(model.dumps(found, os.path.dirname(os.path.abspath(out))), out)
    return _spec(found)


def create_spec_from_functions(func_list: Iterable[Callable[..., object]]) -> dict[str, Any]:
    """Find what live functions need, all together."""
    return _spec(api.analyze_function(*func_list))


def _pair(text: str) -> tuple[str, str]:
    module, equals, package = text.partition("=")
    if not (module and equals and package):
        raise UsageError(f"{text!r} is not MODULE=PACKAGE")
    return module, package


def _spec(found: Requirements) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(model.dumps(found))
    return spec
