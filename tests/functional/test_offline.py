"""The README's two commands on a machine without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Nothing listens on the port: refused at once, as all addresses are without a network.
NOWHERE = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}


def run(*argv: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **NOWHERE}
    return subprocess.run(argv, env=env, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("script", ["tests/run.sh", "examples/rainfall.sh"])
def test_set_up__without_an_index__ends_with_one_line_that_says_what_is_needed(
    tmp_path: Path, script: str
) -> None:
    clone = tmp_path / "clone"
    for name in ("bin", "examples", "pypackage", "scripts"):
        shutil.copytree(ROOT / name, clone / name)
    (clone / "tests/support").mkdir(parents=True)
    for name in ("setup.py", "README.md", "tests/run.sh", "tests/support/clean.py"):
        shutil.copy(ROOT / name, clone / name)
    done = run(clone / script, home=tmp_path)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line and not line.startswith("== ")]
    assert len(said) == 1
    assert "no package index can be reached: this needs PyPI, or a mirror of it" in said[0]
    assert script in said[0]


def test_pip_install__that_fails_for_another_reason__tells_what_pip_says(tmp_path: Path) -> None:
    pip = Path(sys.executable).with_name("pip")
    if not pip.exists():
        pytest.skip("there is no pip beside this Python")
    done = run(ROOT / "scripts/pip_install.sh", "me", pip, tmp_path / "nothing", home=tmp_path)
    assert done.returncode == 1
    assert "nothing" in done.stderr
    assert "no package index" not in done.stderr
