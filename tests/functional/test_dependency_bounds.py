"""The oldest and the newest uv and py-rattler that setup.py allows: both make an environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.needs import missing
from tests.support.tools import Tools

ROOT = Path(__file__).parents[2]
BOUNDED = re.findall(r'"(uv|py-rattler)>=([\d.]+),<([\d.]+)"', (ROOT / "setup.py").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("end", ["lowest", "newest"])
def test_bounds__either_end__makes_an_environment_with_packages_of_both_kinds(
    tools: Tools, channel: Channel, end: str
) -> None:
    assert len(BOUNDED) == 2
    venv = tools.cwd / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    ends = {name: f"=={low}.0" if end == "lowest" else f"<{high}" for name, low, high in BOUNDED}
    pins = [f"{name}{bound}" for name, bound in ends.items()]
    done = subprocess.run([venv / "bin/pip", "install", "-q", ROOT, *pins])
    if done.returncode:
        missing("the packages that setup.py names cannot be installed here")
    wheels.wheel(tools.cwd / "shelf", "below")
    wheels.sdist(tools.cwd / "shelf", "made")
    needs = tools.cwd / "needs.json"
    pip = [{"pip": ["below", "made"]}]
    asked = {"channels": [channel.url], "dependencies": ["greeting", *pip]}
    needs.write_text(json.dumps({"python": channel.python.version, "conda": asked}))
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "shelf", "UV_CONSTRAINT": ""}
    subprocess.run(
        [venv / "bin/python_package_create", "--allow-sdist", needs, "e.tar"],
        cwd=tools.cwd,
        env={**tools.environment, **env},
        check=True,
    )
    with tarfile.open(tools.cwd / "e.tar") as tar:
        found = {part for name in tar.getnames() for part in Path(name).parts}
    assert {"below-1.0.dist-info", "made-1.0.dist-info", "greeting"} <= found
