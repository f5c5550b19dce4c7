"""Write the lock where it is wanted, in the form that the file's name tells."""

from __future__ import annotations

import re
from pathlib import Path

from pypackage.backends import lock, lock_formats
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline.packages import suiting
from pypackage.pipeline.plan import Plan


def check(place: Path) -> None:
    """Make sure, before the work is done, that the name tells a form.

    Raises:
        UsageError: It is that of a TOML file which no tool would take for a lock.
    """
    if place.suffix == ".toml" and not re.fullmatch(r"pylock(\.[^.]+)?\.toml", place.name):
        raise UsageError(
            f"{place.name} is not a name for a lock file", "call it pylock.toml or pylock.NAME.toml"
        )


def is_own_form(place: Path) -> bool:
    """Whether a lock of this name is written as it is kept: in pixi's form, with all in it."""
    return place.suffix not in (".toml", ".txt")


def write(content: bytes, place: Path, plan: Plan, reporter: Reporter) -> None:
    """Write a lock.

    Args:
        content: In pixi's form.
        place: Where; `.txt` is conda's explicit list, `pylock.toml` PEP 751's.
        plan: What the environment was made by.
        reporter: Is told what the form cannot hold.

    Raises:
        InputPathError: It cannot be written there.
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
    """What the environment has beside packages, of which no lock of other tools tells."""
    needed, content = plan.requirements, plan.content
    own = [one.target for one in content.own.copies] + [one.name for one in content.built]
    parts = {
        "own code": own,
        "data": [one.name for one in content.data],
        "variables": list(needed.variables),
        "optional modules": list(needed.optional),
    }
    return [f"it cannot hold {what}: {', '.join(names)}" for what, names in parts.items() if names]
