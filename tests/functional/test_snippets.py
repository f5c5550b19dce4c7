"""The code in README.md and docs/: that it is valid, and says what the tools and library take."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from pypackage.integrations.vdist.build import BuildOptions
from pypackage.pipeline.commands import RUNNER
from pypackage.pipeline.option_types import CreateOptions, EnvironmentOptions
from tests.support.tools import TREE, Tools

PAGES = sorted([TREE / "README.md", *TREE.glob("docs/**/*.md"), *TREE.glob("integrations/*/*.md")])
TOOLS = ("python_package_analyze", "python_package_create", "python_package_run")


class Snippet(NamedTuple):
    place: str
    language: str
    text: str


def _snippets() -> Iterator[Snippet]:
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, found.start()) + 1
            place = f"{page.relative_to(TREE).as_posix()}:{line}"
            yield Snippet(place, found[2], textwrap.dedent(found[3]))


SNIPPETS = list(_snippets())


def of(*languages: str) -> pytest.MarkDecorator:
    chosen = [one for one in SNIPPETS if one.language in languages]
    return pytest.mark.parametrize("snippet", chosen, ids=lambda one: one.place)


@of("json", "yaml")
def test_snippet__data__can_be_read(snippet: Snippet) -> None:
    read = json.loads if snippet.language == "json" else yaml.safe_load
    text = snippet.text
    if text.startswith('"'):  # members of an object that the page tells of
        text = f"{{{text}}}"
    elif text.startswith("    "):  # the end of a pod's container, and what follows it
        text = f"containers:\n  - name: one\n{text}"
    assert read(text)


@of("python")
def test_snippet__python__names_and_arguments_are_those_of_the_library(snippet: Snippet) -> None:
    if re.match(r"rule \w+:", snippet.text):
        pytest.skip("Snakemake's own language")
    tree = ast.parse(snippet.text)
    names: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.startswith("pypackage"):
                    names["pypackage"] = importlib.import_module(one.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pypackage"):
            module = importlib.import_module(node.module or "")
            names |= {one.asname or one.name: getattr(module, one.name) for one in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _check_call(node, names)


def _check_call(call: ast.Call, names: Mapping[str, Any]) -> None:
    called = _value(call.func, names)
    if called is None:
        return
    parameters = inspect.signature(called).parameters
    known = set(parameters)
    for one in parameters.values():
        if one.kind is one.VAR_KEYWORD:
            options = {
                "Unpack[CreateOptions]": CreateOptions,
                "Unpack[EnvironmentOptions]": EnvironmentOptions,
                "Unpack[BuildOptions]": BuildOptions,
            }.get(str(one.annotation))
            if options is None:
                return
            known |= set(options.__annotations__)
    assert {one.arg for one in call.keywords if one.arg} <= known, ast.unparse(call)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression of names and attributes is; None if it is not of the library."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        above = _value(node.value, names)
        return None if above is None else getattr(above, node.attr)
    return None


@of("sh")
def test_snippet__shell__is_valid_and_has_options_that_there_are(snippet: Snippet) -> None:
    # Three dots stand for what the reader has; "# comments" are sh's own.
    done = subprocess.run(["sh", "-n"], input=snippet.text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    for line in snippet.text.replace("\\\n", " ").splitlines():
        for tool, options in _calls(line):
            assert options <= _options(tool), line


def _calls(line: str) -> Iterator[tuple[str, set[str]]]:
    words = shlex.split(line, comments=True)
    for position, word in enumerate(words):
        tool = Path(word).name
        if tool in TOOLS:
            rest = words[position + 1 :]
            own = rest[: rest.index("--")] if "--" in rest else rest
            yield tool, {one.partition("=")[0] for one in own if re.match("--[a-z]", one)}


@functools.cache
def _options(tool: str) -> set[str]:
    words = [str(TREE / "bin" / tool), "--help", *(["all"] if tool.endswith("create") else [])]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))


def test_snippets__each__is_run_or_has_the_reason_why_not() -> None:
    told = yaml.safe_load((TREE / "tests/data/snippets.yml").read_text())
    found: dict[str, set[str]] = {}
    for one in SNIPPETS:
        if one.language in ("python", "sh"):
            page, first = one.place.partition(":")[0], one.text.partition("\n")[0]
            found.setdefault(page, set()).add(first)
    assert set(told) == set(found)
    for page, firsts in found.items():
        assert set(told[page]) - {"rest"} <= firsts, page
        assert "rest" in told[page] or firsts <= set(told[page]), page
        for what in told[page].values():
            path, _, name = what.partition("::")
            if " " not in what:  # it is no reason
                assert (
                    f"def {name}" in (TREE / path).read_text() if name else (TREE / path).exists()
                )


def test_snippets__of_the_analyzer__run(tools: Tools) -> None:
    own = [one for one in SNIPPETS if one.place.startswith("docs/python_package_analyze.md")]
    _, *own = [one for one in own if one.language in ("sh", "python")]
    files = {
        "script.py": "class Model:\n    def fit(self): import iniconfig\ndef task(): pass\n",
        "mypackage/tool.py": "import iniconfig\n",
        "project/main.py": "import iniconfig\n",
        "m.py": "def f():\n    import iniconfig\n",
        "pyproject.toml": "[project]\nname = 'one'\nversion = '1'\ndependencies = ['iniconfig']\n",
    }
    for name, text in files.items():
        path = tools.cwd / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in ("here/lib", "common"):
        (tools.cwd / folder).mkdir()
    (tools.home / "env/bin").mkdir(parents=True)
    (tools.home / "env/bin/python").symlink_to(sys.executable)
    ways = {"sh": ["sh", "-eu", "-c"], "python": [sys.executable, "-c"]}
    for one in own:
        before = "from m import f as task\n" if one.language == "python" else ""
        done = subprocess.run(
            [*ways[one.language], before + one.text],
            cwd=tools.cwd / "here",
            env={**tools.environment, "PYTHONPATH": str(TREE)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{one.place}: {done.stderr}"


def _page(page: str, *firsts: str) -> list[str]:
    """The snippets of a page that begin so, in their order."""
    own = [one.text for one in SNIPPETS if one.place.startswith(f"{page}:")]
    return [text for text in own if text.startswith(firsts)]


@pytest.mark.slow
def test_snippets__of_the_first_page__make_what_they_say(tools: Tools) -> None:
    firsts = ("pip install", "./python_package_run", "python_package_create -c host", "mkdir")
    texts = _page("README.md", *firsts)
    program = "import iniconfig\nprint(iniconfig.IniConfig.__name__)\n"
    (tools.cwd / "script.py").write_text(program)
    (tools.cwd / "python_package_run").symlink_to(RUNNER)
    for text in texts:
        done = subprocess.run(
            ["sh", "-eu", "-c", f"pip() {{ :; }}\n{text}"],  # the tools are installed
            cwd=tools.cwd,
            env=tools.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{text}: {done.stderr}"
        assert done.stdout.count("IniConfig") == text.count("python3 script.py"), text
    first, again = (tools.cwd / name for name in ("myenv.tar.gz", "again.tar.gz"))
    assert first.read_bytes() == again.read_bytes()
