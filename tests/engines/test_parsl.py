"""Parsl: its executors' workers in packed environments, and its calls of the three tools."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from pypackage.pipeline.commands import RUNNER
from tests.engines.conftest import EXAMPLES, Archives
from tests.engines.processes import PATIENCE, run
from tests.shell.conftest import GNU
from tests.support.needs import missing, need, need_module
from tests.support.tools import TREE, Tools, command
from tests.support.worker import Bind, Worker

pytestmark = pytest.mark.slow

# As `inspect.getsource` gives a function defined in another one.
FUNCTION = '''\
    @parsl.python_app
    def hits(seed):
        """Points in the circle."""
        import sys
        import numpy as np

        x, y = np.random.default_rng(seed).random((2, 1000))
        return seed, int(np.count_nonzero(x * x + y * y < 1)), sys.prefix
'''

PROGRAM = f"""\
import parsl
from parsl.config import Config
from parsl.executors import WorkQueueExecutor
from parsl.providers import LocalProvider

{textwrap.dedent(FUNCTION)}
if __name__ == "__main__":
    executor = WorkQueueExecutor(
        port=0,
        address="127.0.0.1",
        pack=True,
        extra_pkgs=["packaging"],
        provider=LocalProvider(init_blocks=1, max_blocks=1),
        worker_options="--cores=1 -t 60",
    )
    with parsl.load(Config(executors=[executor], usage_tracking=0)):
        for future in [hits(seed) for seed in range(5)]:
            print(*future.result())
"""


def hits(seed: int) -> int:
    import numpy as np

    x, y = np.random.default_rng(seed).random((2, 1000))
    return int(np.count_nonzero(x * x + y * y < 1))


def run_program(
    program: Path, *arguments: str | Path, folder: Path, env: Mapping[str, str]
) -> list[list[str]]:
    """The words of the lines that a program prints, which has to end well."""
    done = run([sys.executable, program, *arguments], cwd=folder, env=env)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


def link(folder: Path, *programs: str | Path) -> Path:
    folder.mkdir()
    for program in programs:
        (folder / Path(program).name).symlink_to(need(str(program)))
    return folder


def test_high_throughput__packed_workers__tasks_run_in_the_environment(
    archives: Archives, tmp_path: Path
) -> None:
    archive = archives("numpy", "parsl")
    # Parsl's interchange runs beside the client, from the client's own environment.
    interchange = Path(sys.executable).with_name("interchange.py")
    bin_folder = link(
        tmp_path / "bin", "sh", "bash", "dirname", "kill", "ps", "seq", interchange, *GNU.split()
    )
    env = {
        "PATH": str(bin_folder),
        "PYTHONPATH": str(TREE),
        "HOME": str(tmp_path),
        "PYTHON_PACKAGE_CACHE": str(tmp_path / "cache"),
    }
    program = EXAMPLES / "parsl" / "pi_parsl.py"
    results = run_program(program, archive, "20", folder=tmp_path, env=env)
    assert [one[:2] for one in results] == [[str(n), str(hits(n))] for n in range(20)]
    assert {Path(one[2]).parent for one in results} == {tmp_path / "cache"}


def test_work_queue_executor__pack__makes_the_environment_and_runs_the_tasks(
    tools: Tools, tmp_path: Path
) -> None:
    need_module("parsl")
    need("work_queue_worker")
    commands = [command(f"python_package_{tool}") for tool in ("analyze", "create")]
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for words in commands:
        script = bin_folder / Path(words[-1]).name
        script.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
        script.chmod(0o755)
    (bin_folder / "python_package_run").symlink_to(RUNNER)
    (tools.home / ".condarc").write_text("channels:\n  - host\n")
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "tmp").mkdir()
    variables = tools.environment
    env = {
        **variables,
        "PATH": f"{bin_folder}:{variables['PATH']}",
        "PYTHONPATH": str(bindings(tmp_path / "bindings")),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    results = run_program(tmp_path / "program.py", folder=tmp_path, env=env)
    assert [one[:2] for one in results] == [[str(n), str(hits(n))] for n in range(5)]
    (prefix,) = {one[2] for one in results}
    assert Path(prefix).parent.name == "python_package_cache"
    assert Path(prefix).parents[1].name.startswith("worker-"), "the worker's own folder"


def bindings(folder: Path) -> Path:
    """Work Queue's bindings of Debian under the name by which Parsl imports them."""
    source = Path("/usr/lib/python3/dist-packages")
    native = list(source.glob(f"_work_queue.cpython-{sys.version_info[0]}{sys.version_info[1]}-*"))
    if not native:
        missing("no Work Queue's bindings for this Python (Debian: python3-workqueue)")
    (folder / "ndcctools").mkdir(parents=True)
    (folder / "ndcctools" / "__init__.py").write_text("")
    for path in (source / "work_queue.py", *native):
        shutil.copy(path, folder / "ndcctools")
    return folder


def test_work_queue_executor__its_calls_word_for_word__result_of_a_bare_worker(
    tools: Tools, tmp_path: Path, bare_worker: Worker
) -> None:
    need_module("parsl")
    from parsl.executors.workqueue import exec_parsl_function
    from parsl.serialize import deserialize

    # `pack-HASH.tar.gz` is made as WorkQueueExecutor._prepare_package does it.
    spec = tmp_path / "tmpx1y2.yaml"
    spec.touch()
    script = Path(exec_parsl_function.__file__)
    extra = ["--extra-pkg", "packaging", "--extra-pkg", "dill"]
    done = tools.analyze(script, "-", spec, *extra, stdin=FUNCTION)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    digest = hashlib.sha256(spec.read_bytes()).hexdigest()
    tarball = tmp_path / ".tmpABC.tar.gz"
    tarball.touch()
    (tools.home / ".condarc").write_text("channels:\n  - host\n")
    done = tools.create(spec, tarball, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    tarball.rename(sandbox / f"pack-{digest}.tar.gz")
    shutil.copy(RUNNER, sandbox / "python_package_run")
    shutil.copy(script, sandbox)
    information = {"source code": textwrap.dedent(FUNCTION), "name": "hits", "args": (7,)}
    (sandbox / "function").write_bytes(pickle.dumps({**information, "kwargs": {}}))
    (sandbox / "map").write_bytes(pickle.dumps({}))
    line = f"./python_package_run -e pack-{digest}.tar.gz python3 exec_parsl_function.py \
map function result"
    done = bare_worker.run(
        ["sh", "-c", line],
        cwd="/sandbox",
        binds=[Bind(sandbox, "/sandbox", writable=True)],
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    seed, count, prefix = deserialize((sandbox / "result").read_bytes())
    assert (seed, count) == (7, hits(7))
    assert prefix.startswith("/tmp/python_package_run-1000/")
