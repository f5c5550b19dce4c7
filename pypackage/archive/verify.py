"""Verify that a finished environment fulfills its purpose."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pypackage.archive import import_test, missing_libraries, pip_check
from pypackage.archive.contents import Contents
from pypackage.archive.import_test import Failure
from pypackage.core import elf, package_names, platforms
from pypackage.core.errors import PackError, ProcessError, VerificationError
from pypackage.core.progress import Reporter
from pypackage.python import dist_info

_T = TypeVar("_T")

_MOST = 10  # lines of a kind that are reported


@dataclass(frozen=True)
class RequiredModules:
    """The modules that the environment is made for.

    Attributes:
        modules: Those that must import.
        optional: Those that the program can do without, with the reason.
    """

    modules: Sequence[str]
    optional: Mapping[str, str]


def check(
    contents: Contents,
    prefix: Path,
    wanted: RequiredModules,
    *,
    platform: str,
    scratch: Path,
    reporter: Reporter,
) -> None:
    """Import the required modules, and warn about what is inconsistent or missing.

    Args:
        contents: The content of the archive.
        wanted: The modules that the environment is made for.
        platform: Conda's name of another platform, whose Python cannot run here; else empty.
        scratch: A folder for the test, on the environment's file system.

    Raises:
        VerificationError: A required module does not import.
        PackError: There is no room for the test.
    """
    with reporter.task("verifying"):
        native = (one.subdir for one in contents.packages if one.subdir != "noarch")
        there = platform or next(native, platforms.here())
        missing = missing_libraries.libraries(contents.entries, there)
        _tell(_needed(missing), reporter)
        python = next((p for p in contents.packages if p.name == "python"), None)
        if python is None:
            _check_without_python(contents, wanted, scratch, may_start=not platform)
            return
        distributions = dist_info.installed(prefix).values()
        _tell(pip_check.problems(distributions, python.version, there), reporter)
        modules = sorted({*wanted.modules, *wanted.optional})
        if platform and modules:
            reporter.warning(
                f"no module is imported as a test: Python for {platform} cannot run here"
            )
        elif modules:
            trial = _started(lambda: import_test.imports(contents, modules, scratch), scratch)
            _tell(_loaded(trial.loaded, missing), reporter)
            _judge(trial.failures, wanted, reporter)


def _tell(lines: Sequence[str], reporter: Reporter) -> None:
    for line in lines[:_MOST]:
        reporter.warning(line)
    if len(lines) > _MOST:
        reporter.warning(f"and {len(lines) - _MOST} more like this")


def _needed(missing: Mapping[str, Sequence[str]]) -> list[str]:
    """Libraries that workers must have, since files of the environment are linked with them."""
    return [
        f"workers have to have {name}: {users[0]}"
        + (f" and {len(users) - 1} other files need it" if users[1:] else " needs it")
        for name, users in sorted(missing.items(), key=lambda item: -len(item[1]))
    ]


def _loaded(loaded: Mapping[str, Sequence[Path]], told: Container[str]) -> list[str]:
    """Libraries that workers must have, since a module loaded them from this machine.

    Most Linux machines have these (`libGL.so.1`), but those without a screen often do not.
    """
    found = {module: missing_libraries.loaded(paths) for module, paths in loaded.items()}
    return [
        f"workers have to have {name}: {module} takes it from this machine"
        for module, names in found.items()
        for name in names
        if name not in told
    ]


def _check_without_python(
    contents: Contents, wanted: RequiredModules, scratch: Path, *, may_start: bool
) -> None:
    """Check that an environment of other programs alone starts, and needs no Python."""
    if wanted.modules:
        raise VerificationError(
            f"{wanted.modules[0]} does not import: the environment has no Python",
            "add python to dependencies",
        )
    if may_start:
        _started(lambda: import_test.start(contents, scratch), scratch)


def _started(attempt: Callable[[], _T], scratch: Path) -> _T:
    """Run a test in the environment.

    Raises:
        VerificationError: The environment does not start.
        PackError: It cannot be laid out.
    """
    try:
        return attempt()
    except ProcessError as error:
        raise VerificationError("the environment does not start", error.output.strip()) from error
    except OSError as error:
        raise PackError.of(error, "the environment cannot be tried", scratch) from error


def _judge(failures: Iterable[Failure], wanted: RequiredModules, reporter: Reporter) -> None:
    fatal = []
    for failure in failures:
        if failure.module not in wanted.modules:
            if failure.absent:
                reporter.debug(f"not in the environment: {failure.module}, which is optional")
            else:
                reporter.warning(f"{failure.module}, which is optional, fails: {failure.reason}")
        elif _is_the_workers(failure.reason):
            reporter.warning(f"{failure.module} cannot be tried on this machine: {failure.reason}")
        else:
            fatal.append(failure)
    if fatal:
        tops = {failure.module for failure in fatal if "." not in failure.module}
        fatal = [
            one for one in fatal if "." not in one.module or one.module.split(".")[0] not in tops
        ]
        first, *others = fatal
        hints = [f"{one.module} neither: {one.reason}" for one in others]
        lacking = {one.lacks: one.module for one in fatal if one.lacks}
        hints += [_lacking_module(module, user) for module, user in lacking.items()]
        hints += [_ABSENT] if any(one.absent for one in fatal) else []
        hints.append("--no-verify makes the archive all the same")
        raise VerificationError(
            f"{first.module} does not import in the environment: {first.reason}", "\n".join(hints)
        )


_ABSENT = "name the package of a module that is not there under conda.dependencies"


def _lacking_module(module: str, user: str) -> str:
    """A hint for a module that imports a missing one."""
    packages = package_names.find(module)
    known = packages[0].conda or packages[0].pypi if packages else ""
    what = f", of the package {known}" if known else ""
    return f"{user} needs the module {module}{what}: name it under conda.dependencies"


def _is_the_workers(reason: str) -> bool:
    """Whether a driver or display library is missing, which a worker may have."""
    library = re.search(r"(\S+\.so[\w.]*): cannot open shared object file", reason)
    return bool(library and elf.is_host_library(library[1]))
