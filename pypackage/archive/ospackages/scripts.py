"""Make maintainer scripts, which dpkg and rpm run on installation, upgrade and removal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from pypackage.archive.ospackages.model import OsPackage
from pypackage.core import process
from pypackage.core.errors import InputPathError, ProcessError, UsageError

_SHELLS = ("/bin/sh", "/bin/bash")


class Script(NamedTuple):
    """A script of a package: the shell that runs it, and its text."""

    shell: str
    body: str


# By format: the name of each script of the package, and the shell conditions under which the
# user's scripts for an event are run in it.
_NAMES = {
    "deb": {"before": "preinst", "after": "postinst", "leaving": "prerm", "left": "postrm"},
    "rpm": {"before": "pre", "after": "post", "leaving": "preun", "left": "postun"},
}
_INSTALLS = {
    "deb": '[ "$1" = configure ] && [ -z "${2-}" ]',
    "rpm": '[ "$1" = 1 ]',
}
_FRESH = {"deb": '[ "$1" = install ]', "rpm": '[ "$1" = 1 ]'}
_UPGRADES = {"deb": '[ "$1" = configure ] && [ -n "${2-}" ]', "rpm": '[ "$1" -gt 1 ]'}
_REPLACES = {"deb": '[ "$1" = upgrade ]', "rpm": '[ "$1" -gt 1 ]'}
_REMOVES = {"deb": '[ "$1" = remove ]', "rpm": '[ "$1" = 0 ]'}


def check(package: OsPackage) -> None:
    """Check that the user's scripts are valid shell scripts.

    Raises:
        InputPathError: A script cannot be read.
        UsageError: A script is in another language, or invalid.
    """
    for moment, text in _read(package).items():
        shell = _shell(moment, text)
        try:
            process.run([shell, "-n"], stdin=text.encode("utf-8", "surrogateescape"))
        except ProcessError as error:
            raise UsageError(f"--{moment}: {package.scripts[moment]}: {error.output}") from None


def make(package: OsPackage) -> dict[str, Script]:
    """All scripts of a package, by their names in its format."""
    own, kind = _read(package), package.format
    unit = f"{package.app}.service" if package.systemd_unit else ""
    parts = {
        "before": [
            _call(own, "before-install", _FRESH[kind]),
            _call(own, "before-upgrade", _REPLACES[kind]),
        ],
        "after": [
            _systemd(unit, "daemon-reload"),
            _systemd(unit, f"try-restart {unit}", _UPGRADES[kind]),
            _call(own, "after-install", _INSTALLS[kind]),
            _call(own, "after-upgrade", _UPGRADES[kind]),
        ],
        "leaving": [
            _call(own, "before-remove", _REMOVES[kind]),
            _systemd(unit, f"--no-reload disable --now {unit}", _REMOVES[kind]),
            _without_byte_code(package) if kind == "deb" else "",
        ],
        "left": [
            _systemd(unit, "daemon-reload"),
            _without_orphans(package) if kind == "rpm" else "",
            _call(own, "after-remove", _REMOVES[kind]),
        ],
    }
    made = {}
    for part, pieces in parts.items():
        functions = [_function(own, moment) for moment in own if _in(part, moment)]
        body = "".join([*functions, *pieces])
        if body:
            bash = any(_shell(m, own[m]) == "/bin/bash" for m in own if _in(part, m))
            made[_NAMES[kind][part]] = Script(_SHELLS[bash], f"set -e\n{body}")
    return made


def _in(part: str, moment: str) -> bool:
    """Whether the user's script for an event is part of one of the package's scripts."""
    when, _, what = moment.partition("-")
    if what == "remove":
        return part == ("leaving" if when == "before" else "left")
    return part == when


def _read(package: OsPackage) -> Mapping[str, str]:
    texts = {}
    for moment, path in sorted(package.scripts.items()):
        with InputPathError.wrapping(f"--{moment}: cannot read the script", path):
            texts[moment] = path.read_text("utf-8", "surrogateescape")
    return texts


def _shell(moment: str, text: str) -> str:
    """The shell that a script requests."""
    found = re.match(r"#!\s*(?:/usr/bin/env\s+|(?:/usr)?/bin/)(\S+)", text)
    if not text.startswith("#!") or (found and found[1] in ("sh", "dash")):
        return "/bin/sh"
    if found and found[1] == "bash":
        return "/bin/bash"
    raise UsageError(
        f"--{moment}: the script is for {text.partition(chr(10))[0]}",
        "it must be an sh or bash script",
    )


def _function(own: Mapping[str, str], moment: str) -> str:
    """A script as a function, in a subshell so that it may exit."""
    body = re.sub(r"\A#!.*\n?", "", own[moment]).rstrip()
    return f"{moment.replace('-', '_')}() (\n:\n{body}\n)\n"


def _call(own: Mapping[str, str], moment: str, condition: str) -> str:
    if moment not in own:
        return ""
    return f'if {condition}; then\n    {moment.replace("-", "_")} "$@"\nfi\n'


def _systemd(unit: str, command: str, condition: str = "") -> str:
    """Run systemctl for a service, if systemd is running."""
    if not unit:
        return ""
    test = (
        f"{condition} && [ -d /run/systemd/system ]" if condition else "[ -d /run/systemd/system ]"
    )
    return f"if {test}; then\n    systemctl {command} >/dev/null || :\nfi\n"


def _without_byte_code(package: OsPackage) -> str:
    """Remove byte code written by root's Python, before dpkg removes the package's own.

    dpkg does not complain about files that are already gone.
    """
    return (
        f'if [ "$1" != failed-upgrade ] && [ -d "{package.prefix}" ]; then\n'
        f'    find "{package.prefix}" -depth -type d -name __pycache__ -exec rm -rf {{}} +\nfi\n'
    )


def _without_orphans(package: OsPackage) -> str:
    """Remove byte code that root's Python wrote for modules that rpm has removed.

    rpm warns about each of its own files that is missing, so this runs after rpm. In an upgrade the
    new package's files already exist: byte code beside its modules is kept.
    """
    return f"""\
if [ -d "{package.prefix}" ]; then
    find "{package.prefix}" -depth -type d -name __pycache__ | while read -r ppr_folder; do
        set -- "$1" "${{ppr_folder%/*}}"/*.py
        [ -e "$2" ] || {{ rm -rf "$ppr_folder" && rmdir "${{ppr_folder%/*}}" 2>/dev/null; }} || :
    done
    [ "$1" != 0 ] || find "{package.prefix}" -depth -type d -empty -exec rmdir {{}} \\;
fi
"""
