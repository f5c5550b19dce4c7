"""CPython built from Debian's source, and what PyDen does done with it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import cpython, worker
from tests.support.http import serve
from tests.support.needs import missing
from tests.support.tools import TREE, Tools
from tests.support.worker import WORKERS, Bind, Worker

pytestmark = pytest.mark.slow

MODULES = "bz2, ctypes, lzma, readline, sqlite3, ssl, zlib"

TASK = f"""\
import sys, {MODULES}
assert ctypes.CDLL(None).abs(-3) == 3
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
for one in (bz2, lzma, zlib):
    assert one.decompress(one.compress(b"text")) == b"text"
ssl.create_default_context()
print(sys.version.split()[0], sys.prefix)
"""


@dataclass(frozen=True)
class Built:
    """An interpreter, who has built it, and of what."""

    python: Path
    version: str
    tools: Tools
    source: Path
    said: str


@pytest.fixture(scope="module")
def built(session_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Built:
    try:
        source = cpython.debian(worker.debian_folder().with_name("cpython"))
    except LookupError as error:
        missing(str(error))
    tools = session_tools.at(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"))
    done = tools.create("--python-source", source, "-j2", timeout=1800)
    assert done.returncode == 0, done.stderr
    python = Path(done.stdout.strip())
    command: list[str | Path] = [python, "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return Built(python, version, tools, source, done.stderr)


def test_built__modules_of_libraries__are_all_there(built: Built) -> None:
    told = "".join(re.findall(r"(?:will have no|was built without) (.*)", built.said))
    assert not re.search(MODULES.replace(", ", "|"), told)
    subprocess.run([built.python, "-c", TASK], check=True)
    subprocess.run([built.python, "-m", "pip", "--version"], check=True)


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_built__on_a_bare_worker__runs_with_all_modules(
    built: Built, tools: Tools, tmp_path: Path, bare_worker: Worker
) -> None:
    needs = tmp_path / "needs.json"
    needs.write_text(json.dumps({"python": built.version, "modules": []}))
    done = tools.create("--python-source", built.source, needs, "./mine.tar.gz")
    assert done.returncode == 0, done.stderr
    assert "compiling Python" not in done.stderr
    again = tools.create("--rebuild", "-c", f"host:{built.python}", needs, "./again.tar.gz")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.tar.gz").read_bytes() == (tmp_path / "mine.tar.gz").read_bytes()
    shutil.copy(TREE / "bin/python_package_run", tmp_path)
    ran = bare_worker.run(
        ["./python_package_run", "-e", "mine.tar.gz", "python3", "-c", TASK],
        cwd="/task",
        binds=[Bind(tmp_path, "/task", writable=True)],
        env={"PYTHON_PACKAGE_CACHE": "/task/cache"},
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"{built.version} /task/cache/")
    (unpacked,) = (tmp_path / "cache").glob("[0-9a-f]*")
    private = str(built.tools.cache).encode()
    files = [path for path in unpacked.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 500
    assert [path for path in files if private in path.read_bytes()] == []


def test_pyden__its_commands__have_the_counterparts_that_the_page_tells(
    built: Built, tmp_path: Path
) -> None:
    tools = built.tools
    place = tmp_path / built.version
    place.mkdir()
    shutil.copy(built.source, place / f"Python-{built.version}.tgz")
    shutil.copy(built.source, tools.cwd / "mypython.tgz")
    needs = {"python": built.version, "modules": []}
    (tools.cwd / "requirements.json").write_text(json.dumps(needs))
    page = (TREE / "docs/from-vdist-and-pyden.md").read_text().replace("3.11.2", built.version)
    rows = re.findall(r"^\| `(.*?)` \| `python_package_create (.*?)` \|$", page, re.M)
    said = {}
    with serve(tmp_path) as server:
        env = {"PYPACKAGE_PYTHON_MIRROR": server.url}
        for pyden, here in rows:
            done = tools.create(*shlex.split(here), env=env, timeout=300)
            assert done.returncode == 0, f"{here}: {done.stderr}"
            said[pyden] = done.stdout
            if pyden.endswith(" install numpy"):
                _check_numpy(tools.environments / "mypy")
            if pyden.endswith(" uninstall numpy"):
                assert not list((tools.environments / "mypy").rglob("numpy"))
    assert said[f"createdist version={built.version}"] == f"{built.python}\n"
    assert said[f"createdist version={built.version} download=mypython.tgz"] == f"{built.python}\n"
    assert f"{built.version} " in said["getversions"]
    listed = [line.split()[:3] for line in said["getvenvs"].splitlines()]
    assert ["environment", "mypy", built.version] in listed
    assert not (tools.environments / "mypy").exists()
    assert not built.python.exists()
    assert set(re.findall(r"\w+", " ".join(said))) >= {"createvenv", "pip", "pydelete"}


def _check_numpy(prefix: Path) -> None:
    code = "import numpy; print(numpy.arange(4).sum())"
    done = subprocess.run([prefix / "bin/python", "-c", code], capture_output=True, text=True)
    assert done.stdout == "6\n", done.stderr
