"""Distributions that are not installed, fetched as wheels from PyPI or the site's mirror."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pypackage import files, process
from pypackage.channel import pip_settings
from pypackage.channel.items import digest
from pypackage.distributions import Distribution, scan
from pypackage.errors import ProcessError, SolveError
from pypackage.interpreter import Interpreter

_NO_SOLUTION = 1  # uv's exit status when it looked and found none; others are failures


def fetch(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    installed: Iterable[Distribution],
    cache: Path,
) -> tuple[Distribution, ...]:
    """Fetch what is wanted and what that requires, as far as it is not installed.

    The wheels are unpacked below `cache` once for each question; asking it again reaches
    for no network and gets the same versions.

    Args:
        interpreter: The wheels have to suit it.
        wanted: Requirements, none of which an installed distribution meets.
        installed: Distributions that are kept at their versions.
        cache: Folder for what is fetched.

    Raises:
        SolveError: There is no such distribution, no wheel for this interpreter, or no way
            to reconcile it with what is installed; or the index cannot be reached.
    """
    names = {canonicalize_name(requirement.name) for requirement in wanted}
    kept = [distribution for distribution in installed if distribution.key not in names]
    target = cache / _question_key(interpreter, wanted, kept)
    if not target.is_dir():
        with files.new_folder(target, replace=False) as folder:
            _install(interpreter, wanted, kept, folder)
    return scan([_modules(target, interpreter)])


def available(interpreter: Interpreter, requirement: Requirement) -> bool:
    """Whether there is a wheel of a distribution for an interpreter.

    Raises:
        SolveError: The index cannot be reached.
    """
    arguments = ["pip", "compile", "--no-deps", "--quiet", "-"]
    try:
        _uv(interpreter, arguments, str(requirement))
    except ProcessError as error:
        if error.returncode == _NO_SOLUTION:
            return False
        raise _unreachable(error) from error
    return True


def _install(
    interpreter: Interpreter,
    wanted: Sequence[Requirement],
    kept: Sequence[Distribution],
    folder: Path,
) -> None:
    """Let uv install into a folder in which the kept distributions seem to be already."""
    modules = _modules(folder, interpreter)
    seeds = [_seed(distribution, modules) for distribution in kept]
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text("".join(f"{d.key}=={d.version}\n" for d in _pinnable(kept)))
        arguments = ["pip", "install", "--prefix", str(folder), "--constraints", str(constraints)]
        requirements = Path(scratch, "requirements.txt")
        requirements.write_text("".join(f"{requirement}\n" for requirement in wanted))
        try:
            _uv(interpreter, [*arguments, "--requirements", str(requirements)], "")
        except ProcessError as error:
            if error.returncode == _NO_SOLUTION:
                names = ", ".join(str(requirement) for requirement in wanted)
                raise SolveError(f"cannot get {names} from PyPI", error.output) from error
            raise _unreachable(error) from error
    for seed in seeds:
        shutil.rmtree(seed)


def _uv(interpreter: Interpreter, arguments: Sequence[str], stdin: str) -> None:
    """Run uv with its own and pip's configuration, wheels only."""
    options = ["--python", str(interpreter.executable), "--only-binary", ":all:", "--no-progress"]
    environment = {**os.environ, **pip_settings.as_uv_environment(interpreter.prefix, os.environ)}
    argv = [_program(), *arguments[:2], *options, *arguments[2:]]
    process.run(argv, env=environment, stdin=stdin.encode())


def _program() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise SolveError("there is no uv to fetch with", "install it: pip install uv") from error


def _unreachable(error: ProcessError) -> SolveError:
    return SolveError(
        "cannot fetch from PyPI",
        f"{error.output}\nis there a network, or a mirror to be named in pip.conf or uv.toml?",
    )


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
    interpreter: Interpreter, wanted: Sequence[Requirement], kept: Sequence[Distribution]
) -> str:
    question = [
        interpreter.version,
        interpreter.extension_suffix,
        sorted(str(requirement) for requirement in wanted),
        sorted(f"{distribution.key}=={distribution.version}" for distribution in kept),
    ]
    return digest(question)
