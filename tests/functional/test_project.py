"""A project with a uv.lock: `create -c host` gives what `uv sync --frozen` does."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support import wheels
from tests.support.http import serve
from tests.support.tools import Tools
from tests.support.worker import Bind, Worker

PROJECT = """\
[project]
name = "mine"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["said>=1", "helper; sys_platform == 'linux'", "other; sys_platform == 'win32'"]

[dependency-groups]
dev = ["checker"]

[build-system]
requires = []
backend-path = ["."]
build-backend = "backend"
"""


def project(folder: Path) -> Path:
    """The folder of a project that builds with the standard library alone."""
    with tarfile.open(wheels.sdist(folder.parent, "mine", "0.1")) as tar:
        for member in tar:
            member.name = member.name.partition("/")[2]
            tar.extract(member, folder)
    (folder / "PKG-INFO").unlink()
    backend = (folder / "backend.py").read_text()
    needs = "Version: 0.1\\nRequires-Dist: said>=1\\nRequires-Dist: helper\\n"
    (folder / "backend.py").write_text(backend.replace("Version: 0.1\\n", needs))
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.mark.slow
def test_project__with_a_uv_lock__has_the_versions_of_uv_sync_on_the_bare_worker(
    tools: Tools, tmp_path: Path, bare_worker: Worker
) -> None:
    index, uv = tmp_path / "index", Path(sys.executable).with_name("uv")
    for name, version in (("said", "1.0"), ("helper", "3.1"), ("other", "1"), ("checker", "1")):
        wheels.wheel(index, name, version)
    wheels.index(index)
    folder = project(tmp_path / "mine")
    with serve(index) as server:
        env = {**tools.environment, "UV_DEFAULT_INDEX": f"{server.url}/simple"}

        def run(*words: str, python: str = sys.executable) -> str:
            command = [str(uv), *words, "--project", str(folder), "--python", python]
            return subprocess.run(
                command, env=env, cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout

        run("lock")
        wheels.wheel(index, "said", "2.0")  # which the lock does not have
        wheels.index(index)
        run("sync", "--frozen", "--no-dev", "--no-editable")
        python = str(folder / ".venv/bin/python")
        synced = run("pip", "freeze", python=python).splitlines()
        done = tools.create("-c", "host", folder, "./made.tar", env=env)
        assert done.returncode == 0, done.stderr
    assert [line for line in synced if "==" in line] == ["helper==3.1", "said==1.0"]
    (tools.cwd / "u").mkdir()
    subprocess.run(["tar", "xf", "made.tar", "-C", "u"], cwd=tools.cwd, check=True)
    code = (
        "import importlib.metadata as m, mine\n"
        "print(*sorted((d.name, d.version) for d in m.distributions()))"
    )
    ran = bare_worker.run(
        ["sh", "/task/bin/python_package_run", "-e", "/task", "--", "python", "-c", code],
        binds=[Bind(tools.cwd / "u", "/task", writable=True)],
    )
    assert ran.stdout == "('helper', '3.1') ('mine', '0.1') ('said', '1.0')\n", ran.stderr
