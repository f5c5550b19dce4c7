"""Turn the arguments of `Builder.add_build`, fpm's options and the profile into a build."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pypackage.archive.ospackages import HOOKS, checks, model
from pypackage.archive.ospackages.model import OsPackage
from pypackage.core.errors import UsageError
from pypackage.integrations.vdist import fpm
from pypackage.integrations.vdist.build import LISTS, Build
from pypackage.integrations.vdist.profiles import Profile
from pypackage.integrations.vdist.source import Source

_PLACES = ("working_dir", "requirements_path", "pip_args", "custom_filename", "allow_sdist")
# vdist's names of arguments with another name here.
_VDIST_NAMES = {
    "python_version": "compile_python_version",
    "package_install_root": "install_root",
}


def build_of(arguments: Mapping[str, Any], source: Source, profile: Profile, base: Path) -> Build:
    """Create the build that is described.

    Args:
        arguments: The arguments of `Builder.add_build` by name, including `BuildOptions`.
        base: Where relative paths start.

    Raises:
        UsageError: An argument is invalid or unknown.
    """
    given = {_VDIST_NAMES.get(key, key): one for key, one in arguments.items()}
    told = fpm.options(given.pop("fpm_args", ""), profile.format, given["app"])
    given = _merged(told, given)
    name = given.pop("name")
    needed = (*profile.build_deps, *given.get("build_deps", ()))
    given["build_deps"] = tuple(dict.fromkeys(needed))
    given.setdefault("allow_sdist", profile.allow_sdist)
    how = {one: given.pop(one) for one in _PLACES if one in given}
    how |= _python(given, base)
    how["add"], how["exclude"] = tuple(given.pop("add", ())), tuple(given.pop("exclude", ()))
    how["pip_conf"] = given.pop("use_local_pip_conf", True)
    how["platform"] = _platform(given.pop("architecture", ""), profile.platform)
    for one in ("output_folder", "repository"):
        folder = given.pop(one, "")
        how[one] = str(base / folder) if folder else ""
    package = _package(profile, **given)
    checks.check_words(package)
    return Build(name, package, source, base, **how)


def _python(given: dict[str, Any], base: Path) -> dict[str, Any]:
    """Remove the arguments about Python, and return them as fields of a build."""
    compiled = given.pop("compile_python", True)
    version = given.pop("compile_python_version", "")
    interpreter = _interpreter(compiled, given.pop("python_basedir", ""))
    source = os.fspath(given.pop("python_source", ""))
    is_near = source and (base / source).exists()
    return {
        "python": version if compiled else "",
        "channels": (*interpreter, *given.pop("channels", ())),
        "python_source": str(base / source) if is_near else source,
    }


def _merged(told: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any]:
    """Combine fpm's options and the arguments; arguments override single values."""
    result = {**told, **described}
    for name in told.keys() & described.keys() & {*LISTS, "scripts"}:
        one, other = told[name], described[name]
        result[name] = {**one, **other} if name == "scripts" else (*one, *other)
    return result


def _package(profile: Profile, **given: Any) -> OsPackage:
    """Create the description of the package.

    Raises:
        UsageError: An argument is unknown.
    """
    shaped: dict[str, Any] = {
        name: tuple(value) if name in LISTS else value for name, value in given.items()
    }
    if unit := shaped.get("systemd_unit"):
        shaped["systemd_unit"] = Path(unit)
    scripts: Mapping[str, str] = shaped.get("scripts", {})
    unknown = set(scripts) - set(HOOKS)
    if unknown:
        raise UsageError(f"scripts: no {min(unknown)}", f"there are {', '.join(HOOKS)}")
    shaped["scripts"] = {moment: Path(path) for moment, path in scripts.items()}
    shaped.setdefault("try_root", profile.root)
    try:
        return OsPackage(format=profile.format, glibc=profile.glibc, **shaped)
    except TypeError as error:
        raise UsageError(f"a build has no {str(error).rpartition(' ')[2]}") from None


def _platform(architecture: str, platform: str) -> str:
    found = model.platform_of(architecture) if architecture else platform
    if architecture and not found:
        raise UsageError(f"no architecture {architecture}")
    return found


def _interpreter(compiled: bool, folder: str) -> tuple[str, ...]:
    """The channel of a given Python."""
    if compiled and folder:
        raise UsageError(
            "python_basedir names a Python that is there already: say compile_python=False",
            "a Python that is made for the package goes into the application's own folder",
        )
    if compiled:
        return ()
    return (f"host:{Path(folder) / 'bin/python3'}",) if folder else ("host",)
