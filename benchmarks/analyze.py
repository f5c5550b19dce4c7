"""How long `python_package_analyze` takes beside its peers, in one run on the same files.

One script of twenty imports, Django, and the packages of a large environment as one folder.
The peers are deptry, pipreqs, findimports, FawltyDeps and `ruff analyze graph`, each made to
look at every Python file and to ask no server. Everything is installed into FOLDER, which a
second run takes up again. Usage: benchmarks/analyze.py [FOLDER]
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
SCRIPT = (
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
        name: What the table calls it.
        path: The folder; its parent holds what a peer insists on.
        files: How many Python files it has.
        budget: The times in seconds that we may take, cold and warm.
    """

    name: str
    path: Path
    files: int
    budget: tuple[float, float]


def main() -> None:
    """Set up in a folder, measure, and print the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    tools = installed(folder)
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    start = timed(["python", "-c", "pass"], 15).seconds
    script = script_folder(folder)
    allowed = 1.5 * start + 0.025
    print(f"python -c pass: {start * 1000:.0f} ms")
    table(Tree("one script", script, 1, (allowed, allowed)), 15)
    for name, packages in (("django", DJANGO), ("site-packages", LARGE)):
        path = unpacked(folder, name, packages)
        files = sum(1 for file in path.rglob("*.py") if file.is_file())
        table(Tree(name, path, files, (files / 2500, files / 10_000)), 3)


def table(tree: Tree, runs: int) -> None:
    """Measure all tools on a tree and print a line for each."""
    size = sum(path.stat().st_size for path in tree.path.rglob("*.py") if path.is_file())
    print(f"\n{tree.name}: {tree.files} files, {size / 1e6:.1f} MB")
    source = str(tree.path / "script.py" if tree.files == 1 else tree.path)
    command = ["python_package_analyze", "-q", "--keep-going", "--python", "3.11", source, "-"]
    cold, warm = timed(command, runs, forget), timed(command, runs)
    for kind, took, budget in (("cold", cold, tree.budget[0]), ("warm", warm, tree.budget[1])):
        kept = "kept" if took.seconds <= budget else "MISSED"
        line(f"ours, {kind}", took, tree, f"budget {budget:.3f} s: {kept}")
    for name, peer in peers(str(tree.path)).items():
        took = timed(peer, runs, cwd=tree.path.parent)
        ratios = (took.seconds / ours.seconds for ours in (cold, warm))
        line(name, took, tree, "{:.1f} x cold, {:.1f} x warm".format(*ratios))


def line(name: str, took: Took, tree: Tree, rest: str) -> None:
    crash = f" (ended with {took.status}: {took.said})" if took.status else ""
    figures = f"{took.seconds:9.3f} s {tree.files / took.seconds:9.0f} files/s"
    print(f"  {name:<20}{figures}  {rest}{crash}", flush=True)


def peers(path: str) -> dict[str, list[str]]:
    """The command of each peer for a folder; none of them asks a server."""
    return {
        "deptry": ["deptry", path, "--no-ansi", "--exclude", "a^", "-o", os.devnull],
        "pipreqs": ["pipreqs", "--print", "--use-local", path],
        "findimports": ["findimports", path],
        "FawltyDeps": ["fawltydeps", "--list-imports", "--code", path],
        "ruff analyze graph": ["ruff", "analyze", "graph", path],
    }


class Took(NamedTuple):
    """How long a command took, and how it ended: a crash may come early."""

    seconds: float
    status: int
    said: str


def timed(
    command: Sequence[str], runs: int, before: Callable[[], None] = lambda: None, cwd: Path = CLONE
) -> Took:
    """The shortest time of a command, of one run alone when it takes long.

    The first run is not counted but for such: it fills the caches of the system.
    """
    times: list[float] = []
    while len(times) <= runs:
        before()
        started = perf_counter()
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        times.append(perf_counter() - started)
        if times[0] > 20:
            break
    said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    return Took(min(times[1:] or times), done.returncode, said[-1][:50])


def forget() -> None:
    """Throw our cache away."""
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


# --- what is measured, and with what -----------------------------------------------------


def installed(folder: Path) -> Path:
    """The bin folder of an environment with this project and its peers."""
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
    (path / "script.py").write_text(SCRIPT)
    project(path.parent)
    return path


def unpacked(folder: Path, name: str, packages: list[str]) -> Path:
    """A folder with the files of some packages, in a project that declares nothing."""
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
    """What deptry insists on."""
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')


def run(*command: str) -> None:
    """Run a command that has to succeed; what it says is shown."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
