"""README.md and docs/: complete as to the options, and without links to nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import need_module

ROOT = Path(__file__).parents[2]

# README.md has the short form of these, or says that they are options of all tools, or has the
# first and the last of a row.
_SHORT = {"--help", "--quiet", "--verbose", "--module", "--jobs"}
_SHORT |= {"--help-images", "--help-splunk", "--help-environments", "--help-interpreters"}
_SHORT |= {"--after-install", "--before-remove", "--after-remove", "--before-upgrade"}
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("tool", ["analyze", "create", "run"])
def test_documentation__each_option_of_a_tool__is_in_readme_and_in_its_page(tool: str) -> None:
    program = ROOT / "bin" / f"python_package_{tool}"
    words: list[str | Path] = [program, "--help", *(["all"] if tool == "create" else [])]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", said))
    assert len(options) > 10
    for page in (ROOT / "README.md", ROOT / "docs" / f"python_package_{tool}.md"):
        missing = options - set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text()))
        assert not missing - _SHORT, page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_documentation__links_within_the_project__lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^()\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_documentation__tests_that_are_named__are_there() -> None:
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text))
    assert len(named) > 20
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).exists(), name


@pytest.mark.slow
def test_documentation__site__is_built_without_a_warning(tmp_path: Path) -> None:
    need_module("mkdocs", ".[docs]")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(ROOT / "mkdocs.yml"),
    ]
    done = subprocess.run([*command, "--site-dir", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "api_reference/index.html").read_text()
    assert 'id="pypackage.api.environment_for"' in reference


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in headings}
