"""Conda packages made from the distributions that are installed beside the tests."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from pypackage.python.interpreter import Interpreter
from tests.support.elf import is_elf, library_package, needed_libraries
from tests.support.packages import Entry, Package
from tests.support.pythons import tag

DISTRIBUTIONS = ("cloudpickle", "iniconfig", "numpy", "packaging", "pluggy")
"""Those that are installed beside the tests become packages; none has dependencies."""


def distribution_packages(interpreter: Interpreter) -> list[Package]:
    """The distributions installed beside the tests, as packages for their interpreter."""
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda name: _distribution(name, interpreter), _present())
        return [package for packages in made for package in packages]


def _present() -> Iterator[str]:
    for name in DISTRIBUTIONS:
        with suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.distribution(name)
            yield name


def _distribution(name: str, interpreter: Interpreter) -> list[Package]:
    """A distribution's package, and those of the libraries it needs."""
    installed = importlib.metadata.distribution(name)
    files = {str(path): Path(str(path.locate())) for path in installed.files or ()}
    kept = {
        f"site-packages/{name}": Entry(path.read_bytes())
        for name, path in files.items()
        if not _left_out(name) and path.is_file()
    }
    points = installed.entry_points.select(group="console_scripts")
    entry_points = tuple(f"{point.name} = {point.value}" for point in points)
    if not any(".so" in Path(path).suffixes for path in kept):
        return [
            Package(
                name,
                installed.version,
                build="pyhd8ed1ab_0",
                files=kept,
                depends=("python >=3.10",),
                noarch="python",
                entry_points=entry_points,
            )
        ]
    return _native(name, installed.version, kept, files.values(), interpreter)


def _left_out(name: str) -> bool:
    parts = Path(name).parts
    return name.startswith("..") or bool({"__pycache__", "tests", "_pyinstaller"} & set(parts))


def _native(
    name: str,
    version: str,
    files: dict[str, Entry],
    originals: Iterable[Path],
    interpreter: Interpreter,
) -> list[Package]:
    """A package for one platform and one Python; run paths in wheels are relative already."""
    minor, short = interpreter.major_minor, tag(interpreter)
    originals = list(originals)
    inside = {path.name for path in originals}
    libraries = [
        library_package(path)
        for path in needed_libraries([path for path in originals if is_elf(path)])
        if path.name not in inside
    ]
    package = Package(
        name,
        version,
        build=f"py{short}h0123456_0",
        files={f"lib/python{minor}/{path}": entry for path, entry in files.items()},
        depends=(
            "__glibc >=2.17,<3.0.a0",
            f"python >={minor},<{minor.split('.')[0]}.{int(minor.split('.')[1]) + 1}.0a0",
            f"python_abi {minor}.* *_cp{short}",
            *(library.name for library in libraries),
        ),
    )
    return [package, *libraries]
