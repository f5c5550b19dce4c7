"""From requirements to an environment and its archive: the stages in their order."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pypackage import (
    archive,
    channel,
    condarc,
    engine,
    interpreter,
    names,
    packing,
    postlink,
    prefix,
)
from pypackage.channel import selection
from pypackage.channel.names import conda_spec
from pypackage.errors import InputPathError, SolveError, UsageError
from pypackage.names import normalize
from pypackage.progress import SILENT, Reporter
from pypackage.requirements import Requirements

HOST = "host"
DEFAULT_CHANNEL = "conda-forge"

_ARCHIVE = (".tar.gz", ".tgz")
_OTHER_ARCHIVE = (".tar", ".zip", ".tar.zst", ".tar.bz2", ".tar.xz", ".squashfs")


@dataclass(frozen=True)
class Target:
    """What `create` makes.

    Attributes:
        archive: The archive's path.
        prefix: The environment that stays on this machine; None when only the archive does.
    """

    archive: Path
    prefix: Path | None = None


def target(name: str, environ: Mapping[str, str] = os.environ) -> Target:
    """What the second argument of `python_package_create` means.

    Args:
        name: A path, or a name with an archive's ending: the archive. Any other name: an
            environment in conda's folder, and `NAME.tar.gz` in the present one.
        environ: Where conda's variables are looked up.

    Raises:
        UsageError: It is neither, or an archive of a kind that cannot be made.
        InputPathError: The archive's folder does not exist, or it is a folder itself.
    """
    if name.endswith(_OTHER_ARCHIVE):
        raise UsageError(f"cannot make {name}", f"archives end in {' or '.join(_ARCHIVE)}")
    if name in (*_ARCHIVE, "base"):  # base is what conda calls its own environment
        raise UsageError(f"{name!r} is not a name for an environment")
    if os.sep in name or name.endswith(_ARCHIVE) or name in (".", ".."):
        made = Target(Path(name))
    elif re.fullmatch(r"[^\s:#/-][^\s:#/]*", name):
        made = Target(Path(f"{name}.tar.gz"), condarc.envs_folder(environ) / name)
    else:
        raise UsageError(
            f"{name!r} is not a name for an environment",
            "a name has no spaces, colons or '#'; a path such as './my env.tar.gz' may",
        )
    _check_writable(made.archive)
    return made


def _check_writable(archive: Path) -> None:
    try:
        folder = archive.absolute().parent
        if archive.exists() and not archive.is_file():
            kind = "folder" if archive.is_dir() else "device or pipe"
            raise InputPathError(f"{archive} is a {kind}", "name the archive to be written")
        if not folder.is_dir():
            raise InputPathError(f"the folder {folder} does not exist")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputPathError(f"the folder {folder} cannot be written to")
    except OSError as error:
        raise InputPathError.of(error, "cannot write the archive", archive) from error


def create(
    requirements: Requirements,
    target: Target,
    channels: Sequence[str] = (),
    reporter: Reporter = SILENT,
) -> None:
    """Make the environment that a program requires, and its archive.

    Args:
        requirements: The Python version and the packages.
        target: Where the results go; former ones are replaced when the new ones are whole.
        channels: Names, URLs or folders, the most preferred first; `host` (or
            `host:PYTHON`) is made of this machine's interpreter and what is installed for
            it. By default the requirements' own, else condarc's, else conda-forge.
        reporter: Hears of the progress.

    Raises:
        PackageError: The stage's own error; nothing is left half-made.
    """
    if target.prefix:
        prefix.check_replaceable(target.prefix)
    channels = channels or requirements.channels or condarc.load().channels
    channels = [c for c in channels if c != "nodefaults"] or [DEFAULT_CHANNEL]
    specs, channels = _resolve(requirements, channels, reporter)
    with reporter.step("solving"):
        records = engine.solve(specs, channels)
    with prefix.building(target.prefix, cache() / "prefixes") as (folder, stands_for):
        engine.install(records, folder, stands_for, reporter)
        prefix.tidy(folder)
        altered = postlink.run(folder, stands_for, reporter)
        absent = prefix.absent_modules(folder, requirements.modules)
        if absent:
            reporter.warn(f"no package in the environment has a module {', '.join(absent)}")
        contents = packing.contents(folder, stands_for, altered)
        archive.write(contents, target.archive, reporter)
    if target.prefix:
        try:
            condarc.register(target.prefix)
        except OSError as error:
            reporter.warn(f"'conda env list' will not show it: {error.strerror}: {error.filename}")


def cache(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder for what can be made again: `$XDG_CACHE_HOME/pypackage`."""
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # as the XDG specification says
        base = os.path.join(condarc.home(environ), ".cache")
    return Path(base) / "pypackage"


