"""vdist's three examples, as docs/from-vdist-and-pyden.md has them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ospackages.test_builder import repository
from tests.support.needs import need
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow

PAGE = TREE / "docs" / "from-vdist-and-pyden.md"


def examples() -> list[str]:
    text = PAGE.read_text().partition("## vdist\n")[2].partition("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def run(example: str, tools: Tools, origins: dict[str, Path]) -> None:
    """Run an example; git finds here what it names elsewhere."""
    env = {**tools.environment, "PYTHONPATH": str(TREE), "GIT_CONFIG_COUNT": str(len(origins))}
    for number, (uri, place) in enumerate(origins.items()):
        env[f"GIT_CONFIG_KEY_{number}"] = f"url.{place.as_uri()}.insteadOf"
        env[f"GIT_CONFIG_VALUE_{number}"] = uri
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tools.cwd, env=env, capture_output=True, text=True
    )
    logs = "".join(path.read_text() for path in tools.cwd.glob("*.log"))
    assert done.returncode == 0, f"{done.stderr}\n{logs}"


def test_example__minimal__makes_the_package(tools: Tools, tmp_path: Path) -> None:
    need("dpkg-deb", "git")
    origin = repository(tmp_path / "origin")
    run(examples()[0], tools, {"https://github.com/you/yourapp": origin})
    (deb,) = tmp_path.glob("yourapp_1.0_*.deb")
    listed = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True).stdout
    assert "./opt/yourapp/app/version.txt" in listed
    assert "./opt/yourapp/bin/python3\n" in listed.replace(" -> ", "\n")


def test_example__of_two_systems__makes_both_with_a_log_each(tools: Tools, tmp_path: Path) -> None:
    need("dpkg-deb", "rpmbuild", "git")
    origin = repository(tmp_path / "origin")
    run(examples()[1], tools, {"http://yourgithost.internal/yourcompany/yourproject": origin})
    made = {path.name for path in tmp_path.iterdir()} - {"origin"}
    assert {name.rpartition(".")[2] for name in made} == {"deb", "rpm", "log"}
    assert {"myproject-deb-build.log", "myproject-rpm-build.log"} <= made


def test_example__of_a_python_and_profiles_of_ones_own__makes_the_package(
    tools: Tools, tmp_path: Path
) -> None:
    need("rpmbuild", "rpm", "gcc")
    project = tmp_path / "project"
    (project / "deploy/centos7").mkdir(parents=True)
    (project / "deploy/centos7/postinstall.sh").write_text("echo installed\n")
    (project / "deploy/requirements-prod.txt").write_text("# nothing\n")
    (project / "manage.py").write_text("print(1)\n")
    profiles = tmp_path / "deploy/profiles/profiles.json"
    profiles.parent.mkdir(parents=True)
    profiles.write_text(json.dumps({"centos7-internal": {"format": "rpm"}}))
    basedir = tmp_path / "python"
    (basedir / "bin").mkdir(parents=True)
    (basedir / "bin/python3").symlink_to(os.path.realpath(sys.executable))
    example = examples()[2].replace("/home/ci/projects/myproject", str(project))
    run(example.replace("/opt/yourcompany/python", str(basedir)), tools, {})
    (rpm,) = tmp_path.glob("myproject-1.0-1.*.rpm")
    told = subprocess.run(
        ["rpm", "-qp", "--requires", "--scripts", "-l", rpm], capture_output=True, text=True
    ).stdout
    assert "imagemagick\n" in told
    assert "echo installed\n" in told
    assert "/opt/myproject/app/manage.py\n" in told
