"""Distributions that are not installed, fetched as wheels from PyPI or the site's mirror."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pypackage.backends.host.files import digest
from pypackage.backends.pypi import pip_settings, uv
from pypackage.backends.pypi.wheels import configured_constraints
from pypackage.core import files, urls
from pypackage.core.errors import ProcessError, SolveError
from pypackage.python.distributions import Distribution, scan
from pypackage.python.interpreter import Interpreter


@dataclass(frozen=True)
class Fetching:
    """How it is fetched.

    Attributes:
        offline: Out of uv's cache alone.
        exclude_newer: Nothing that was published after this moment.
    """

    offline: bool = False
    exclude_newer: datetime | None = None

    def options(self) -> list[str]:
        """The same for uv's command line."""
        moment = self.exclude_newer
        newest = ["--exclude-newer", moment.isoformat()] if moment else []
        return [*newest, *(["--offline"] if self.offline else [])]


def fetch(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    installed: Iterable[Distribution],
    fetching: Fetching,
    cache: Path,
) -> tuple[Distribution, ...]:
    """Fetch what is wanted and what that requires, as far as it is not installed.

    The wheels are unpacked below `cache` once for each question; asking it again reaches
    for no network and gets the same versions.

    Args:
        interpreter: The wheels have to suit it.
        wanted: Requirements, none of which an installed distribution meets.
        installed: Distributions that are kept at their versions.
        fetching: How.
        cache: Folder for what is fetched.

    Raises:
        SolveError: There is no such distribution, no wheel for this interpreter, or no way
            to reconcile it with what is installed; or the index cannot be reached.
    """
    names = {canonicalize_name(requirement.name) for requirement in wanted}
    kept = [distribution for distribution in installed if distribution.key not in names]
    target = cache / _question_key(interpreter, wanted, kept, fetching)
    if not target.is_dir():
        with files.new_folder(target, replace=False) as folder:
            _install(interpreter, wanted, kept, fetching, folder)
    return scan([_modules(target, interpreter)])


def available(interpreter: Interpreter, requirement: Requirement, fetching: Fetching) -> bool:
    """Whether there is a wheel of a distribution for an interpreter; offline nobody knows.

    Raises:
        SolveError: The index cannot be reached.
    """
    if fetching.offline:
        return True
    arguments = ["pip", "compile", "--no-deps", "--quiet", "-"]
    try:
        _uv(interpreter, arguments, str(requirement), fetching)
    except ProcessError as error:
        if error.returncode == uv.NO_SOLUTION:
            return False
        raise uv.unreachable(error) from error
    return True


def _install(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    kept: Sequence[Distribution],
    fetching: Fetching,
    folder: Path,
) -> None:
    """Let uv install into a folder in which the kept distributions seem to be already."""
    modules = _modules(folder, interpreter)
    seeds = [_seed(distribution, modules) for distribution in kept]
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch, "constraints.txt")
        bounds = [f"{d.key}=={d.version}" for d in _pinnable(kept)]
        bounds += configured_constraints({d.key for d in kept})
        constraints.write_text("".join(f"{line}\n" for line in bounds))
        arguments = ["pip", "install", "--prefix", str(folder), "--constraints", str(constraints)]
        requirements = Path(scratch, "requirements.txt")
        requirements.write_text("".join(f"{requirement}\n" for requirement in wanted))
        try:
            _uv(interpreter, [*arguments, "--requirements", str(requirements)], "", fetching)
        except ProcessError as error:
            if error.returncode == uv.NO_SOLUTION:
                names = urls.redact(", ".join(str(requirement) for requirement in wanted))
                if fetching.offline:
                    raise SolveError(
                        f"not installed, nor in uv's cache, and this is offline: {names}",
                        uv.message(error),
                    ) from error
                raise SolveError(f"cannot get {names} from PyPI", uv.message(error)) from error
            raise uv.unreachable(error) from error
    for seed in seeds:
        shutil.rmtree(seed)


def _uv(interpreter: Interpreter, arguments: Sequence[str], stdin: str, fetching: Fetching) -> None:
    """Run uv with its own and pip's configuration, wheels only."""
    prefix = interpreter.prefix
    options = pip_settings.as_arguments(prefix, os.environ, sdists=False)
    argv = [*arguments, *options, *fetching.options()]
    uv.run(argv, interpreter.executable, prefix, choosing=True, stdin=stdin)


def _seed(distribution: Distribution, modules: Path) -> Path:
    """Put the bare metadata of an installed distribution where uv looks for it."""
    name = re.sub(r"[-_.]+", "_", distribution.name)
    folder = modules / f"{name}-{distribution.version}.dist-info"
    folder.mkdir(parents=True)
    extras = re.findall(r"extra\s*==\s*['\"]([^'\"]+)", " ".join(distribution.requires))
    lines = ["Metadata-Version: 2.1", f"Name: {distribution.name}"]
    lines += [f"Version: {distribution.version}"]
    lines += [f"Provides-Extra: {extra}" for extra in dict.fromkeys(extras)]
    lines += [f"Requires-Dist: {requirement}" for requirement in distribution.requires]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")
    (folder / "RECORD").write_text("")
    (folder / "INSTALLER").write_text("installed\n")
    return folder


def _pinnable(distributions: Iterable[Distribution]) -> list[Distribution]:
    """Those whose version can stand in a constraint; others are not known to PyPI anyway."""
    return [d for d in distributions if re.fullmatch(r"[0-9][0-9A-Za-z.!+_-]*", d.version)]


def _modules(prefix: Path, interpreter: Interpreter) -> Path:
    """The folder of modules that uv uses below a prefix."""
    return prefix / "lib" / f"python{interpreter.major_minor}" / "site-packages"


def _question_key(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    kept: Sequence[Distribution],
    fetching: Fetching,
) -> str:
    question = [
        interpreter.version,
        interpreter.extension_suffix,
        sorted(str(requirement) for requirement in wanted),
        sorted(f"{distribution.key}=={distribution.version}" for distribution in kept),
        *([str(fetching.exclude_newer)] if fetching.exclude_newer else []),
    ]
    return digest(question)
