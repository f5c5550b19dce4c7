"""Fetch distributions that are not installed, from PyPI or the site's mirror."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement

from pypackage.backends.host.files import digest
from pypackage.backends.pypi import choose, install
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.placeholders import Present
from pypackage.core import files
from pypackage.core.package_names import normalize
from pypackage.core.progress import Task
from pypackage.python import dist_info
from pypackage.python.distributions import Distribution, scan
from pypackage.python.interpreter import Interpreter


def fetch(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    installed: Iterable[Distribution],
    context: ResolutionContext,
    cache: Path,
    task: Task,
) -> tuple[Distribution, ...]:
    """Fetch distributions and their dependencies, except those that are installed.

    They are unpacked below `cache` once for each combination of arguments; the same arguments give
    the same versions again, without the network.

    Args:
        wanted: Requirements that no installed distribution satisfies.
        task: Hears of the bytes that are written.

    Raises:
        SolveError: There is no such distribution, none for this interpreter, or it conflicts
            with what is installed; or the index cannot be reached.
        InstallError: A chosen distribution cannot be fetched or built.
    """
    names = {normalize(requirement.name) for requirement in wanted}
    direct = {normalize(requirement.name) for requirement in wanted if requirement.url}
    kept = {one.key: Present(one.version, one.requires) for one in installed}
    present = {key: one for key, one in {**context.present, **kept}.items() if key not in names}
    context = replace(context, interpreter=interpreter, present=present)
    target = cache / _cache_key(interpreter, wanted, context)
    if not target.is_dir():
        chosen = choose.resolve([str(requirement) for requirement in wanted], context)
        with files.new_folder(target, replace=False) as folder:
            install.unpack(chosen, folder, interpreter.executable, context, direct, task)
            dist_info.drop_notes(folder)
    modules = target / "lib" / f"python{interpreter.major_minor}" / "site-packages"
    return scan([modules])


def _cache_key(
    interpreter: Interpreter, wanted: Sequence[Requirement], context: ResolutionContext
) -> str:
    """Return a digest of all that determines what is fetched, except the index's content."""
    question = [
        interpreter.version,
        interpreter.extension_suffix,
        sorted(str(requirement) for requirement in wanted),
        sorted(f"{name}=={one.version}" for name, one in context.present.items()),
        context.exclude_newer,
        choose.fingerprint(context),
    ]
    return digest(question)
