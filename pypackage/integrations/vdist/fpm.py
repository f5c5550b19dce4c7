"""Translate fpm options (`fpm_args`): each is understood, ignored, or refused with a reason."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable
from typing import Any, NoReturn

from pypackage.archive.ospackages import HOOKS
from pypackage.core.errors import UsageError

_OLD_NAMES = {
    "before-install": "--pre-install",
    "after-install": "--post-install",
    "before-remove": "--pre-uninstall",
    "after-remove": "--post-uninstall",
}

# fpm's options, by the corresponding arguments of `Builder.add_build`.
_TEXTS = {
    "architecture": ("-a", "--architecture"),
    "maintainer": ("-m", "--maintainer"),
    "description": ("--description",),
    "license": ("--license",),
    "url": ("--url",),
    "section": ("--category",),
    "vendor": ("--vendor",),
    "release": ("--iteration",),
    "epoch": ("--epoch",),
    "install_root": ("--prefix",),
    "priority": ("--deb-priority",),
    "systemd_unit": ("--deb-systemd",),
    "custom_filename": ("-p", "--package"),
}
_LISTS = {
    "runtime_deps": ("-d", "--depends"),
    "provides": ("--provides",),
    "conflicts": ("--conflicts",),
    "replaces": ("--replaces",),
    "recommends": ("--deb-recommends",),
    "suggests": ("--deb-suggests",),
    "config_files": ("--config-files",),
    "directories": ("--directories",),
    "exclude": ("-x", "--exclude"),
}

# Options for what is always the case for packages of this project.
_FLAGS_WITHOUT_EFFECT = (
    *("--deb-no-default-config-files", "--no-auto-depends", "--no-python-dependencies"),
    *("--verbose", "--debug", "--force", "-f", "--rpm-auto-add-directories"),
    *("--deb-auto-config-files", "--no-deb-auto-config-files", "--no-deb-use-file-permissions"),
)
_FIXED = {
    "--deb-user": ("root", "files of a package are root's: chown them in --after-install"),
    "--deb-group": ("root", "files of a package are root's: chown them in --after-install"),
    "--rpm-user": ("root", "files of a package are root's: chown them in --after-install"),
    "--rpm-group": ("root", "files of a package are root's: chown them in --after-install"),
    "--rpm-os": ("linux", "the environment is for Linux"),
    "--deb-compression": ("xz", "packages are compressed by xz"),
    "--rpm-compression": ("xz", "packages are compressed by xz"),
    "-s": ("dir", "the build says what is packed (source)"),
    "--input-type": ("dir", "the build says what is packed (source)"),
}
_REFUSED = {
    "-n": "the package is named by app",
    "--name": "the package is named by app",
    "-v": "the version is that of the build",
    "--version": "the version is that of the build",
    "-t": "the profile says which format is made",
    "--output-type": "the profile says which format is made",
    "-C": "the folder is that of the source (working_dir)",
    "--chdir": "the folder is that of the source (working_dir)",
    "--workdir": "temporary files are in the cache (XDG_CACHE_HOME)",
    "--template-scripts": "scripts are taken as they are",
    "--deb-init": "services are those of systemd: --deb-systemd",
    "--deb-upstart": "services are those of systemd: --deb-systemd",
    "--deb-default": "write config_files: FILE:/etc/default/NAME",
    "--deb-changelog": "the package has a changelog of its own",
    "--rpm-changelog": "the package has no changelog",
    "--deb-systemd-enable": "enable it in --after-install",
    "--deb-systemd-auto-start": "start it in --after-install",
    "--no-depends": "leave --depends out; that of glibc is needed",
    "--rpm-rpmbuild-define": "rpmbuild's macros are fixed, for the same bytes each time",
    "--deb-custom-control": "the control file is written from the build's fields",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"fpm_args: {message}", "known are those that docs/os-packages.md lists")


def options(text: str, format_: str, app: str) -> dict[str, Any]:
    """Translate options of fpm.

    Args:
        text: The options, as on a command line.
        format_: The package's format; options for the other one have no effect, as with fpm.
        app: The application's name.

    Returns:
        Arguments of `Builder.add_build`.

    Raises:
        UsageError: An option has no counterpart here; the message says what to use instead.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"fpm_args: {error}") from None
    _refuse(words)
    found = vars(_parser().parse_args(words))
    for flag, (value, reason) in _FIXED.items():
        given = found.pop(flag)
        if given and given != value and not _is_others(flag, format_):
            raise UsageError(f"fpm_args: {flag} {given} cannot be: {reason}")
    scripts = {moment: found.pop(moment) for moment in HOOKS}
    dist = found.pop("rpm_dist")
    del found["ignored"]
    found["scripts"] = {moment: path for moment, path in scripts.items() if path}
    if dist and format_ == "rpm":
        found["release"] = f"{found['release'] or 1}.{dist}"
    if found["architecture"] == "native":
        found["architecture"] = ""
    if found["architecture"] in ("all", "noarch"):
        raise UsageError(
            "fpm_args: the architecture cannot be all: the package has an interpreter",
            "leave it out, or name one such as amd64",
        )
    root = f"{found['install_root'] or '/opt'}/{app}/"
    found["exclude"] = [_in_environment(one, root) for one in found["exclude"]]
    return {name: value for name, value in found.items() if value}


def _parser() -> _Parser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    for moment in HOOKS:
        old = [_OLD_NAMES[moment]] if moment in _OLD_NAMES else []
        parser.add_argument(f"--{moment}", *old, default="", dest=moment)
    for name, flags in _TEXTS.items():
        parser.add_argument(*flags, default="", dest=name)
    for name, flags in _LISTS.items():
        parser.add_argument(*flags, action="append", default=[], dest=name)
    for flag in _FIXED:
        parser.add_argument(flag, default="", dest=flag)
    parser.add_argument("--rpm-dist", default="")
    parser.add_argument(*_FLAGS_WITHOUT_EFFECT, action="store_true", dest="ignored")
    return parser


def _refuse(words: Iterable[str]) -> None:
    for word in words:
        flag = word.partition("=")[0]
        if flag in _REFUSED:
            raise UsageError(f"fpm_args: {flag} has no counterpart here", _REFUSED[flag])


def _is_others(flag: str, format_: str) -> bool:
    other = {"deb": "--rpm-", "rpm": "--deb-"}[format_]
    return flag.startswith(other)


def _in_environment(pattern: str, root: str) -> str:
    """Convert a pattern for the package's paths to one for paths of the environment."""
    for start in (root, root.lstrip("/")):
        if pattern.startswith(start):
            return pattern.removeprefix(start)
    return pattern
