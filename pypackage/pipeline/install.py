"""Filling a prefix with what was planned: conda's packages, wheels, own code and data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from pypackage.archive import pip_installed
from pypackage.backends import conda, conda_executable, locate, lock
from pypackage.backends.lock import Lock
from pypackage.backends.pypi import install
from pypackage.core.errors import InstallError
from pypackage.core.progress import Reporter
from pypackage.pipeline.plan import Plan
from pypackage.prefix import directory, postlink, user_content, variables


@dataclass(frozen=True)
class Filled:
    """A prefix that has all that it is to have.

    Attributes:
        lock: What is in it, the wheels with what their metadata says.
        altered: Files of packages that are not as these brought them, relative to the prefix.
    """

    lock: Lock
    altered: Collection[str]


def fill(plan: Plan, prefix: Path, target_prefix: Path, reporter: Reporter) -> Filled:
    """Install all that is planned.

    Args:
        plan: What.
        prefix: A new one.
        target_prefix: The path that is written into files in its place.

    Raises:
        PackageError: The stage's own error.
    """
    altered = (_by_program if plan.program else _by_engine)(plan, prefix, target_prefix, reporter)
    locked = plan.lock or plan.with_wheels(lock.of_prefix(prefix, plan.channels))
    context = plan.context(locked.records)
    if locked.wheels:
        install.install(locked.wheels, prefix, target_prefix, context, reporter)
        for line in pip_installed.replaced(prefix, {wheel.name for wheel in locked.wheels}):
            reporter.warning(line)
    user_content.install(plan.added, prefix, target_prefix, context, reporter)
    variables.write(plan.needed.variables, prefix)
    if locked.wheels:
        locked = replace(locked, wheels=install.described(locked.wheels, prefix))
    return Filled(locked, altered)


def _by_engine(
    plan: Plan, prefix: Path, target_prefix: Path, reporter: Reporter
) -> Collection[str]:
    assert plan.lock
    try:
        conda.install(plan.lock.records, prefix, target_prefix, reporter, plan.settings)
    except InstallError:
        locate.check(plan.lock)
        raise
    for line in directory.overwritten(prefix):
        reporter.warning(line)
    directory.tidy(prefix)
    return postlink.run(prefix, target_prefix, plan.settings.platform, reporter)


def _by_program(
    plan: Plan, prefix: Path, target_prefix: Path, reporter: Reporter
) -> Collection[str]:
    assert plan.program
    assert plan.asked
    offline = plan.settings.offline
    return conda_executable.create(
        plan.program, plan.asked, prefix, target_prefix, offline, reporter
    )
