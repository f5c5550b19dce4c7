"""How long `python_package_create` takes with a warm package cache, compared to conda-pack.

The environment is Python, numpy, pandas and cloudpickle from the host channel. Measured in one run,
in turns: the whole `create` (read, solve, install, pack; without verification) with and without
the packages' compressed parts in the cache, `create` of an unchanged environment, and
`conda-pack -j2` alone on the same prefix. Then what byte code saves on a fresh worker: the first
import, with and without it. Ratios are medians over the rounds, for wall-clock time and for CPU
time, which is more reliable if other programs run. Usage: benchmarks/create.py [FOLDER].

Last, one package more, scipy, with all others in the cache, compared to conda-pack of the whole.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

CLONE = Path(__file__).resolve().parents[1]
PACKAGES = ["numpy", "pandas", "cloudpickle"]
ONE_MORE = "scipy"
RUNS = 7

# The folders of the cache that have packages and their byte code. The rest is removed, so that no
# environment or archive is found there.
WARM = ["host", "bytecode"]


def main() -> None:
    """Set up in a folder, measure, and print the figures and their ratios."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).resolve()
    bin_folder = installed_tools(folder)
    os.environ["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
    os.environ["CONDA_ENVS_PATH"] = str(folder / "envs")
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    os.chdir(folder)
    script = folder / "script.py"
    script.write_text("".join(f"import {name}\n" for name in PACKAGES))
    run("python_package_analyze", script, "requirements.json")
    create = "python_package_create -q --no-verify -c host requirements.json"
    run("sh", "-c", f"{create} reference")
    create_times(f"{create} ./made.tar.gz")
    sizes()
    import_times()
    one_more_times()


def create_times(create: str) -> None:
    """Compare whole creates with conda-pack alone."""
    pack = "conda-pack -q -f -j2 -p envs/reference -o by-conda-pack.tar.gz"
    compare(
        ("conda-pack -j2 alone", "", pack),
        ("create", clean(*WARM), create),
        ("create of packages whose parts are known", clean(*WARM, "members"), create),
        ("create of an unchanged environment", "", create),
    )


def sizes() -> None:
    """Compare the sizes of both archives, which have the same files: byte code is in both."""
    made, theirs = (Path(name).stat().st_size for name in ("made.tar.gz", "by-conda-pack.tar.gz"))
    files = sum(1 for path in Path("envs/reference").rglob("*") if not path.is_dir())
    ratio = made / theirs
    print(f"archives: {made / 1e6:.1f} and {theirs / 1e6:.1f} MB, ratio {ratio:.2f}, {files} files")


def import_times() -> None:
    """Measure the first import on a worker that cannot write to the environment."""
    for name in ("with", "without"):
        shutil.rmtree(name, ignore_errors=True)
        Path(name).mkdir()
        run("tar", "xzmf", "made.tar.gz", "-C", name)
    for cache in sorted(Path("without").rglob("__pycache__")):
        shutil.rmtree(cache)
    code = f"import {', '.join(PACKAGES)}"
    command = "{}/bin/python -B -c " + shlex.quote(code)
    compare(
        ("first import without byte code", "", command.format("without")),
        ("first import", "", command.format("with")),
    )


def one_more_times() -> None:
    """Measure adding one package to an environment that was made before."""
    script = Path("more.py")
    script.write_text(Path("script.py").read_text() + f"import {ONE_MORE}\n")
    run("python_package_analyze", script, "more.json")
    create = "python_package_create -q --no-verify -c host more.json"
    run("sh", "-c", f"rm -rf known && {clean('host')} && rm -rf cache/pypackage/host")
    run("sh", "-c", "python_package_create -q --no-verify -c host requirements.json ./made.tar.gz")
    run("sh", "-c", f"cp -a cache known && {create} whole")
    compare(
        (
            f"conda-pack -j2 of the whole with {ONE_MORE}",
            "",
            "conda-pack -q -f -j2 -p envs/whole -o by-conda-pack.tar.gz",
        ),
        (
            f"create with {ONE_MORE} added to what is known",
            "rm -rf cache && cp -a known cache",
            f"{create} ./more.tar.gz",
        ),
    )


def compare(*commands: tuple[str, str, str]) -> None:
    """Run commands in turns; print the time of each, and its ratio to the first.

    Args:
        commands: For each, a name, a command to run before it each time, and the command.
    """
    rounds = []
    for _ in range(RUNS + 1):
        rounds.append([timed(prepare or "true", command) for _, prepare, command in commands])
    rounds = rounds[1:]  # after a warm-up
    for index, (name, _, _) in enumerate(commands):
        taken, used = (median(one[index][n] for one in rounds) for n in (0, 1))
        ratios = (median(one[index][n] / one[0][n] for one in rounds) for n in (0, 1))
        ratio = "ratio {:.2f}, of the processors' time {:.2f}".format(*ratios)
        print(f"{name}: {taken:.2f} s ({used:.2f} s of processors), {ratio}")


def timed(prepare: str, command: str) -> tuple[float, float]:
    """The wall-clock time and the CPU time of a command, in seconds."""
    run("sh", "-c", prepare)
    before, start = os.times(), time.perf_counter()
    run("sh", "-c", f"exec {command} >/dev/null")
    taken, after = time.perf_counter() - start, os.times()
    user, system = (after[n] - before[n] for n in (2, 3))  # those of children
    return taken, user + system


def clean(*kept: str) -> str:
    """A command that empties the cache except for some folders."""
    names = " ".join(f"! -name {name}" for name in kept)
    return f"find cache/pypackage -mindepth 1 -maxdepth 1 {names} -exec rm -rf {{}} +"


def installed_tools(folder: Path) -> Path:
    """Install this project and the packages into an environment; return its bin folder."""
    venv = folder / "venv"
    if not venv.exists():
        run(sys.executable, "-m", "venv", venv)
    run(venv / "bin" / "pip", "install", "-q", CLONE, *PACKAGES, ONE_MORE)
    return venv / "bin"


def run(*command: str | Path) -> None:
    """Run a command that has to succeed, and show its output."""
    subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    main()
