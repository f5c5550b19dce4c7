"""Tasks that the real Work Queue runs on workers in a root file system without Python."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.pipeline.commands import RUNNER
from tests.engines.conftest import EXAMPLES, Archives
from tests.engines.processes import PATIENCE, Processes, free_port
from tests.support.needs import missing, need
from tests.support.tools import TREE, Tools
from tests.support.worker import Bind, Worker

pytestmark = pytest.mark.slow

TASKS = 120

# Tells which unpacked environment a task ran in: a second unpack would make other files.
TELL_UNPACK = """
    import os
    mark = os.stat(os.path.join(sys.prefix, "etc/pypackage/unpacked"))
    print(sys.prefix, mark.st_ino, mark.st_mtime_ns)
"""


@pytest.fixture
def workflow(tmp_path: Path, archives: Archives) -> Path:
    """The folder of the example, as its user prepares it."""
    folder = tmp_path / "workflow"
    shutil.copytree(EXAMPLES / "work_queue", folder)
    script = (EXAMPLES / "pi.py").read_text()
    (folder / "pi.py").write_text(script.replace("1_000_000", "1_000") + TELL_UNPACK)
    shutil.copy(RUNNER, folder)
    os.link(archives("numpy"), folder / "pi.tar.gz")
    return folder


def start_worker(
    name: str, processes: Processes, worker: Worker, port: int, folder: Path
) -> subprocess.Popen[bytes]:
    """A Work Queue worker of one core in the bare root, all of whose files lie in `folder`."""
    program = need("work_queue_worker")
    folder.mkdir()
    told = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    (library,) = (line.split()[2] for line in told.splitlines() if "libz.so" in line)
    binds = [
        Bind(Path(program), "/opt/work_queue_worker"),
        Bind(Path(library), f"/opt/{Path(library).name}"),
        Bind(folder, "/scratch", writable=True),
    ]
    command = [
        *("/opt/work_queue_worker", "localhost", str(port)),
        *("--cores=1", "--single-shot", "-t", "120", "-s", "/scratch"),
    ]
    env = {"LD_LIBRARY_PATH": "/opt"}
    return processes.start(name, worker.command(command, env=env, binds=binds, network=True))


def results(folder: Path) -> dict[int, list[str]]:
    """What each finished task printed: seed and hits, and the environment it ran in."""
    texts = [path.read_text().splitlines() for path in folder.glob("pi.[0-9]*")]
    return {int(text[0].split()[0]): text for text in texts if len(text) == 2}


def unpacks(folder: Path) -> set[str]:
    return {text[1] for text in results(folder).values()}


def test_makeflow__a_worker_is_killed__all_results_one_unpack_a_worker_nothing_left(
    workflow: Path, processes: Processes, bare_worker: Worker, tmp_path: Path
) -> None:
    makeflow = processes.start(
        "makeflow",
        [
            *(need("makeflow"), "--jx"),
            *("--jx-define", f"TASKS={TASKS}", "-T", "wq", "-p", "0", "-Z", "port"),
            "workflow.jx",
        ],
        cwd=workflow,
    )
    port = int(processes.wait_for("port", lambda: read(workflow / "port")))
    one, two = (
        start_worker(name, processes, bare_worker, port, tmp_path / name) for name in ("one", "two")
    )
    processes.wait_for("tasks on both", lambda: len(unpacks(workflow)) == 2)
    processes.wait_for("40 results", lambda: len(results(workflow)) >= 40)
    assert len(results(workflow)) < TASKS
    one.send_signal(signal.SIGKILL)
    makeflow.wait(PATIENCE)
    two.wait(60)
    assert makeflow.returncode == 0, processes.said("makeflow")
    expected = {seed: f"{seed} {hits}" for seed, hits in expected_hits(workflow).items()}
    assert {seed: text[0] for seed, text in results(workflow).items()} == expected
    assert len(unpacks(workflow)) == 2, "one unpack a worker"
    assert list((tmp_path / "two").iterdir()) == []
    left = [path.name for path in (tmp_path / "one").iterdir()]
    assert all(name.startswith("worker-") for name in left), "Work Queue's own folder alone"


def test_wrap__python_bindings__tasks_run_in_the_environment(
    workflow: Path, processes: Processes, bare_worker: Worker, tmp_path: Path
) -> None:
    port = free_port()
    client = processes.start(
        "client",
        [python_with_bindings(), "client.py", str(port), "20"],
        cwd=workflow,
        env={"PYTHONPATH": str(TREE), "PATH": os.environ["PATH"]},
    )
    worker = start_worker("worker", processes, bare_worker, port, tmp_path / "worker")
    assert client.wait(PATIENCE) == 0, processes.said("client")
    worker.wait(60)
    said = processes.said("client").splitlines()
    expected = [f"{seed} {hits}" for seed, hits in expected_hits(workflow).items()][:20]
    assert sorted(said[::2]) == sorted(expected)
    assert len(set(said[1::2])) == 1, "unpacked once"
    assert said[1].startswith("/scratch/worker-")
    assert list((tmp_path / "worker").iterdir()) == []


# For each of two environments: 100 tasks, what they printed, and the bytes that the manager sent.
TWO_ENVIRONMENTS = """
import sys, work_queue
from pypackage.integrations.work_queue import wrap
queue = work_queue.WorkQueue(int(sys.argv[1]))
for name in "first", "second":
    before, said = queue.stats.bytes_sent, set()
    for _ in range(100):
        wrapped = wrap(["python3", "-c", "import own; print(own.NUMBER)"], f"envs/{name}.json")
        task = work_queue.Task(wrapped.command)
        for file in wrapped.inputs:
            task.specify_input_file(file.local, file.remote, cache=file.cache)
        queue.submit(task)
    while not queue.empty():
        done = queue.wait(5)
        if done:
            said.add(f"{done.return_status} {done.output.strip()}")
    print(name, queue.stats.workers_joined, queue.stats.bytes_sent - before, *said, sep="|")