def _resolve(
    requirements: Requirements, channels: Sequence[str], reporter: Reporter
) -> tuple[list[str], list[str]]:
    """The match specs to be solved, and the channels with the host channel's URL."""
    # What the requirements resolve to says more than the names of the modules do.
    resolved = requirements.dependencies or requirements.pip
    modules = () if resolved else requirements.modules
    specs = [*requirements.dependencies, f"python={requirements.python}"]
    host = next((c for c in channels if c == HOST or c.startswith(f"{HOST}:")), None)
    if host is None:
        specs += [*_of_pypi(requirements.pip, reporter), *_of_modules(modules, reporter)]
        return specs, [_channel(c) for c in channels]
    made = _host_channel(requirements, modules, host, len(channels) == 1, reporter)
    # What a channel named before it has too is to be taken from there, in any build.
    answers = made.specs if host == channels[0] else [spec.split()[0] for spec in made.specs]
    specs = [*made.unanswered, *answers, *_of_modules(made.missing, reporter)]
    specs.append(f"python={requirements.python}")
    return specs, [made.url if c == host else _channel(c) for c in channels]


def _of_pypi(requirements: Sequence[str], reporter: Reporter) -> list[str]:
    """Match specs for the conda packages of what was asked of PyPI, in the same versions."""
    parsed = [selection.parse(text) for text in requirements]
    if parsed:
        asked = ", ".join(requirement.name for requirement in parsed)
        reporter.warn(f"taking conda's packages for those of PyPI: {asked}")
    return [conda_spec(names.conda_name(r.name) or normalize(r.name), r) for r in parsed]


def _of_modules(modules: Sequence[str], reporter: Reporter) -> list[str]:
    """The conda packages that modules come from, by the table; an unknown one is a guess."""
    known = {module: names.find(module) for module in modules}
    guessed = [module for module, packages in known.items() if not packages]
    if guessed:
        reporter.warn(
            f"taking the packages to be named like the modules: {', '.join(guessed)}; "
            "name them under conda.dependencies where they are not"
        )
    found = [packages[0].conda or packages[0].pypi for packages in known.values() if packages]
    return found + [normalize(module) for module in guessed]


def _channel(name: str) -> str:
    """A channel as the engine takes it: folders by their absolute path."""
    if not name.strip():
        raise SolveError("a channel has no name")
    folder = Path(os.path.expanduser(name))
    is_path = name.startswith((".", "/", "~"))
    if "://" in name or not (is_path or (folder / "noarch").is_dir()):
        return name
    if not folder.is_dir():
        raise SolveError(f"the channel {name} cannot be read: there is no such folder")
    if not (folder / "noarch" / "repodata.json").is_file():
        raise SolveError(
            f"{name} is no conda channel: it has no noarch/repodata.json",
            "make one with 'conda index' or 'rattler-index'",
        )
    return str(folder.resolve())


def _host_channel(
    requirements: Requirements,
    modules: Sequence[str],
    host: str,
    alone: bool,
    reporter: Reporter,
) -> channel.HostChannel:
    """Make the host channel; PyPI is asked for what is missing when no other channel is named."""
    named = host.partition(":")[2]
    try:
        python = interpreter.find(named or requirements.python)
    except InputPathError as error:
        raise SolveError(
            f"the host channel cannot be made: {error.message}",
            f"{error.hint}\nor name it with '-c host:PATH', or ask for that version in the "
            "requirements",
        ) from error
    if not f"{python.version}.".startswith(f"{requirements.python}."):
        raise SolveError(
            f"{named} is Python {python.version}, and the requirements ask for "
            f"{requirements.python}",
            f'write "python": "{python.major_minor}" there, or name another interpreter',
        )
    with reporter.step(f"taking what is installed for {python.executable}"):
        return channel.make(
            python,
            modules=modules,
            requirements=requirements.pip,
            packages=requirements.dependencies,
            fetch_missing=alone,
            cache=cache(),
            reporter=reporter,
        )
