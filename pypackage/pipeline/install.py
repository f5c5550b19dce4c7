"""Fill a prefix as planned: conda packages, wheels, own code and data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.archive import pip_installed
from pypackage.backends.lock import Lock
from pypackage.backends.pypi import install
from pypackage.core.progress import Reporter
from pypackage.pipeline.packages import suiting
from pypackage.pipeline.plan import Plan
from pypackage.prefix import user_content, variables


@dataclass(frozen=True)
class Filled:
    """A complete prefix.

    Attributes:
        lock: Its packages; wheels with their metadata.
        altered: Files that differ from those in their packages, relative to the prefix.
    """

    lock: Lock
    altered: Collection[str]


def fill(plan: Plan, prefix: Path, target_prefix: Path, reporter: Reporter) -> Filled:
    """Install everything in a plan.

    Args:
        target_prefix: The path that is written into files instead of the prefix.

    Raises:
        PackageError: A package or the user's own content cannot be fetched or installed.
    """
    linked = plan.packages.link(prefix, target_prefix, reporter)
    locked = linked.lock
    is_asked = locked.wheels or plan.content.built
    # Only then: the context of packages from PyPI needs the whole table of names.
    context = suiting(plan.context, locked.records) if is_asked else plan.context
    if locked.wheels:
        install.install(locked.wheels, prefix, target_prefix, context, reporter)
        for line in pip_installed.replaced(prefix, {wheel.name for wheel in locked.wheels}):
            reporter.warning(line)
        locked = replace(locked, wheels=install.described(locked.wheels, prefix))
    user_content.install(plan.content, prefix, target_prefix, context, reporter)
    variables.write(plan.requirements.variables, prefix)
    return Filled(locked, linked.altered)
