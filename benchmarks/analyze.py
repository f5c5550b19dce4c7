"""How long `python_package_analyze` takes compared to its peers, in one run on the same files.

The files are one script with fourteen imports, Django, and the packages of a large environment in
one folder. The peers are deptry, pipreqs, findimports, FawltyDeps and `ruff analyze graph`, each
set to read every Python file and to query no server. Times are CPU times, user and system, so that
other load on the machine does not change the ratios; wall-clock times are shown beside them.
Everything is installed into FOLDER, which another run reuses.
Usage: benchmarks/analyze.py [FOLDER]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

CLONE = Path(__file__).resolve().parents[1]
PEERS = ["deptry", "pipreqs", "findimports", "fawltydeps", "ruff"]
DJANGO = ["django==5.2.8"]
LARGE = [
    "ansible-core==2.18.1", "astropy==7.0.0", "babel==2.16.0", "boto3==1.35.0", "botocore==1.35.0",
    "dask==2024.12.1", "distributed==2024.12.1", "django==5.2.8", "gensim==4.3.3",
    "geopandas==1.0.1", "hypothesis==6.123.2", "ipython==8.31.0", "matplotlib==3.10.0",
    "mypy==1.14.1", "networkx==3.4.2", "nibabel==5.3.2", "nltk==3.9.1", "numpy==2.2.1",
    "pandas==2.2.3", "pygments==2.18.0", "pylint==3.3.3", "scikit-learn==1.6.0", "scipy==1.15.0",
    "sphinx==8.1.3", "sqlalchemy==2.0.36", "sympy==1.13.3", "twisted==24.11.0", "xarray==2025.1.0",
    "zope.interface==7.2",
]  # fmt: skip
# The bounds: for --version and for one script, multiples of the time of `python -c pass`; for a
# cold cache, of that of `ruff analyze graph`; for a warm cache, the least files per second.
VERSION, SCRIPT, COLD, WARM = 2.6, 3.5, 2.5, 10_000
SOURCE = (
    "import os, sys, json\n"
    + "".join(
        f"import {name}\n"
        for name in ("numpy", "pandas", "scipy.stats", "sklearn.linear_model", "yaml", "requests")
    )
    + "".join(f"from {name} import x\n" for name in ("matplotlib", "click", "rich", "attr", "bs4"))
)


@dataclass(frozen=True)
class Tree:
    """A folder of Python files.

    Attributes:
        name: Its name in the table.
        path: The folder; its parent has a pyproject.toml, which deptry requires.
        files: How many Python files it has.
        start: For one script, the time in which Python itself starts and ends, in seconds.
    """

    name: str
    path: Path
    files: int
    start: float = 0


def main() -> None:
    """Set up in a folder, measure, and print the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tools = installed(folder)
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    start = timed(["python", "-c", "pass"], 25)
    version = timed(["python_package_analyze", "--version"], 25)
    ratio = version.cpu / start.cpu
    print(f"python -c pass: {start.cpu * 1000:.0f} ms; --version: {against(ratio, VERSION)} of it")
    script = script_folder(folder)
    table(Tree("one script", script, 1, start.cpu), 25)
    for name, packages in (("django", DJANGO), ("site-packages", LARGE)):
        path = unpacked(folder, name, packages)
        files = sum(1 for file in path.rglob("*.py") if file.is_file())
        table(Tree(name, path, files), 3)


def table(tree: Tree, runs: int) -> None:
    """Measure all tools on a tree, and print a line for each."""
    size = sum(path.stat().st_size for path in tree.path.rglob("*.py") if path.is_file())
    print(f"\n{tree.name}: {tree.files} files, {size / 1e6:.1f} MB")
    source = str(tree.path / "script.py" if tree.files == 1 else tree.path)
    command = ["python_package_analyze", "-q", "--keep-going", "--python", "3.11", source, "-"]
    cold, warm = timed(command, runs, forget), timed(command, runs)
    found = {
        name: timed(peer, runs, cwd=tree.path.parent)
        for name, peer in peers(str(tree.path)).items()
    }
    if tree.start:
        line("ours", warm, tree, f"{against(warm.cpu / tree.start, SCRIPT)} of python -c pass")
    else:
        ruff = cold.cpu / found["ruff analyze graph"].cpu
        line("ours, cold", cold, tree, f"{against(ruff, COLD)} of ruff analyze graph")
        speed = tree.files / warm.cpu
        kept = "kept" if speed >= WARM else "MISSED"
        line("ours, warm", warm, tree, f"{speed:.0f} files/s (at least {WARM}: {kept})")
    for name, took in found.items():
        ratios = (took.cpu / ours.cpu for ours in (cold, warm))
        line(name, took, tree, "{:.1f} x cold, {:.1f} x warm".format(*ratios))


