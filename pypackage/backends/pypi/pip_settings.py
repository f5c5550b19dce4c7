"""pip's own configuration (indexes, proxies, certificates), said in the words of uv.

uv reads its own configuration, but not pip's, which is where a site writes down its mirror.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

# pip's option, uv's variables for it (the first is set when none is), and the separator
# that uv expects between several values.
_VARIABLES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("index-url", ("UV_DEFAULT_INDEX", "UV_INDEX_URL"), ""),
    ("extra-index-url", ("UV_INDEX", "UV_EXTRA_INDEX_URL"), " "),
    ("find-links", ("UV_FIND_LINKS",), ","),
    ("no-index", ("UV_NO_INDEX",), ""),
    ("trusted-host", ("UV_INSECURE_HOST",), " "),
    ("constraint", ("UV_CONSTRAINT",), " "),
    ("cert", ("SSL_CERT_FILE",), ""),
    ("proxy", ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"), ""),
    ("timeout", ("UV_HTTP_TIMEOUT",), ""),
)


def as_uv_environment(prefix: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv fetch from where pip would.

    Args:
        prefix: Of the interpreter to install for; a virtual environment may have a pip.conf.
        environment: The present variables; what they say to uv already is left alone.
    """
    options = _options(prefix, environment)
    found: dict[str, str] = {}
    for option, variables, separator in _VARIABLES:
        value = options.get(option, "").split()
        if value and not any(name in environment for name in variables):
            found[variables[0]] = separator.join(value) if separator else value[-1]
    if "UV_INDEX" in found and "UV_INDEX_STRATEGY" not in environment:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip weighs several indexes
    return found


def _options(prefix: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Pip's options by long name; those of `pip install` and PIP_* go before the global."""
    parser = configparser.RawConfigParser(strict=False)
    for path in _files(prefix, environment):
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself says so to whom it concerns
    options: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            options.update({k.replace("_", "-"): v for k, v in parser.items(section)})
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            options[name[4:].lower().replace("_", "-")] = value
    if options.get("no-index", "").lower() in ("0", "false", "no", "off"):
        del options["no-index"]
    return options


def _files(prefix: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Pip's configuration files; what a later one says goes before an earlier one's."""
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = Path(environment.get("HOME") or Path.home())
    for folder in reversed(environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield prefix / "pip.conf"
    if named:
        yield Path(named)