"""


def test_wrap__own_module_changed__workers_are_sent_what_is_new(
    session_tools: Tools, processes: Processes, bare_worker: Worker, tmp_path: Path
) -> None:
    folder = tmp_path / "workflow"
    (folder / "envs").mkdir(parents=True)
    requirements = folder / "requirements.json"
    requirements.write_text(json.dumps({"python": platform.python_version(), "modules": []}))
    for number, name in enumerate(("first", "second")):
        (folder / "own.py").write_text(f"NUMBER = {number}\n")
        host = ("-c", f"host:{sys.executable}", "--add", folder / "own.py")
        output = folder / "envs" / f"{name}.json"
        done = session_tools.create("--format", "layers", *host, requirements, output, timeout=300)
        assert done.returncode == 0, done.stderr
    port = free_port()
    client = processes.start(
        "client",
        [python_with_bindings(), "-c", TWO_ENVIRONMENTS, str(port)],
        cwd=folder,
        env={"PYTHONPATH": str(TREE), "PATH": os.environ["PATH"]},
    )
    for name in ("one", "two"):
        start_worker(name, processes, bare_worker, port, tmp_path / name)
    assert client.wait(300) == 0, processes.said("client")
    first, second = (line.split("|") for line in processes.said("client").splitlines())
    assert (first[3:], second[3:]) == (["0 0"], ["0 1"])
    assert second[1] == "2", "both workers"
    assert int(first[2]) > 10_000_000
    assert int(second[2]) < 1_000_000, (first, second)


def python_with_bindings() -> str:
    """A Python that has Work Queue's bindings and can import this project."""
    check = "import work_queue, sys; sys.exit(sys.version_info < (3, 10))"
    pythons = [sys.executable, "/usr/bin/python3"]
    while pythons and subprocess.run([pythons[0], "-c", check], capture_output=True).returncode:
        pythons.pop(0)
    return (
        pythons[0]
        if pythons
        else missing("no Python has Work Queue's bindings (Debian: python3-workqueue)")
    )


def expected_hits(workflow: Path) -> dict[int, int]:
    """The results as this machine's own Python has them."""
    call = f"import pi, json; print(json.dumps([pi.hits(seed) for seed in range({TASKS})]))"
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=workflow, check=True, capture_output=True, text=True
    )
    return dict(enumerate(json.loads(done.stdout)))


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
