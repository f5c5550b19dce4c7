"""A lock in the formats of other tools: conda's explicit list, and pylock.toml (PEP 751).

Neither can represent a whole lock. What is lost is returned with the text, for a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pypackage.backends.lock import Lock
from pypackage.backends.pypi import choose, pylock
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.package import PyPIPackage, is_commit
from pypackage.core.urls import LOCAL

if TYPE_CHECKING:
    from rattler import RepoDataRecord


class Written(NamedTuple):
    """A lock in another format.

    Attributes:
        text: The content of the file.
        lost: What it lacks, as sentences.
    """

    text: str
    lost: tuple[str, ...]


def explicit(locked: Lock) -> Written:
    """Return the list that `conda create --file` reads, sorted by dependencies.

    Packages from PyPI are comments in it, as conda-lock writes them.

    Args:
        locked: As read from a file, so that it has nothing specific to this machine.
    """
    from rattler import PackageRecord

    records = {one.name.normalized: one for one in locked.records}
    order = PackageRecord.sort_topologically(list(locked.records))
    ordered = [records[one.name.normalized] for one in order]
    lines = [
        "# This file may be used to create an environment using:",
        "# $ conda create --name <env> --file <this file>",
        f"# platform: {locked.platform}",
        "@EXPLICIT",
        *(f"{one.url}{_digest(one)}" for one in ordered),
        *(_pip_comment(one) for one in _by_name(locked.wheels)),
    ]
    lost = []
    if locked.wheels:
        names = [one.name for one in locked.wheels]
        lost.append(f"conda overlooks the packages of PyPI: {_some(names)}")
    if local := [one.name.normalized for one in locked.records if _is_local(one.url)]:
        lost.append(
            f"only python_package_create finds what is from folders of this machine: {_some(local)}"
        )
    return Written("".join(f"{line}\n" for line in lines), tuple(lost))


def pylock_toml(locked: Lock, context: ResolutionContext) -> Written:
    """Return a pylock.toml; conda's distributions are looked up on PyPI, in the same version.

    Args:
        locked: As for `explicit`.
        context: The Python and platform, and where PyPI's packages come from.
    """
    known = [(one.name.normalized, str(one.version), one.depends) for one in locked.records]
    among_conda = choose.present(known)
    wanted = [f"{name}=={found.version}" for name, found in sorted(among_conda.items())]
    from_pypi = choose.exactly(wanted, replace(context, present={}))
    found = {one.name for one in from_pypi}
    python = ".".join(context.python.split(".")[:2])
    text = pylock.dumps(_by_name([*locked.wheels, *from_pypi]), python=f"=={python}.*")
    held = {name for name, _, _ in known if choose.pypi_key(name) in found} | {"python"}
    left = [name for name, _, _ in known if name not in held]
    lost = [f"it cannot hold what is no package of PyPI: {_some(left)}"] if left else []
    return Written(text, tuple(lost))


def _by_name(packages: Sequence[PyPIPackage]) -> list[PyPIPackage]:
    return sorted(packages, key=lambda one: one.name)


def _digest(record: RepoDataRecord) -> str:
    """Return a URL's fragment: SHA-256, or MD5 if the channel has no other."""
    if record.sha256:
        return f"#sha256:{record.sha256.hex()}"
    return f"#{record.md5.hex()}" if record.md5 else ""


def _pip_comment(wheel: PyPIPackage) -> str:
    digest = f" --hash=sha256:{wheel.sha256}" if wheel.sha256 and not is_commit(wheel.url) else ""
    return f"# pip {wheel.name} @ {wheel.url}{digest}"


def _is_local(url: str) -> bool:
    return url.startswith(LOCAL)


def _some(names: Sequence[str]) -> str:
    """Join names; of many, the first ones."""
    most = 8
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(sorted(names)[:most]) + more