def against(ratio: float, most: float) -> str:
    """A ratio, with its bound and whether that is kept."""
    return f"{ratio:.2f} x (at most {most}: {'kept' if ratio <= most else 'MISSED'})"


def line(name: str, took: Took, tree: Tree, rest: str) -> None:
    crash = f" (ended with {took.status}: {took.said})" if took.status else ""
    figures = f"{took.cpu:9.3f} s {took.seconds:9.3f} s wall {took.memory:5.0f} MB"
    print(f"  {name:<20}{figures}  {rest}{crash}", flush=True)


def peers(path: str) -> dict[str, list[str]]:
    """Each peer's command for a folder; none of them queries a server."""
    return {
        "deptry": ["deptry", path, "--no-ansi", "--exclude", "a^", "-o", os.devnull],
        "pipreqs": ["pipreqs", "--print", "--use-local", path],
        "findimports": ["findimports", path],
        "FawltyDeps": ["fawltydeps", "--list-imports", "--code", path],
        "ruff analyze graph": ["ruff", "analyze", "graph", path],
    }


class Took(NamedTuple):
    """How long a command took, and how it ended: a crash may make it look fast.

    Attributes:
        cpu: CPU time in seconds.
        seconds: Wall-clock time in seconds.
        memory: Peak memory in MB.
    """

    cpu: float
    seconds: float
    memory: float
    status: int
    said: str


def timed(
    command: Sequence[str], runs: int, before: Callable[[], None] = lambda: None, cwd: Path = CLONE
) -> Took:
    """The fastest of several runs of a command, or a single run if that takes over 20 s.

    Otherwise the first run is not counted, since it fills the system's caches.
    """
    found: list[Took] = []
    while len(found) <= runs:
        before()
        found.append(once(command, cwd))
        if found[0].seconds > 20:
            break
    return min(found[1:] or found)


def once(command: Sequence[str], cwd: Path) -> Took:
    """Run a command once, and measure it and all its children."""
    with tempfile.TemporaryFile() as said:
        started = perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        took = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        last = (said.read().decode(errors="replace").strip().splitlines() or [""])[-1]
    cpu = usage.ru_utime + usage.ru_stime
    return Took(cpu, took, usage.ru_maxrss / 1000, process.returncode, last[:50])


def forget() -> None:
    """Remove our cache."""
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


# --- the tools and files to measure -----------------------------------------------------


def installed(folder: Path) -> Path:
    """Install this project and its peers into an environment; return its bin folder."""
    venv = folder / "venv"
    if not venv.exists():
        run(sys.executable, "-m", "venv", str(venv))
        run(str(venv / "bin" / "pip"), "install", "-q", *PEERS)
    run(str(venv / "bin" / "pip"), "install", "-q", "--force-reinstall", "--no-deps", str(CLONE))
    run(str(venv / "bin" / "pip"), "install", "-q", str(CLONE))
    return venv / "bin"


def script_folder(folder: Path) -> Path:
    path = folder / "one" / "script"
    path.mkdir(parents=True, exist_ok=True)
    (path / "script.py").write_text(SOURCE)
    project(path.parent)
    return path


def unpacked(folder: Path, name: str, packages: list[str]) -> Path:
    """A folder with the files of some packages, in a project without declared dependencies."""
    path = folder / name / "code"
    if not path.exists():
        temporary = folder / name / "unfinished"
        shutil.rmtree(temporary, ignore_errors=True)
        options = ["--no-deps", "--no-compile", "-q", "--target", str(temporary)]
        run(str(folder / "venv" / "bin" / "pip"), "install", *options, *packages)
        temporary.rename(path)
    project(path.parent)
    return path


def project(folder: Path) -> None:
    """Write the pyproject.toml that deptry requires."""
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')


def run(*command: str) -> None:
    """Run a command that has to succeed, and show its output."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
