"""Read requirements JSON: this project's format, the two-key one, and both of poncho's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pypackage.core import urls
from pypackage.requirements.data_sources import COMPRESSIONS, Git, Http
from pypackage.requirements.formats import document
from pypackage.requirements.formats.document import Node, repr_short
from pypackage.requirements.match_specs import HOW_LISTED, VERSION, python_version
from pypackage.requirements.model import Requirements

KEYS = (
    *("python", "modules", "submodules", "standard", "conda", "pip", "optional", "local"),
    *("git", "http", "pinned"),
)
"""The known keys at the top."""

_VERSION = rf"{VERSION}\+?"


def loads(content: bytes, label: str) -> Requirements:
    """Read requirements from the content of a file that messages call `label`.

    Raises:
        RequirementsError: It is not valid; the message names the place inside the file.
    """
    return read(document.of_json(content, label))


def read(top: Node) -> Requirements:
    """Read the requirements in a document.

    Raises:
        RequirementsError: They are not valid; the message names the place inside the file.
    """
    conda = top.get("conda", {})
    listed = conda.get("dependencies", None)
    if listed.value is None:
        listed = conda.get("packages", [])
    # In poncho's newer format {"pip": [...]} is one of the dependencies.
    nested = [one for one in listed.items() if isinstance(one.value, dict)]
    specs = [one for one in listed.items() if not isinstance(one.value, dict)]
    for one in nested:
        for key, _ in one.entries():
            if key != "pip":
                raise one.invalid(f"expected only the key 'pip', not {key!r}", HOW_LISTED)
    pip = [word for one in (top, *nested) for word in one.get("pip", []).strings()]
    return Requirements(
        python=_python(top, specs),
        modules=tuple(module.module() for module in top.get("modules", []).items()),
        channels=conda.get("channels", []).strings(),
        dependencies=tuple(one.string() for one in specs),
        pip=tuple(pip),
        optional={name: one.string() for name, one in top.get("optional", {}).entries()},
        local=top.get("local", []).strings(),
        data=(
            *(_git(name, one) for name, one in top.get("git", {}).entries()),
            *(_http(name, one) for name, one in top.get("http", {}).entries()),
        ),
        submodules=tuple(one.module() for one in top.get("submodules", []).items()),
        standard=tuple(one.module() for one in top.get("standard", []).items()),
        pinned=tuple(_pinned(top.get("pinned", {}).get("conda", {}))),
    )


def _git(name: str, node: Node) -> Git:
    _check_variable(name, node)
    ref = node.get("ref", "")
    if ref.string().startswith("-"):
        raise ref.invalid(f"{repr_short(ref.value)} is not a branch, tag or commit")
    return Git(name, node.required("remote"), ref.string())


def _http(name: str, node: Node) -> Http:
    _check_variable(name, node)
    sha256 = node.get("sha256", "")
    if not re.fullmatch("([0-9a-fA-F]{64})?", sha256.string()):
        raise sha256.invalid(f"expected 64 hexadecimal digits, not {repr_short(sha256.value)}")
    kind = node.get("type", "file").one_of(("file", "tar"))
    compression = node.get("compression", "").one_of(COMPRESSIONS)
    url = node.required("url")
    if urls.scheme(url) not in ("http", "https", "ftp", "file"):
        shown = repr_short(urls.redact(url))  # in this order: a cut URL shows no end of its login
        raise node.get("url", "").invalid(f"{shown} is no URL of http, https, ftp or file")
    return Http(name, url, kind, compression, sha256.string())


# Setting these breaks the search for commands, or is impossible in bash.
_TAKEN = re.compile(r"PATH|IFS|PWD|HOME|PPID|E?UID|(BASH|SHELL)OPTS|(CONDA|PONCHO)_PREFIX|ppr_\w*")


def _check_variable(name: str, node: Node) -> None:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise node.invalid("not a name that a variable of the shell can have")
    if _TAKEN.fullmatch(name):
        raise node.invalid(
            "the shell or the runner needs this variable", "choose another name for the data"
        )


def _pinned(versions: Node) -> Iterator[str]:
    """Yield poncho's `pinned`: versions that conda packages must have if they are installed."""
    for name, version in versions.entries():
        text = version.string()
        yield f"{name}{text}" if text[:1] in ("<", ">", "=", "!", "~") else f"{name}={text}"


def _python(top: Node, specs: list[Node]) -> str:
    """Return the version under `python`, else that of the conda dependencies, if they have one."""
    node = top.get("python", "")
    version = node.string()
    if version and not re.fullmatch(_VERSION, version):
        raise node.invalid(f"expected a version such as 3.11.7, not {repr_short(version)}")
    if not (version or specs):
        raise node.invalid("missing", 'give a version, as in {"python": "3.11.7"}')
    versions = (version, *(python_version(one.string()) for one in specs))
    return next((one for one in versions if one and re.fullmatch(_VERSION, one)), "")
