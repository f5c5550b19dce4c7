"""python_package_create as a user calls it, with the channel in conda-forge's shapes."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import no_python, requirements
from tests.support.tools import Tools


def test_create__name__makes_environment_and_archive(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "greeting", python=python)
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine.tar.gz\n"
    prefix = tools.environments / "mine"
    greet = subprocess.run([prefix / "bin/greet"], capture_output=True, text=True, check=True)
    assert greet.stdout == "hello, world\n"
    assert (tools.home / ".conda/environments.txt").read_text() == f"{prefix}\n"
    made = ["mine.lock", "mine.tar.gz", "requirements.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == made


def test_create__poncho_s_name_of_the_command__is_the_same(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "shared-data")
    done = tools.start("poncho_package_create", "-c", channel.folder, needs, "mine")
    assert (done.returncode, done.stdout) == (0, "mine.tar.gz\n"), done.stderr


def test_create__archive_path_whose_file_exists__replaces_it_and_makes_no_environment(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    archive = tmp_path / ".tmpABC.tar.gz"
    archive.touch(0o600)
    needs = no_python(tmp_path, "shared-data")
    done = tools.create("-c", channel.folder, needs, archive)
    assert done.returncode == 0, done.stderr
    assert tarfile.is_tarfile(archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert not tools.environments.exists()


def test_create__requirements_on_stdin__are_read(
    tools: Tools, channel: Channel, python: str
) -> None:
    text = json.dumps({"python": python, "modules": ["greeting"]})
    done = tools.create("-", "mine", "-c", channel.folder, "--allow-guesses", stdin=text)
    assert done.returncode == 0, done.stderr
    assert "named like the modules: greeting" in done.stderr


def test_create__modules_alone__resolves_by_their_names(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = tmp_path / "seed.json"
    needs.write_text(json.dumps({"python": python, "modules": ["greeting", "iniconfig"]}))
    done = tools.create("-c", channel.folder, "--allow-guesses", needs, "mine")
    assert done.returncode == 0, done.stderr
    prefix = tools.environments / "mine"
    subprocess.run([prefix / "bin/python", "-c", "import greeting, iniconfig"], check=True)


@pytest.mark.slow
def test_create__own_former_environment__is_replaced(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    for package in ("many-files", "shared-data"):
        needs = requirements(tmp_path, package, python=python)
        assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    assert (prefix / "share/shared-data").is_dir()
    assert list(prefix.rglob("many_files")) == []
    assert [path.name for path in tools.environments.iterdir()] == ["mine"]
