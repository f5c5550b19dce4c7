"""Read the packages that notebooks install (`%pip`, `!pip`, `%conda` etc.), and PEP 723."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from pypackage.analysis.imports import ipython
from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.model import place
from pypackage.core.errors import PackageError
from pypackage.requirements import formats
from pypackage.requirements.declarations import Collector, Declarations

_COMMAND = re.compile(
    r"(?m)^[ \t]*(?:#[ \t](?:MAGIC[ \t])?)?(?:%%?|!+)[ \t]*(?:\{?sys\.executable\}?[ \t]+-m[ \t]+|"
    r"python[\d.]*[ \t]+-m[ \t]+|uv[ \t]+)?(pip[\d.]*|conda|mamba|micromamba)[ \t]+install\b"
    r"((?:[^\n\\;&|]|\\\n?)*)"
)
_WITH_VALUE = {
    *("-c", "--channel", "-n", "--name", "-p", "--prefix", "-i", "--index-url", "-f", "-t"),
    *("--extra-index-url", "--find-links", "--target", "--root", "--trusted-host", "--src"),
    *("-e", "--editable", "--constraint", "--python", "--platform", "--progress-bar"),
    *("-r", "--requirement", "--file", "--no-binary", "--only-binary", "--upgrade-strategy"),
    *("--timeout", "--retries", "--proxy", "--cert", "--log", "--cache-dir", "--abi", "--prefix"),
    *("--python-version", "--implementation", "--config-settings", "-C", "--global-option"),
    *("--report", "--group", "--solver", "--index-strategy", "--index", "--default-index"),
}
_FILES = ("-r", "--requirement", "--file")
_TOOLS = {"conda", "pip", "setuptools", "uv", "wheel"}
_BLOCK = "# /// script"


def declare(source: bytes, label: str) -> Declarations:
    """Return what a notebook or a script in cells installs, whether it is imported or not.

    Commands that cannot be taken over, such as those with a path, become warnings.

    Raises:
        SourceError: The source is not a valid notebook, or cannot be decoded.
        RequirementsError: Its inline metadata is invalid.
    """
    texts = list(_texts(source, label))
    made = Collector()
    is_script = label.endswith((".py", ".pyw")) or label == "<stdin>"
    for number, text in texts:
        is_of_databricks = text.startswith("# Databricks notebook source")
        if is_script and not number and "# %%" not in text and not is_of_databricks:
            if "get_ipython()." not in text:
                continue  # outside cells, a line that looks like such a command is not one
            text = ipython.as_magics(text)
        for match in _COMMAND.finditer(text):
            where = place(label, text.count("\n", 0, match.start()) + 1, 1, number)
            _take(made, match[1], match[2].replace("\\\n", " "), where)
    whole = "\n".join(text for _, text in texts)
    parts = [made.made()]
    if _BLOCK in whole:
        parts.append(formats.inline(whole, label))
    return formats.merge(parts)


def _texts(source: bytes, label: str) -> Iterator[tuple[int, str]]:
    """Yield the cells with their numbers, or the whole source as number 0."""
    if label.endswith(".ipynb") or source.lstrip().startswith(b"{"):
        from pypackage.analysis.imports import notebook

        for cell in notebook.cells(source, label):
            shell = re.match(r"\s*%%(?:bash|sh|!)[^\n]*\n", cell.text)
            yield cell.number, re.sub(r"(?m)^", "!", cell.text) if shell else cell.text
    else:
        yield 0, decode(source, label)


def _take(made: Collector, tool: str, rest: str, where: str) -> None:
    """Collect the packages of one command."""
    try:
        words = iter(shlex.split(rest, comments=True))
    except ValueError:
        words = iter(rest.split())
    for word in words:
        option, equals, value = word.partition("=")
        if word.startswith("-"):
            given = value if equals else next(words, "") if option in _WITH_VALUE else ""
            if option in _FILES or (option == "-f" and not tool.startswith("pip")):
                what = f"{where}: what {given} names is installed there"
                made.warnings.append(f"{what}, but not taken over; --declared {given} reads it")
            elif tool.startswith("pip") and option in ("-e", "--editable"):
                _add(made, given, where)
            elif not tool.startswith("pip") and option in ("-c", "--channel"):
                made.channels.append(given)
        elif tool.startswith("pip"):
            _add(made, word, where)
        else:
            _add_conda(made, word, where)


def _add(made: Collector, word: str, where: str) -> None:
    text = word.strip()
    if re.match(r"(?:git|hg|svn|bzr)\+|https?://", text):
        name = _name_of(text)
        text = f"{name} @ {text}" if name else text
    if re.split(r"[^\w.-]", text)[0].lower() in _TOOLS:
        return
    try:
        made.add(text, where, wanted=True)
    except PackageError:
        made.warnings.append(f"{where}: {word} is installed there, but not taken over")


def _add_conda(made: Collector, word: str, where: str) -> None:

    channel, colons, spec = word.rpartition("::")
    if colons:
        made.channels.append(channel)
    if re.split(r"[^\w.-]", spec)[0] in _TOOLS:
        return
    try:
        made.add_conda(spec, where)
    except (PackageError, ValueError):
        made.warnings.append(f"{where}: {word} is installed there, but not taken over")


def _name_of(url: str) -> str:
    """The package name in a URL: its egg fragment, else from the file or repository name."""
    egg = re.search(r"[#&]egg=([\w.-]+)", url)
    if egg:
        return egg[1]
    last = url.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    last = last.partition("@")[0]
    wheel = re.match(r"([\w.]+)-[^-]+-.*\.whl$", last)
    if wheel:
        return wheel[1]
    sdist = re.match(r"(.+?)-\d[\w.]*\.(?:tar\.gz|zip)$", last)
    name = sdist[1] if sdist else last.removesuffix(".git")
    return name if re.fullmatch(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", name) else ""
