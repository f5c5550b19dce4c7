"""The two arguments of python_package_create, also by the options that conda has for them."""

from __future__ import annotations

import os

from pypackage.cli.options import Group, Option
from pypackage.core.errors import PackageError, UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

OPTIONS = Group(
    "arguments, as conda has them",
    (
        Option("-f --file", "REQUIREMENTS, as conda has it", "FILE"),
        Option("-n --name", "NAME_OR_ARCHIVE: the name of an environment, as conda has it", "NAME"),
        Option("-p --prefix", "the environment in this folder, and its archive here", "PREFIX"),
    ),
)

# Suffixes of requirements: nobody means an archive by such a name.
_OF_REQUIREMENTS = (".json", ".yml", ".yaml", ".txt", ".toml", ".lock", ".py", ".ipynb", ".cfg")


def settle(parsed: argparse.Namespace) -> None:
    """Store the options' values as the arguments; a file's `name:` is the last resort.

    Raises:
        UsageError: There are too many, or one is not valid.
    """
    if parsed.name and parsed.prefix:
        raise UsageError("-n and -p exclude each other: an environment has only one place")
    if parsed.name and (os.sep in parsed.name or parsed.name in (".", "..")):
        raise UsageError(f"-n takes a name, not the path {parsed.name}", "-p PREFIX takes a path")
    given = [one for one in (parsed.requirements, parsed.target) if one is not None]
    given = [*([parsed.file] if parsed.file else []), *given]
    place = parsed.name or parsed.prefix
    if len(given) + bool(place) > 2:
        raise UsageError(f"{given[-1]!r} is one too many: -f, -n and -p stand for the arguments")
    given += [place] if place else []
    parsed.requirements, parsed.target = (*given, None, None)[:2]
    if place and len(given) == 1:
        parsed.requirements, parsed.target = None, place
    if parsed.requirements and parsed.target is None and not parsed.python_source:
        parsed.target = _name_in(parsed.requirements)
    if parsed.target and not parsed.prefix:
        _refuse_swapped(parsed.requirements, parsed.target)


def _refuse_swapped(requirements: str | None, target: str) -> None:
    if target.endswith(".json") and (requirements or "").endswith((*_OF_REQUIREMENTS, "-")):
        return  # a manifest in a layers folder
    if target.endswith(_OF_REQUIREMENTS):
        raise UsageError(
            f"{target} is not a name for an environment or archive: it ends like requirements",
            f"the requirements come first: python_package_create {target} {requirements or 'NAME'}",
        )


def _name_in(path: str) -> str | None:
    """Return the `name:` of an environment.yml; None if it has none or is another kind of file."""
    if not path.endswith((".yml", ".yaml")):
        return None
    from pypackage.core.reading import read_input
    from pypackage.requirements.formats import document

    try:
        top = document.of_yaml(read_input(path), path)
        return top.get("name", "").string() or None
    except PackageError:
        return None  # the reader of the whole file reports it better
