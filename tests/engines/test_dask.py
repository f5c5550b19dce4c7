"""Dask's workers in packed environments; its scheduler and client run outside."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pypackage.pipeline.commands import RUNNER
from tests.engines.conftest import EXAMPLES, Archives
from tests.engines.processes import Processes, free_port, run
from tests.shell.conftest import GNU
from tests.support.needs import need
from tests.support.tools import TREE
from tests.support.worker import Bind, Worker

pytestmark = pytest.mark.slow

TASKS = 50


@pytest.fixture
def archive(archives: Archives) -> Path:
    return archives("distributed", "numpy")


def count(cluster: str, archive: Path, folder: Path) -> list[list[str]]:
    """What the example prints: seed, hits and environment of each task."""
    words: list[str | Path] = [
        sys.executable,
        EXAMPLES / "dask" / "pi_dask.py",
        cluster,
        archive,
        str(TASKS),
    ]
    done = run(words, cwd=folder, env=environment(folder))
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def environment(folder: Path) -> Mapping[str, str]:
    """A user's environment in which tasks can find no Python but by what they are told."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("sh", *GNU.split()):
        (tools / name).symlink_to(need(name))
    return {
        "PATH": str(tools),
        "PYTHONPATH": str(TREE),
        "HOME": str(folder),
        "PYTHON_PACKAGE_CACHE": str(folder / "cache"),
        "TMPDIR": str(folder),
        "DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__ENABLED": "False",
    }


def check_results(results: Sequence[Sequence[str]], place: str) -> None:
    import numpy as np

    for seed in range(TASKS):
        x, y = np.random.default_rng(seed).random((2, 1000))
        assert results[seed][:2] == [str(seed), str(np.count_nonzero(x * x + y * y < 1))]
    (prefix,) = {result[2] for result in results}
    assert prefix.startswith(place)


def test_local_cluster__packed_workers__tasks_run_in_the_environment(
    archive: Path, tmp_path: Path
) -> None:
    check_results(count("local", archive, tmp_path), str(tmp_path / "cache"))
    assert not [path for path in (tmp_path / "cache").iterdir() if "lock" in path.name]


def test_workers__in_a_root_without_python__work_for_scheduler_and_client_outside(
    archive: Path, tmp_path: Path, processes: Processes, bare_worker: Worker
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    outside = {**os.environ, "TMPDIR": str(tmp_path)}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    place = ["--host", "127.0.0.1", "--port", address.rsplit(":")[-1]]
    processes.start("scheduler", [*scheduler, *place], env=outside)
    binds = [
        Bind(RUNNER, "/opt/python_package_run"),
        Bind(archive, "/opt/env.tar.gz"),
    ]
    run = ["/opt/python_package_run", "-e", "/opt/env.tar.gz", "--"]
    worker = ["python3", "-m", "distributed.cli.dask_worker", address, "--no-dashboard"]
    own = ["--nthreads", "1", "--local-directory", "/tmp", "--host", "127.0.0.1"]
    for name in ("one", "two"):
        command = bare_worker.command([*run, *worker, *own], binds=binds, network=True)
        processes.start(name, command)
    check_results(count(address, archive, tmp_path), "/tmp/python_package_run-1000/")


def test_packed_workers__functions_of_a_program__run_in_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("import iniconfig\ndef double(x): return 2 * x\n")
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\n"
        "import helper\n"
        "from distributed import Client\n"
        "from pypackage.integrations.dask import packed_workers\n"
        "def task(x):\n"
        "    return helper.double(x), sys.prefix\n"
        "if __name__ == '__main__':\n"
        "    with packed_workers(task, n_workers=1) as cluster, Client(cluster) as client:\n"
        "        results = client.gather(client.map(task, range(3)))\n"
        "    print([one for one, _ in results], {there != sys.prefix for _, there in results})\n"
    )
    env = {**environment(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "xdg")}
    done = run([sys.executable, program], cwd=tmp_path, env=env)
    assert done.stdout == "[0, 2, 4] {True}\n", done.stderr
