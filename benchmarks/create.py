"""How long `python_package_create` takes with a warm package cache, beside conda-pack.

The environment is Python, numpy, pandas and cloudpickle of the host channel. In one run by
hyperfine: the whole `create` (read, solve, install, pack), and `conda-pack -j2` alone on the
same prefix. Usage: benchmarks/create.py [FOLDER], with hyperfine on PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
PACKAGES = ["numpy", "pandas", "cloudpickle"]


def main() -> None:
    """Set up in a folder, measure, and print the figures and their ratio."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()).resolve()
    bin_folder = installed_tools(folder)
    os.environ["PATH"] = f"{bin_folder}:{os.environ['PATH']}"
    os.environ["CONDA_ENVS_PATH"] = str(folder / "envs")
    os.chdir(folder)
    script = folder / "script.py"
    script.write_text("".join(f"import {name}\n" for name in PACKAGES))
    run("python_package_analyze", script, "requirements.json")
    create = "python_package_create -q -c host requirements.json reference"
    run("sh", "-c", create)
    pack = "conda-pack -q -f -j2 -p envs/reference -o by-conda-pack.tar.gz"
    run("hyperfine", "--warmup", "1", "--runs", "7", "--export-json", "times.json", create, pack)
    ours, theirs = (one["median"] for one in json.loads(Path("times.json").read_text())["results"])
    print(f"create: {ours:.2f} s; conda-pack -j2 alone: {theirs:.2f} s; ratio {ours / theirs:.2f}")
    sizes = [Path(name).stat().st_size for name in ("reference.tar.gz", "by-conda-pack.tar.gz")]
    files = sum(1 for path in Path("envs/reference").rglob("*") if not path.is_dir())
    print(f"archives: {sizes[0] / 1e6:.1f} MB and {sizes[1] / 1e6:.1f} MB, {files} files")


def installed_tools(folder: Path) -> Path:
    """A virtual environment with this project and the packages; its bin folder."""
    venv = folder / "venv"
    if not venv.exists():
        run(sys.executable, "-m", "venv", venv)
    run(venv / "bin" / "pip", "install", "-q", CLONE, *PACKAGES)
    return venv / "bin"


def run(*command: str | Path) -> None:
    """Run a command that has to succeed; what it says is shown."""
    subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    main()
