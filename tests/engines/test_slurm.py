"""The job scripts of the examples, run by the real Slurm on nodes without Python."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.pipeline.commands import RUNNER
from tests.engines import slurm
from tests.engines.conftest import EXAMPLES, Archives, pack
from tests.engines.processes import Processes
from tests.engines.slurm import Slurm
from tests.support.needs import missing, need, need_module
from tests.support.tools import TREE, Tools
from tests.support.worker import Worker

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.fixture
def cluster(tmp_path: Path, archives: Archives, processes: Processes, bare_worker: Worker) -> Slurm:
    """Slurm, and the files of the examples in the folder that its nodes share."""
    if os.geteuid() != 0:
        missing("Slurm's daemons need root")
    need("sbatch")
    archive = archives("numpy")
    started = slurm.start(tmp_path, bare_worker, processes)
    shutil.copy(RUNNER, started.shared)
    os.link(archive, started.shared / "pi.tar.gz")
    script = (EXAMPLES / "pi.py").read_text()
    (started.shared / "pi.py").write_text(script.replace("1_000_000", "1_000"))
    return started


def hits(seed: int) -> str:
    """What a task prints."""
    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return f"{seed} {np.count_nonzero(x * x + y * y < 1)}"


def environments(cluster: Slurm, node: str) -> list[str]:
    """What is in a node's cache beside the store of parts."""
    caches = cluster.nodes[node].glob("python_package_run-0/*")
    return sorted(path.name for path in caches if path.name != "parts")


def test_job__one__prints_its_result(cluster: Slurm) -> None:
    job = cluster.submit(EXAMPLES / "slurm" / "job.sh")
    assert (cluster.shared / f"pi.{job}.out").read_text() == f"{hits(7)}\n"


def parts(cluster: Slurm, node: str) -> int:
    """How many parts are in a node's store."""
    return len(list(cluster.nodes[node].glob("python_package_run-0/parts/*")))


def test_job__array__one_unpack_a_node_and_of_a_changed_environment_what_is_new(
    cluster: Slurm, session_tools: Tools
) -> None:
    cluster.submit("--array=0-39", EXAMPLES / "slurm" / "array.sh")
    for seed in range(40):
        assert (cluster.shared / f"pi.{seed}.out").read_text() == f"{hits(seed)}\n"
    assert [len(environments(cluster, node)) for node in slurm.NODES] == [1, 1]
    before = [parts(cluster, node) for node in slurm.NODES]

    own = cluster.shared / "own.py"
    own.write_text("NAME = 'own'\n")
    with (cluster.shared / "pi.py").open("a") as script:
        script.write("import own\nprint(own.NAME)\n")
    thin = cluster.shared / "new.tar.gz"
    pack(session_tools, thin, ["numpy"], "--since", cluster.shared / "pi.tar.gz", "--add", own)
    own.unlink()
    assert thin.stat().st_size < 100_000
    job = cluster.submit(EXAMPLES / "slurm" / "thin.sh")
    lines = (cluster.shared / f"pi.{job}.out").read_text().splitlines()
    results = [line for line in lines if not line.startswith("srun: ")]
    assert sorted(results) == sorted([*map(hits, range(4)), *["own"] * 4])
    for node, former in zip(slurm.NODES, before, strict=True):
        assert parts(cluster, node) - former <= 3
        assert not list(cluster.nodes[node].glob("pi-*"))


def test_job__several_nodes__broadcast_unpacked_once_a_node_and_removed(cluster: Slurm) -> None:
    options = ("--nodes=2", "--ntasks-per-node=4")
    job = cluster.submit(*options, EXAMPLES / "slurm" / "nodes.sh")
    lines = (cluster.shared / f"pi.{job}.out").read_text().splitlines()
    # Slurm says so there when a step has to wait for the one before to be cleaned up.
    results = [line for line in lines if not line.startswith("srun: ")]
    assert sorted(results) == sorted(hits(seed) for seed in range(8))
    for node in slurm.NODES:
        assert not list(cluster.nodes[node].glob("pi-*")), "neither environment nor archive"


def test_dask_jobqueue__its_jobs__start_workers_in_the_environment(
    cluster: Slurm, archives: Archives, tmp_path: Path
) -> None:
    need_module("dask_jobqueue")
    archive = cluster.shared / "dask.tar.gz"
    os.link(archives("distributed", "numpy"), archive)
    settings = {
        "PYTHONPATH": str(TREE),
        "HOME": str(tmp_path),
        "DASK_JOBQUEUE__SLURM__SHEBANG": "#!/bin/sh",
        "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
    }
    client = replace(cluster, env={**cluster.env, **settings})
    program = EXAMPLES / "dask" / "pi_dask.py"
    lines = client.call(sys.executable, program, "SLURMCluster", archive, "30").splitlines()
    assert [line.rpartition(" ")[0] for line in lines] == [hits(seed) for seed in range(30)]
    assert all(line.split()[2].startswith("/tmp/python_package_run-0/") for line in lines)
