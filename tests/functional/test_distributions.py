"""Workers of several distributions: one archive, made here, does on each what it does here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import roots, tls, wheels, worker
from tests.support.needs import missing, need
from tests.support.tools import TREE, Tools
from tests.support.worker import Bind, NoWorkerError

pytestmark = pytest.mark.root

PROGRAM = TREE / "tests/data/programs/expectations.py"

EXPECTED = """\
https 200
sqlite ('ABC', 7)
spawn 6
ctypes 5
curses 8
zone 7200
venv True
"""


@pytest.fixture(scope="module")
def archive(session_tools: Tools) -> Path:
    """An environment of the host channel, with pip."""
    needs = '{"modules": ["pip"], "python": "3"}'
    where = ("-q", "-c", "host", "-", "./distributions.tar.gz")
    done = session_tools.create(*where, stdin=needs, timeout=600)
    assert done.returncode == 0, done.stderr
    return session_tools.cwd / "distributions.tar.gz"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, a wheel to install, and a server's certificate."""
    need("openssl")
    folder = tmp_path_factory.mktemp("data")
    tls.make(folder)
    wheels.wheel(folder, "said")
    shutil.copy(PROGRAM, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for roots, where those of Debian are kept."""
    kept = worker.debian_folder().parent
    kept.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="roots-") as made:
        yield Path(made)


@pytest.mark.parametrize("name", roots.NAMES)
def test_archive__on_another_distribution__finds_all_that_it_expects(
    name: roots.Name, archive: Path, data: Path, folder: Path
) -> None:
    try:
        machine = roots.make(name, folder, data / "ca.pem")
    except NoWorkerError as error:
        missing(str(error))
    binds = [
        Bind(TREE / "bin/python_package_run", "/task/run"),
        Bind(archive, "/task/e.tar.gz"),
        Bind(data, "/data"),
    ]
    command = ["/task/run", "-e", "/task/e.tar.gz", "python3", "/data/expectations.py", "/data"]
    done = machine.run(command, binds=binds, timeout=180)
    assert (done.stdout, done.returncode) == (EXPECTED, 0), done.stderr


def test_archive__on_a_machine_with_musl__exits_4_with_one_line(
    archive: Path, folder: Path
) -> None:
    try:
        machine = roots.make_musl(folder)
    except NoWorkerError as error:
        missing(str(error))
    binds = [Bind(TREE / "bin/python_package_run", "/task/run"), Bind(archive, "/task/e.tar.gz")]
    done = machine.run(["sh", "/task/run", "-e", "/task/e.tar.gz", "python3"], binds=binds)
    assert (done.stdout, done.returncode) == ("", 4)
    assert done.stderr.endswith("and this machine has musl instead\n")
    assert len(done.stderr.splitlines()) == 1
