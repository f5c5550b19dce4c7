"""The environments that engines' tasks run in, and the daemons of a test."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.engines.processes import LIMIT, PATIENCE, Processes
from tests.support.needs import need_module
from tests.support.tools import TREE, Tools

EXAMPLES = TREE / "examples"

Archives = Callable[..., Path]

_QUICK = ("--compress-level", "1", "--no-verify")  # other tests are about these


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound each test of this folder: daemons that never come would keep it waiting."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(LIMIT))


@pytest.fixture(scope="session")
def archives(session_tools: Tools) -> Archives:
    """Gives the archive of this Python and some modules, made once."""

    def archive(*modules: str) -> Path:
        for module in modules:
            need_module(module)
        output = session_tools.cwd / f"{'-'.join(modules)}.tar.gz"
        if not output.exists():
            pack(session_tools, output, modules)
        return output

    return archive


def pack(tools: Tools, output: Path, modules: Sequence[str], *options: str | Path) -> None:
    """Make an archive of this Python and some modules."""
    requirements = tools.cwd / f"{output.name}.json"
    needed = {"python": platform.python_version(), "modules": sorted(modules)}
    requirements.write_text(json.dumps(needed))
    words = (*_QUICK, "-c", f"host:{sys.executable}", *options, requirements, output)
    done = tools.create(*words, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts what runs beside the test, and ends it afterwards."""
    folder = tmp_path / "logs"
    folder.mkdir()
    started = Processes(folder)
    try:
        yield started
    finally:
        started.end_all()
