"""The shell asks the executables for completions, as argcomplete lets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import need_module
from tests.support.tools import Tools

TREE = Path(__file__).parents[2]


def completions(tools: Tools, tool: str, words: str) -> list[str]:
    """What is offered at the end of a command line; the protocol is argcomplete's."""
    need_module("argcomplete")
    line = f"{tool} {words}"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    more = {"_ARGCOMPLETE_STDOUT_FILENAME": str(tools.cwd / "answer"), "_ARGCOMPLETE_IFS": "\n"}
    argv = [sys.executable, str(TREE / "bin" / tool)]
    environment = {**os.environ, "PYTHONPATH": str(TREE), **asked, **more}
    subprocess.run(argv, cwd=tools.cwd, env=environment, check=True, capture_output=True)
    return [word.strip() for word in (tools.cwd / "answer").read_text().split("\n")]


@pytest.mark.parametrize("family", ["python", "poncho"])
def test_completion__begun_option__those_that_begin_so(tools: Tools, family: str) -> None:
    assert completions(tools, f"{family}_package_analyze", "--pk") == ["--pkg-mapping"]
    assert "--format" in completions(tools, f"{family}_package_analyze", "--")
    assert "--channel" in completions(tools, f"{family}_package_create", "--ch")


def test_completion__option_with_choices__the_choices(tools: Tools) -> None:
    offered = completions(tools, "python_package_analyze", "x.py --format ")
    assert offered == ["json", "requirements.txt", "environment.yml"]


def test_completion__argument__files_of_the_folder(tools: Tools) -> None:
    (tools.cwd / "script.py").touch()
    assert completions(tools, "python_package_analyze", "scr") == ["script.py"]


def test_completion__scripts__are_marked_for_the_shell_to_ask_them() -> None:
    marked = [*(TREE / "bin").glob("*_package_[ac]*"), *(TREE / "pypackage/cli").glob("[ac]*e.py")]
    assert len(marked) == 6
    assert all("PYTHON_ARGCOMPLETE_OK" in path.read_text()[:1024] for path in marked)
