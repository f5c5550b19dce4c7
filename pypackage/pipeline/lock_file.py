"""Write the lock to a requested file, in the format given by its name."""

from __future__ import annotations

import re
from pathlib import Path

from pypackage.backends import lock, lock_formats
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline.packages import suiting
from pypackage.pipeline.plan import Plan


def check(place: Path) -> None:
    """Check, before the work is done, that the name is valid for a lock.

    Raises:
        UsageError: It is a TOML file with a name that no tool accepts for a lock.
    """
    if place.suffix == ".toml" and not re.fullmatch(r"pylock(\.[^.]+)?\.toml", place.name):
        raise UsageError(
            f"{place.name} is not a name for a lock file", "call it pylock.toml or pylock.NAME.toml"
        )


def is_own_form(place: Path) -> bool:
    """Whether a file of this name gets the lock unchanged: in pixi's format, with everything."""
    return place.suffix not in (".toml", ".txt")


def write(content: bytes, place: Path, plan: Plan, reporter: Reporter) -> None:
    """Write a lock.

    Args:
        content: The lock in pixi's format.
        place: The file; `.txt` is conda's explicit list, `pylock.toml` is PEP 751's.
        plan: What the environment was made by.
        reporter: Receives warnings of what the format cannot express.

    Raises:
        InputPathError: The file cannot be written.
    """
    if is_own_form(place):
        lock.write(content, place)
        return
    check(place)
    locked = lock.loads(content, str(place), plan.context.platform)
    if place.suffix == ".txt":
        made = lock_formats.explicit(locked)
    else:
        with reporter.task("looking for the packages on PyPI"):
            made = lock_formats.pylock_toml(locked, suiting(plan.context, locked.records))
    lock.write(made.text.encode(), place)
    for line in (*made.lost, *_beside(plan)):
        reporter.warning(f"{place}: {line}")


def _beside(plan: Plan) -> list[str]:
    """What the environment contains besides packages, which other tools' locks cannot express."""
    needed, content = plan.requirements, plan.content
    own = [one.target for one in content.own.copies] + [one.name for one in content.built]
    parts = {
        "own code": own,
        "data": [one.name for one in content.data],
        "variables": list(needed.variables),
        "optional modules": list(needed.optional),
    }
    return [f"it cannot hold {what}: {', '.join(names)}" for what, names in parts.items() if names]
