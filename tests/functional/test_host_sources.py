"""The host channel and packages of an index that have to be built, or are to be."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pypackage.python import interpreter
from tests.support import wheels
from tests.support.tools import Tools

BASE = interpreter.ask(interpreter.ask(Path(sys.executable)).base_executable)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    wheels.sdist(folder, "unbuilt")
    wheels.wheel(folder, "both")
    wheels.sdist(folder, "both")
    return folder


def create(
    tools: Tools, shelf: Path, lines: str, *options: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Make e.tar of a requirements file's lines."""
    (tools.cwd / "needs.txt").write_text(lines)
    where = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf), "PIP_CONFIG_FILE": None, **env}
    given = [*options, "-c", f"host:{BASE.executable}", "needs.txt", "e.tar"]
    return tools.create("-q", "--no-verify", *given, env=where)


def module(tools: Tools, name: str) -> str:
    """The source of a module in e.tar."""
    with tarfile.open(tools.cwd / "e.tar") as tar:
        (path,) = [path for path in tar.getnames() if path.endswith(f"-packages/{name}.py")]
        found = tar.extractfile(path)
        assert found
        return found.read().decode()


@pytest.mark.parametrize(
    ("lines", "env"),
    [
        ("both\n--no-binary both\n", {}),
        ("both\n--no-binary :all:\n", {}),
        ("both\n", {"PIP_NO_BINARY": "both"}),
    ],
)
def test_no_binary__wheel_and_source__is_built_where_that_is_allowed(
    tools: Tools, shelf: Path, lines: str, env: dict[str, str]
) -> None:
    refused = create(tools, shelf, lines, **env)
    assert refused.returncode == 4
    assert "both 1.0 is to be built of its source (no-binary)\n" in refused.stderr
    assert "--allow-sdist builds here" in refused.stderr
    done = create(tools, shelf, lines, "--allow-sdist", **env)
    assert done.returncode == 0, done.stderr
    assert module(tools, "both").startswith("BUILT_BY")


def test_allow_sdist__no_wheel__is_built_with_the_interpreter(tools: Tools, shelf: Path) -> None:
    refused = create(tools, shelf, "unbuilt\n")
    assert refused.returncode == 4
    assert "--allow-sdist builds here" in refused.stderr
    assert "--no-build" not in refused.stderr  # uv's option
    done = create(tools, shelf, "unbuilt\nboth\n", "--allow-sdist")
    assert done.returncode == 0, done.stderr
    major, minor = BASE.major_minor.split(".")
    assert module(tools, "unbuilt") == f"BUILT_BY = ({major}, {minor})\n"
    assert module(tools, "both") == "VERSION = '1.0'\n"


def test_allow_sdist__build_fails__shows_the_log_and_what_is_missing(
    tools: Tools, tmp_path: Path
) -> None:
    project = tmp_path / "broken"
    project.mkdir()
    system = '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    (project / "pyproject.toml").write_text(system)
    compiles = "import subprocess\ndef build_wheel(*_):\n    print('compiling')\n"
    (project / "backend.py").write_text(f"{compiles}    subprocess.run(['/nowhere/gcc'])\n")
    with tarfile.open(tmp_path / "shelf.tar.gz", "w:gz") as archive:
        archive.add(project, "broken-1.0")
    lines = f"broken @ {(tmp_path / 'shelf.tar.gz').as_uri()}\n"
    done = create(tools, tmp_path, lines, "--allow-sdist")
    assert done.returncode == 4
    assert "compiling" in done.stderr
    assert "a C compiler is missing: apt-get install gcc" in done.stderr
