"""Placeholder wheels: empty wheels that stand for what an environment already has.

Given to uv as constraints, they prevent it from looking for these packages on PyPI, and from
choosing other versions of them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Present(NamedTuple):
    """A distribution that is present already.

    Attributes:
        version: Its version; one that does not follow PEP 440 gets no placeholder.
        requires: Its requirements (PEP 508).
    """

    version: str
    requires: tuple[str, ...] = ()


def write(present: Mapping[str, Present], folder: Path) -> Iterator[str]:
    """Write the placeholder wheels.

    Args:
        present: The present distributions, by normalized name.
        folder: The folder of the wheels.

    Yields:
        Constraints that only these wheels satisfy.
    """
    for name, one in sorted(present.items()):
        if re.fullmatch(r"[0-9]+([0-9A-Za-z.!+]*[0-9A-Za-z])?", one.version):
            stem = f"{name.replace('-', '_')}-{one.version}"
            path = folder / f"{stem}-py3-none-any.whl"
            with zipfile.ZipFile(path, "w") as wheel:
                wheel.writestr(f"{stem}.dist-info/METADATA", _metadata(name, one))
                wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
                wheel.writestr(f"{stem}.dist-info/RECORD", "")
            yield f"{name} @ {path.as_uri()}"


def _metadata(name: str, one: Present) -> str:
    extras = re.findall(r"extra\s*==\s*['\"]([^'\"]+)", " ".join(one.requires))
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {one.version}"]
    lines += [f"Provides-Extra: {extra}" for extra in dict.fromkeys(extras)]
    lines += [f"Requires-Dist: {requirement}" for requirement in one.requires]
    return "".join(f"{line}\n" for line in lines)
