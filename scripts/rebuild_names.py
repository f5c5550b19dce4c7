#!/usr/bin/env python3
"""Make pypackage/core/data/names.txt of the map in the wheel of conda-pypi and overrides.txt.

    pip download --no-deps conda-pypi==0.13.1
    scripts/rebuild_names.py conda_pypi-0.13.1-py3-none-any.whl

The same wheel and the same overrides give the same bytes. See pypackage/core/data/README.md.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pypackage.core import files
from pypackage.core.package_names import Package, normalize, parse

DATA = Path(__file__).resolve().parents[1] / "pypackage" / "core" / "data"
MAP = "conda_pypi/grayskull_pypi_mapping.json"

Table = dict[str, list[Package]]

# Of a namespace package the map often has many distributions; none of them is the likelier.
MOST_CANDIDATES = 4

NAMELESS = re.compile(r"[0-9a-f]{40,}")  # digests that got into the map as names
# Add-ons that no program imports by name, and what has been replaced as a whole.
UNUSED = re.compile(
    r"apache-airflow-backport-.*|jupyterlab-.*|napari-.*|.*-stubs|types-.*|xstatic-.*"
)


def main() -> None:
    """Read the wheel that is named on the command line and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="a wheel of conda-pypi")
    wheel = parser.parse_args().wheel
    with zipfile.ZipFile(wheel) as archive:
        entries = json.loads(archive.read(MAP)).values()
    table = {module: ranked(module, found) for module, found in collected(entries).items()}
    table = {module: found for module, found in table.items() if found}
    table |= overrides((DATA / "overrides.txt").read_text(encoding="utf-8"))
    lines = [line for module in sorted(table) for line in written(module, table[module])]
    with files.new_file(DATA / "names.txt") as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def collected(entries: list[dict[str, str]]) -> Table:
    """The packages of each module; a submodule that stands for a distribution is its module.

    Where the distribution is named like the submodule (lsst-sphgeom, lsst.sphgeom), what is
    above is a namespace, and nobody's own.
    """
    table: Table = defaultdict(list)
    for entry in entries:
        package = Package(normalize(entry["pypi_name"]), entry["conda_name"].lower())
        if not NAMELESS.fullmatch(package.pypi) and not UNUSED.fullmatch(package.pypi):
            table[spelled_out(entry["import_name"], package)].append(package)
    spread_namespaces(table)
    below = defaultdict(list)
    for module in [module for module in table if "." in module]:
        below[module.split(".")[0]].append(module)
    for top, modules in below.items():
        packages = {package for module in modules for package in table[module]}
        named_alike = any(normalize(module) == one.pypi for module in modules for one in packages)
        if top not in table and len(packages) == 1 and not named_alike:
            table[top] = [packages.pop()]
            for module in modules:
                del table[module]
    return table


def spelled_out(module: str, package: Package) -> str:
    """The dotted name of a part of a namespace that the map has under its first name alone.

    Such packages have the dot in conda's name: flufl.lock, natcap.invest; but not discord.py
    and pdfminer.six.
    """
    is_part = re.fullmatch(rf"{re.escape(module)}\.(?!(?:py|six)$)[a-z_]\w*", package.conda)
    return package.conda if is_part and "." not in module else module


def spread_namespaces(table: Table) -> None:
    """Give each of the many packages that claim a namespace the part that it is named after."""
    for top in [one for one in table if "." not in one and len(table[one]) > MOST_CANDIDATES]:
        parts = [one.split(".") for one in table if one.startswith(f"{top}.")]
        known = {".".join(names[:count]) for names in parts for count in range(2, len(names) + 1)}
        for package in table[top]:
            if not package.pypi.startswith(f"{normalize(top)}-"):
                continue
            above = max(
                (one for one in (top, *known) if package.pypi.startswith(f"{normalize(one)}-")),
                key=len,
            )
            rest = package.pypi[len(normalize(above)) + 1 :].replace("-", "_")
            if f"{above}.{rest}" not in table:
                table[f"{above}.{rest}"] = [package]


def ranked(module: str, packages: list[Package]) -> list[Package]:
    """The packages of a module, the likeliest first: the one that is named like it alone.

    Many claims in the map are for what a distribution carries along, tests or a copy.
    """
    key = normalize(module)
    same = [package for package in packages if package.pypi == key]
    if same or len(packages) > MOST_CANDIDATES:
        return same
    near = (f"python-{key}", f"py{key}", f"py-{key}", f"{key}-python", f"{key}-py")
    return sorted(packages, key=lambda one: (one.pypi not in near, len(one.pypi), one.pypi))


def overrides(text: str) -> Table:
    """The lines of overrides.txt; no package stands for a module that must not be guessed."""
    table: Table = defaultdict(list)
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            module, package = parse(" ".join(words))
            table[module].append(package)
    return table


def written(module: str, packages: list[Package]) -> list[str]:
    """The lines of a module, as short as `parse` understands them."""
    lines = []
    for pypi, conda in packages:
        words = [module]
        if conda != pypi or pypi != normalize(module):
            words.append(pypi or "-")
        if conda != pypi:
            words.append(conda or "-")
        lines.append(" ".join(words))
    return [
        line if parse(line)[1].pypi or parse(line)[1].conda else f"{module} -" for line in lines
    ]


if __name__ == "__main__":
    main()
