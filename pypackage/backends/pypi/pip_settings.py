"""Translate pip's configuration (pip.conf, PIP_*) for uv.

uv reads its own configuration but not pip's, which is where a site configures its mirror.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pypackage.core.package_names import normalize

# pip's option, uv's variables for it (the first one is set if none is), and the separator
# that uv expects between several values.
_VARIABLES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("index-url", ("UV_DEFAULT_INDEX", "UV_INDEX_URL"), ""),
    ("extra-index-url", ("UV_INDEX", "UV_EXTRA_INDEX_URL"), " "),
    ("find-links", ("UV_FIND_LINKS",), ","),
    ("no-index", ("UV_NO_INDEX",), ""),
    ("trusted-host", ("UV_INSECURE_HOST",), " "),
    ("constraint", ("UV_CONSTRAINT",), " "),
    ("build-constraint", ("UV_BUILD_CONSTRAINT",), " "),
    ("pre", ("UV_PRERELEASE",), ""),
    ("keyring-provider", ("UV_KEYRING_PROVIDER",), ""),
    ("timeout", ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"), ""),
    ("retries", ("UV_HTTP_RETRIES",), ""),
)
# pip's option, and the variables of all programs that it overrides.
_GENERAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cert", ("SSL_CERT_FILE",)),
    ("client-cert", ("SSL_CLIENT_CERT",)),
    ("proxy", ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy")),
)
OFF = ("", "0", "false", "no", "off")
"""The values of a variable, in lower case, that switch a flag off."""


def as_uv_environment(
    prefix: Path, environment: Mapping[str, str], given: Iterable[str] = ()
) -> dict[str, str]:
    """Return the variables that make uv follow pip's configuration.

    Args:
        prefix: Of the interpreter to install for; a virtual environment may have a pip.conf.
        environment: The current variables; uv's among them override pip's
            configuration.
        given: Options of a requirements file (`--index-url=…`), which override both.
    """
    options = _options(prefix, environment)
    found: dict[str, str] = {}
    for option, variables, separator in _VARIABLES:
        told = next((environment[name] for name in variables if environment.get(name)), "")
        words = [] if told else _in_uv_s_words(option, options.get(option, ""))
        named = [w for text in given for w in _in_uv_s_words(option, _value(text, option))]
        if separator and named:
            found[variables[0]] = separator.join([*filter(None, [told]), *words, *named])
        elif words or named:
            found[variables[0]] = separator.join(words) if separator else [*words, *named][-1]
    for option, variables in _GENERAL:
        if options.get(option, "").strip():
            found |= dict.fromkeys(variables, options[option].strip())
    if "UV_INDEX" in found and "UV_INDEX_STRATEGY" not in environment:
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip treats several indexes
    return found


def as_arguments(
    prefix: Path, environment: Mapping[str, str], given: Iterable[str] = (), *, sdists: bool
) -> list[str]:
    """Return uv's options for what pip is configured to build or not to build.

    Args:
        prefix: Of the interpreter to install for.
        environment: The current variables.
        given: Options of a requirements file, such as `--no-binary=…`.
        sdists: Whether anything may be built; otherwise only wheels are used.
    """
    if not sdists:
        return ["--only-binary=:all:"]
    wheels = _words(_options(prefix, environment).get("only-binary", ""))
    sources = to_build(prefix, environment, given)
    return [*(f"--no-binary={w}" for w in sources), *(f"--only-binary={w}" for w in wheels)]


def to_build(
    prefix: Path, environment: Mapping[str, str], given: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return what must be built from source (pip's `no-binary`): normalized names, or `:all:`.

    Args:
        prefix: Of the interpreter to install for.
        environment: The current variables.
        given: Options of a requirements file, such as `--no-binary=…`.
    """
    told = [_options(prefix, environment).get("no-binary", "")]
    told += [_value(text, "no-binary") for text in given]
    found: list[str] = []
    for word in (word for text in told for word in _words(text)):
        if word == ":none:":
            found = []
        else:
            found.append(word if word == ":all:" else normalize(word))
    return tuple(dict.fromkeys(found))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _value(text: str, option: str) -> str:
    """Return the value of a requirements file's option; empty if the text is another option."""
    name, equals, value = text.removeprefix("--").partition("=")
    if name != option:
        return ""
    if name == "find-links" and "://" not in value:
        return Path(value).absolute().as_uri()
    return value if equals else "1"


def _in_uv_s_words(option: str, value: str) -> list[str]:
    """Translate the values of pip's option to uv's; none if uv's default applies."""
    words = value.split()
    if option in ("no-index", "pre"):
        on = "allow" if option == "pre" else "1"
        return [] if value.strip().lower() in OFF else [on]
    if option == "keyring-provider":  # uv only uses keyring's program
        return [
            "disabled" if word == "disabled" else "subprocess" for word in words if word != "auto"
        ]
    if option in ("timeout", "retries"):  # uv takes integers, and no timeout of 0
        least = 1 if option == "timeout" else 0
        numbers = [word for word in words if re.fullmatch(r"\d+(\.\d*)?", word)]
        return [str(max(least, int(float(number)))) for number in numbers]
    return words


def _options(prefix: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return pip's options by long name; those of `pip install` and PIP_* override global ones."""
    parser = configparser.RawConfigParser(strict=False)
    for path in _files(prefix, environment):
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself reports it to its users
    options: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            options.update({k.replace("_", "-"): v for k, v in parser.items(section)})
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            options[name[4:].lower().replace("_", "-")] = value
    return {_ALIASES.get(name, name): value for name, value in options.items()}


_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}


def _files(prefix: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's configuration files; later ones override earlier ones."""
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return
    home = Path(environment.get("HOME") or Path.home())
    folders = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    for folder in reversed([one for one in folders if os.path.isabs(one)]):
        yield Path(folder, "pip", "pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf")
    yield prefix / "pip.conf"
    if named:
        yield Path(named)
