"""A Slurm of two nodes on this machine's loopback, whose root file systems have no Python."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engines.processes import PATIENCE, Processes, free_port
from tests.support.needs import need
from tests.support.worker import PATH, Worker, ensure_bare, mounts

NODES = ("one", "two")

# What runs on the nodes: the daemon, what it starts, and what job scripts call.
PROGRAMS = ("slurmd", "slurmstepd", "srun", "sbcast")
PLUGINS = Path(f"/usr/lib/{platform.machine()}-linux-gnu/slurm-wlm")


@dataclass(frozen=True)
class Slurm:
    """A running Slurm.

    Attributes:
        shared: The folder that all nodes share; jobs are submitted there.
        env: The variables by which Slurm's programs find it.
        nodes: What each node has in its /tmp.
    """

    shared: Path
    env: Mapping[str, str]
    nodes: Mapping[str, Path]

    def call(self, *command: str | Path) -> str:
        """What one of Slurm's programs prints, which has to end well."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.shared,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        outputs = {path.name: path.read_text() for path in self.shared.glob("*.out")}
        assert done.returncode == 0, (command, done.stdout, done.stderr, outputs)
        return done.stdout

    def submit(self, *arguments: str | Path) -> str:
        """Submit a job script and wait for its end; the job's number."""
        return self.call("sbatch", "--wait", "--parsable", *arguments).strip()


def start(folder: Path, bare: Worker, processes: Processes) -> Slurm:
    """Start munge, the controller and a daemon a node; `processes` ends them."""
    root = node_root(folder / "root", bare)
    for name in ("shared", "run", "state"):
        (folder / name).mkdir()
    configuration = folder / "run" / "slurm.conf"
    configuration.write_text(_configuration(folder))
    env = {"PATH": os.environ["PATH"], "SLURM_CONF": str(configuration)}
    slurm = Slurm(folder / "shared", env, {name: folder / f"tmp-{name}" for name in NODES})
    socket = _start_munge(folder / "run", processes)
    processes.wait_for("munge", socket.exists)
    controller = need("slurmctld")
    processes.start("slurmctld", [controller, "-D"], env=env)
    for name, place in slurm.nodes.items():
        (place / "spool").mkdir(parents=True)
        processes.start(name, _node(name, root, place, folder))
    processes.wait_for("nodes", lambda: _are_idle(slurm))
    return slurm


def node_root(root: Path, bare: Worker) -> Worker:
    """The bare root file system with Slurm's programs, as they lie on this machine."""
    shutil.copytree(bare.root, root, symlinks=True)
    wanted = [Path(need(name)) for name in PROGRAMS]
    plugins = [path for path in PLUGINS.glob("*.so") if not path.name.startswith("openapi")]
    linked = [*wanted, PLUGINS / "auth_munge.so"]
    told = subprocess.run(["ldd", *linked], check=True, capture_output=True, text=True).stdout
    libraries = {Path(path) for path in re.findall(r"=> (/\S+)", told)}
    for path in {*wanted, *plugins, *libraries}:
        copy = root / path.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            shutil.copy2(path, copy)
    worker = Worker(root, bare.kind)
    ensure_bare(worker)
    return worker


def _start_munge(folder: Path, processes: Processes) -> Path:
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o400)
    files = {"key": "munge.key", "pid": "munge.pid", "seed": "munge.seed", "log": "munge.log"}
    options = [f"--{option}-file={folder / name}" for option, name in files.items()]
    socket = folder / "munge.socket"
    munged = need("munged")
    processes.start("munged", [munged, "--foreground", "--force", f"--socket={socket}", *options])
    return socket


def _configuration(folder: Path) -> str:
    """What slurm.conf says; the nodes have more cores than there are, for several tasks."""
    size = "CPUs=4 RealMemory=8000 State=UNKNOWN"
    lines = [
        "ClusterName=test",
        f"SlurmctldHost={platform.node().split('.')[0]}(127.0.0.1)",
        f"SlurmctldPort={free_port()}",
        "SlurmUser=root",
        "AuthType=auth/munge",
        f"AuthInfo=socket={folder}/run/munge.socket",
        f"StateSaveLocation={folder}/state",
        "SlurmdSpoolDir=/tmp/spool",
        f"SlurmctldPidFile={folder}/run/slurmctld.pid",
        "SlurmdPidFile=/tmp/slurmd.pid",
        "PlugStackConfig=/dev/null",
        "ProctrackType=proctrack/pgid",
        "TaskPlugin=task/none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_Core",
        "MpiDefault=none",
        "ReturnToService=2",
        "SlurmdParameters=config_overrides",
        "PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
        *(f"NodeName={name} NodeAddr=127.0.0.1 Port={free_port()} {size}" for name in NODES),
    ]
    return "".join(f"{line}\n" for line in lines)


def _node(name: str, root: Worker, place: Path, folder: Path) -> Sequence[str | Path]:
    """The command of a node's daemon. It is root, as Slurm's are, in namespaces of its own."""
    run = folder / "run"
    return [
        *("bwrap", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-add", "ALL"),
        *mounts(root.root),
        *("--ro-bind", "/sys", "/sys", "--bind", place, "/tmp"),
        *("--bind", folder / "shared", folder / "shared", "--ro-bind", run, run, "--clearenv"),
        *("--setenv", "PATH", PATH, "--setenv", "SLURM_CONF", run / "slurm.conf"),
        *("--", "slurmd", "-D", "-N", name),
    ]


def _are_idle(slurm: Slurm) -> bool:
    done = subprocess.run(
        ["sinfo", "--noheader", "--format=%T %D"], env=slurm.env, capture_output=True, text=True
    )
    return done.stdout.split() == ["idle", str(len(NODES))]
