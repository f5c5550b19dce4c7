"""fpm's options, as `fpm_args` has them, in the words of this package."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NoReturn

from pypackage.archive.ospackages.model import HOOKS
from pypackage.core.errors import UsageError

_OLD_NAMES = {
    "before-install": "--pre-install",
    "after-install": "--post-install",
    "before-remove": "--pre-uninstall",
    "after-remove": "--post-uninstall",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"fpm_args: {message}", "known are those that docs/os-packages.md lists")


def parse(text: str) -> dict[str, Any]:
    """What options of fpm ask for.

    Args:
        text: As on a command line.

    Returns:
        Arguments of `Builder.add_build`.

    Raises:
        UsageError: One has no counterpart here.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    for moment in HOOKS:
        old = [_OLD_NAMES[moment]] if moment in _OLD_NAMES else []
        parser.add_argument(f"--{moment}", *old, default="")
    for short, long in (("-m", "--maintainer"), ("-a", "--architecture")):
        parser.add_argument(short, long, default="")
    for name in ("description", "license"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("-d", "--depends", action="append", default=[], dest="runtime_deps")
    parser.add_argument("--deb-systemd", default="", dest="systemd_unit")
    try:
        found = vars(parser.parse_args(shlex.split(text)))
    except ValueError as error:
        raise UsageError(f"fpm_args: {error}") from None
    scripts = {moment: found.pop(moment.replace("-", "_")) for moment in HOOKS}
    found["scripts"] = {moment: path for moment, path in scripts.items() if path}
    return {name: value for name, value in found.items() if value}
