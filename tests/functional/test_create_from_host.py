"""Environments of what is installed here, asked for as a user does."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import refused, requirements
from tests.support.tools import Tools
from tests.support.worker import Bind, Worker

HOST = f"host:{sys.executable}"


def test_host__archive_on_a_bare_worker__runs_with_the_versions_installed_here(
    tools: Tools, python: str, tmp_path: Path, bare_worker: Worker
) -> None:
    needs = tmp_path / "needs.json"
    needs.write_text(json.dumps({"python": python, "modules": ["packaging", "pytest", "yaml"]}))
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "mine.tar.gz") as archive:
        archive.extract("bin/python_package_run", tmp_path)
    code = (
        "import bz2, ctypes, hashlib, lzma, readline, sqlite3, ssl, sys, zlib; "
        "import packaging, pytest, yaml; print(sys.version.split()[0], pytest.__version__)"
    )
    ran = bare_worker.run(
        ["bin/python_package_run", "-e", "mine.tar.gz", "python3", "-c", code],
        cwd="/task",
        binds=[Bind(tmp_path, "/task", writable=True)],
        env={"PYTHON_PACKAGE_CACHE": "/task/cache"},
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{python} {pytest.__version__}\n"


@pytest.mark.slow
def test_host__python_of_condarc__is_the_default(tools: Tools) -> None:
    # It calls itself otherwise than any Python that would be found without it.
    mine = tools.home / "mine/bin/python3"
    mine.parent.mkdir(parents=True)
    mine.symlink_to(os.path.realpath(sys.executable))
    (tools.home / ".condarc").write_text(f"channels: ['host:{mine}']\n")
    (tools.cwd / "requirements.txt").write_text("")
    words = ("--allow-empty", "--no-verify", "--compress-level", "0", "requirements.txt", "mine")
    done = tools.create(*words)
    assert done.returncode == 0, done.stderr
    assert f"taking what is installed for {mine} ...\n" in done.stderr


@pytest.mark.slow
def test_host__conda_s_spelling_of_a_name__is_understood(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "conda_package_streaming", "Packaging>=20", python=python)
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    site = tools.environments / "mine/lib" / f"python{python.rpartition('.')[0]}/site-packages"
    assert {"conda_package_streaming", "packaging"} <= {path.name for path in site.iterdir()}


@pytest.mark.slow
def test_host__after_another_channel__gives_what_that_one_has_not(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "greeting", "conda_package_streaming", python=python)
    done = tools.create("-c", channel.folder, "-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    records = {
        record["name"]: record["channel"]
        for path in (tools.environments / "mine/conda-meta").glob("*.json")
        if (record := json.loads(path.read_text()))
    }
    assert records["python"] == records["greeting"] == f"{channel.url}/"
    assert "/host/channels/" in records["conda-package-streaming"]


@pytest.mark.slow
def test_host__module_not_installed_whose_package_has_another_name__is_found_by_the_table(
    tools: Tools, python: str
) -> None:
    # On PyPI attr is another package; the module is one of attrs.
    needs = requirements(tools.cwd, python=python, modules=["attr"], conda={})
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    site = tools.environments / "mine/lib" / f"python{python.rpartition('.')[0]}/site-packages"
    assert list(site.glob("attrs-*.dist-info"))


def test_host__interpreter_of_another_version__exits_4_and_says_which(tools: Tools) -> None:
    needs = requirements(tools.cwd, python="3.99")
    said = refused(tools, 4, "-c", "host", needs, "mine")
    assert "no Python 3.99" in said
    assert "'-c host:PATH' names it" in said
    said = refused(tools, 4, "-c", f"host:{sys.executable}", needs, "mine")
    assert "the requirements ask for 3.99" in said
