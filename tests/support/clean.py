"""The environment the tests run in: of this site's settings, only how to reach the index is kept.

Settings that change how programs behave (configuration of pip, uv, conda and git, HOME, XDG
folders, locale, time zone, umask) are the same on every machine. Those needed to reach the package
index (proxies, certificates, the index itself) are this machine's, including those in pip.conf.

tests/run.sh evaluates the output of `python3 clean.py HOME`; `enter` does the same to a process.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping

HOME = "PYPACKAGE_TESTS_HOME"
"""The variable that is set if the environment is clean already."""

OWN_CONFIGURATION: dict[str, str | None] = {"PIP_CONFIG_FILE": None, "UV_NO_CONFIG": None}
"""For `Tools.start`: let pip and uv read the configuration files that a test has written."""

_KEPT = re.compile(
    r"PATH|LD_LIBRARY_PATH|TMPDIR|TERM|COLUMNS|CI|USER|LOGNAME|SHELL|PYENV_(ROOT|VERSION)"
    r"|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY"
    r"|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|STRESS"  # how many processes tests/shell/test_store_stress.py starts
    r"|COVERAGE_\w+"  # set by scripts/coverage.sh, for the processes that tests start
    r"|UV_(DEFAULT_INDEX|INDEX_URL|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_TIMEOUT)"
)
_PIP_KEPT = ("index-url", "proxy", "cert", "client-cert", "trusted-host", "retries", "timeout")


def variables(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """All variables of the clean environment.

    Args:
        environ: The current variables.
        home: An empty folder.
    """
    kept = {name: value for name, value in environ.items() if _KEPT.fullmatch(name)}
    if any(name.lower().endswith("s_proxy") or name.lower() == "http_proxy" for name in kept):
        for name in ("no_proxy", "NO_PROXY"):  # for the tests' own servers
            kept[name] = ",".join(filter(None, [kept.get(name), "127.0.0.1", "localhost"]))
    pyenv = os.path.join(environ.get("HOME", ""), ".pyenv")
    if os.path.isdir(pyenv):
        kept.setdefault("PYENV_ROOT", pyenv)
    return {
        **kept,
        **{f"PIP_{key.replace('-', '_').upper()}": v for key, v in _way_of_pip(environ).items()},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_DIRS": os.path.join(home, "no-configuration"),
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": home,
        HOME: home,
    }


def enter(home: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Give this process, and all processes it starts, the clean environment."""
    clean = variables(environ, home)
    for name in set(environ) - set(clean):
        del environ[name]
    environ.update(clean)
    time.tzset()
    os.umask(0o022)


def _way_of_pip(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of pip that it needs to reach the index; variables override files."""
    found: dict[str, str] = {}
    parser = configparser.RawConfigParser(strict=False)
    for path in _pip_files(environ):
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[name[4:].lower().replace("_", "-")] = value
    found = {key.removeprefix("default-"): value for key, value in found.items()}
    return {key: " ".join(value.split()) for key, value in found.items() if key in _PIP_KEPT}


def _pip_files(environ: Mapping[str, str]) -> Iterator[str]:
    """Pip's configuration files; later ones override earlier ones."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = environ.get("HOME", "")
    for folder in reversed((environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
        yield os.path.join(folder, "pip", "pip.conf")
    yield "/etc/pip.conf"
    yield os.path.join(home, ".pip", "pip.conf")
    config = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    yield os.path.join(config, "pip", "pip.conf")
    yield named


def main(home: str) -> None:
    """Print sh commands that give a shell the clean environment."""
    clean = variables(os.environ, home)
    for name in sorted(set(os.environ) - set(clean)):
        if re.fullmatch(r"[A-Za-z_]\w*", name):  # a shell knows no others
            sys.stdout.write(f"unset {name}\n")
    for name, value in sorted(clean.items()):
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
    sys.stdout.write("umask 022\n")


if __name__ == "__main__":
    main(sys.argv[1])
