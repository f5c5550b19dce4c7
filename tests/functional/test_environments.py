"""--list, --update, --remove and --versions, as a user calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.prefix.directory import PROVENANCE
from tests.support import wheels
from tests.support.channels import Channel
from tests.support.creating import no_python, refused, requirements
from tests.support.tools import Tools


@pytest.fixture(scope="module")
def keeper(
    session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> Tools:
    """Somebody who has made an environment `mine`, which no test may change."""
    tools = session_tools.at(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"))
    needs = requirements(tools.cwd, "many-versions=1", "iniconfig", python=channel.python.version)
    (tools.cwd / "own.py").write_text("name = 'own'\n")
    done = tools.create(
        *("-c", channel.folder, "--add", "own.py", "--exclude", "*/pydoc.py", needs, "mine")
    )
    assert done.returncode == 0, done.stderr
    return replace(tools, cache=tmp_path_factory.mktemp("cache without interpreters"))


@pytest.fixture
def mine(tools: Tools, keeper: Tools) -> Path:
    """A copy of it that is one's own."""
    prefix = tools.environments / "mine"
    shutil.copytree(keeper.environments / "mine", prefix, symlinks=True)
    (tools.home / ".conda/environments.txt").write_text(f"{prefix}\n")
    return prefix


def packed(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile("etc/pypackage/manifest.json")
        assert file
        listed = json.load(file)["packages"]
    return {one["name"]: one["version"] for one in listed}


# --- --list ------------------------------------------------------------------------------


def test_list__nothing_made__is_empty(tools: Tools) -> None:
    done = replace(tools, cache=tools.home).create("--list")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_list__environment__tells_python_size_age_folder(keeper: Tools, channel: Channel) -> None:
    (keeper.environments / "theirs" / "conda-meta").mkdir(parents=True)
    done = keeper.create("--list")
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    assert head == ["KIND", "NAME", "PYTHON", "SIZE", "AGE", "FOLDER"]
    (row,) = rows
    assert row[:3] == ["environment", "mine", channel.python.version]
    assert float(row[3]) > 10
    assert row[4:] == ["MB", "0", "minutes", str(keeper.environments / "mine")]


def test_list__of_an_environment__tells_its_packages_with_their_origins(
    keeper: Tools, channel: Channel
) -> None:
    done = keeper.create("--list", "mine", "--json")
    assert done.returncode == 0, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert found["many-versions"]["version"] == "1.5"
    assert found["many-versions"]["build"] == "h0123456_0"
    assert found["many-versions"]["origin"].startswith(channel.folder.as_uri())
    done = keeper.create("--list", "mine")
    head, *rows = [line.split() for line in done.stdout.splitlines()]
    assert head == ["NAME", "VERSION", "BUILD", "ORIGIN"]
    assert {row[0] for row in rows} == set(found)
    assert "there is no environment or interpreter none" in refused(keeper, 2, "--list", "none")


def test_json__of_lists__has_bytes_and_names(keeper: Tools, channel: Channel) -> None:
    (one,) = json.loads(keeper.create("--list", "--json").stdout)
    assert (one["kind"], one["name"]) == ("environment", "mine")
    assert (one["python"], one["folder"]) == (
        *(channel.python.version, str(keeper.environments / "mine")),
    )
    assert one["size"] > 10_000_000
    offers = json.loads(keeper.create("--versions", "--json", "-c", channel.folder).stdout)
    assert channel.python.version in {offer["version"] for offer in offers}
    kept = json.loads(keeper.create("--cache", "list", "--json").stdout)
    assert {"archives", "byte code"} <= {kind["kind"] for kind in kept["kinds"]}
    assert "--json goes with" in refused(keeper, 1, "--json", "r.json", "mine")


# --- --remove ----------------------------------------------------------------------------


def test_remove__environment__is_gone_for_conda_too(tools: Tools, mine: Path) -> None:
    done = tools.create("--remove", "mine")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert list(tools.environments.iterdir()) == []
    assert (tools.home / ".conda/environments.txt").read_text() == ""
    assert "no environment or interpreter mine" in refused(tools, 2, "--remove", "mine")


def test_remove__somebody_else_s__is_left_alone(tools: Tools) -> None:
    theirs = tools.environments / "theirs" / "conda-meta"
    theirs.mkdir(parents=True)
    said = refused(tools, 5, "--remove", "theirs")
    assert f"{theirs.parent} was not made by python_package_create" in said
    assert theirs.exists()


@pytest.mark.parametrize("name", [".", "..", "", "../envs/mine"])
def test_remove__no_name__removes_nothing(keeper: Tools, name: str) -> None:
    refused(keeper, 2, "--remove", name)
    refused(keeper, 2, "--remove", "mine", name)
    assert (keeper.environments / "mine").exists()


# --- --update ----------------------------------------------------------------------------


def test_update__without_a_package__removes_it_and_its_modules_and_the_rest_stays(
    tools: Tools, keeper: Tools, mine: Path
) -> None:
    done = tools.create("--update", "mine", "--without", "many-versions", "--without", "iniconfig")
    assert (done.returncode, done.stdout) == (0, "mine.tar.gz\n"), done.stderr
    before, after = packed(keeper.cwd / "mine.tar.gz"), packed(tools.cwd / "mine.tar.gz")
    assert set(before) - set(after) == {"many-versions", "iniconfig"}
    assert {name: before[name] for name in after} == after
    said = refused(tools, 1, "--update", "mine", "--without", "greeting")
    assert "mine does not require greeting" in said
    assert "keeps its Python" in refused(tools, 1, "--update", "mine", "--without", "python")
    assert "--without goes with --update" in refused(tools, 1, "--list", "--without", "x")


def test_update__package__is_added_and_the_rest_stays(
    tools: Tools, keeper: Tools, mine: Path
) -> None:
    done = tools.create("--update", "mine", "greeting")
    assert (done.returncode, done.stdout) == (0, "mine.tar.gz\n"), done.stderr
    before = packed(keeper.cwd / "mine.tar.gz")
    after = packed(tools.cwd / "mine.tar.gz")
    assert before["many-versions"] == "1.5"
    assert set(after) - set(before) == {"greeting", "shared-data"}
    assert {name: after[name] for name in before} == before
    greet = subprocess.run([mine / "bin/greet"], capture_output=True, text=True, check=True)
    assert greet.stdout == "hello, world\n"
    with tarfile.open(tools.cwd / "mine.tar.gz") as tar:
        names = tar.getnames()
    assert any(name.endswith("/own.py") for name in names)
    assert not any(name.endswith("/pydoc.py") for name in names)
    assert not any("python_package_create." in name for name in names)
    assert (tools.cwd / "mine.lock").exists()


@pytest.mark.slow
def test_update__other_version__takes_the_place_and_others_follow_with_a_warning(
    tools: Tools, mine: Path
) -> None:
    done = tools.create("--update", "mine", "many-versions=2")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert packed(tools.cwd / "mine.tar.gz")["many-versions"] == "2.0"
    note = mine / PROVENANCE
    note.write_text(note.read_text().replace("many-versions=2", "many-versions"))
    done = tools.create("--update", "mine", "either-left")
    assert done.returncode == 0, done.stderr
    assert "warning: cannot keep every version that is installed" in done.stderr
    assert packed(tools.cwd / "mine.tar.gz")["many-versions"] == "1.5"


@pytest.mark.slow
def test_update__newer_version_of_what_is_there__is_not_taken(tools: Tools, mine: Path) -> None:
    note = mine / PROVENANCE
    note.write_text(note.read_text().replace("many-versions=1", "many-versions"))
    done = tools.create("--update", "mine", "greeting")
    assert done.returncode == 0, done.stderr
    assert packed(tools.cwd / "mine.tar.gz")["many-versions"] == "1.5"


@pytest.mark.slow
def test_update__python_and_pip__another_version_and_a_wheel(
    tools: Tools, channel: Channel, mine: Path, tmp_path: Path
) -> None:
    if len(channel.interpreters) < 2:
        pytest.skip("there is one Python here")
    other = channel.interpreters[1].version
    wheels.wheel(tmp_path / "shelf", "said", "2.0")
    wheels.wheel(tmp_path / "shelf", "said", "3.0")
    env = {"UV_FIND_LINKS": f"{tmp_path}/shelf", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": None}
    done = tools.create("--update", "mine", "pip:said<3", env=env)
    assert done.returncode == 0, done.stderr
    done = tools.create("--update", "mine", f"python={other}", env=env)
    assert done.returncode == 0, done.stderr
    code = "import platform, iniconfig, own, said; print(platform.python_version(), said.VERSION)"
    ran = subprocess.run([mine / "bin/python", "-c", code], capture_output=True, text=True)
    assert ran.stdout == f"{other} 2.0\n", ran.stderr


def test_update__cannot_be__leaves_all_as_it_was(keeper: Tools) -> None:
    before = (keeper.cwd / "mine.tar.gz").read_bytes()
    refused(keeper, 4, "--update", "mine", "no-such-package")
    assert (keeper.cwd / "mine.tar.gz").read_bytes() == before
    assert (keeper.environments / "mine/bin/python").exists()


@pytest.mark.slow
def test_update__made_of_modules__keeps_their_packages(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = json.dumps({"python": python, "modules": ["iniconfig"]})
    done = tools.create("-c", channel.folder, "-", "mine", stdin=needs)
    assert done.returncode == 0, done.stderr
    done = tools.create("--update", "mine", "greeting")
    assert done.returncode == 0, done.stderr
    assert {"iniconfig", "greeting"} <= set(packed(tools.cwd / "mine.tar.gz"))


@pytest.mark.slow
def test_update__made_of_a_lock__keeps_what_was_locked(
    tools: Tools, keeper: Tools, channel: Channel
) -> None:
    done = tools.create("-c", channel.folder, keeper.cwd / "mine.lock", "again")
    assert done.returncode == 0, done.stderr
    done = tools.create("--update", "again", "greeting")
    assert done.returncode == 0, done.stderr
    got = packed(tools.cwd / "again.tar.gz")
    assert (got["many-versions"], got["greeting"]) == ("1.5", "1.2")


def test_update__password_of_a_channel__is_not_kept(tools: Tools, channel: Channel) -> None:
    needs = no_python(tools.cwd, "shared-data")
    url = channel.http_url.replace("://", "://user:hunter9@")
    done = tools.create("-c", url, needs, "mine")
    assert done.returncode == 0, done.stderr
    for path in tools.environments.glob("mine/conda-meta/*"):
        assert b"hunter9" not in path.read_bytes()


@pytest.mark.parametrize(
    ("code", "args", "said"),
    [
        (1, ["--update", "mine"], "no package to add to"),
        (2, ["--update", "nowhere", "greeting"], "no environment or interpreter nowhere"),
        (1, ["--list", "--versions"], "not allowed with"),
        (1, ["--versions", "needs.json"], "'needs.json' goes with none of"),
        (2, ["--list", "needs.json"], "no environment or interpreter needs.json"),
        (1, ["needs.json"], "required: NAME_OR_ARCHIVE"),
        (1, [], "required: REQUIREMENTS, NAME_OR_ARCHIVE"),
        (1, ["--optimize", "needs.json", "mine"], "go with --python-source"),
    ],
)
def test_command_line__not_valid__says_what(
    tools: Tools, code: int, args: list[str], said: str
) -> None:
    assert said in refused(tools, code, *args)


# --- --versions --------------------------------------------------------------------------


def test_versions__channel__lists_newest_first(tools: Tools, channel: Channel) -> None:
    done = tools.create("--versions", "-c", channel.folder)
    assert done.returncode == 0, done.stderr
    rows = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    versions = [one.version for one in channel.interpreters]
    assert sorted(row[0] for row in rows) == sorted(versions)
    numbers = [tuple(map(int, row[0].split("."))) for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert {row[1] for row in rows} == {str(channel.folder)}


@pytest.mark.slow
def test_versions__host__tells_what_c_takes(tools: Tools) -> None:
    done = tools.create("--versions", "-c", f"host:{sys.executable}")
    version, host = done.stdout.split()
    assert version == sys.version.split()[0]
    # Perhaps by another name that it has there, such as python3.
    assert Path(host.removeprefix("host:")).parent == Path(sys.executable).parent
    assert Path(host.removeprefix("host:")).samefile(sys.executable)
    done = tools.create("--versions", "-c", "host")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert sys.version.split()[0] in [row[0] for row in rows]
    assert all(row[1].startswith("host:/") for row in rows)


@pytest.mark.slow
def test_versions__channel_that_cannot_be_read__is_an_error_only_if_named(tools: Tools) -> None:
    nowhere = "http://127.0.0.1:9/channel"
    refused(tools, 4, "--versions", "-c", nowhere)
    done = tools.create(
        "--versions", env={"CONDA_CHANNELS": nowhere, "CONDA_REMOTE_MAX_RETRIES": "0"}
    )
    assert done.returncode == 0, done.stderr
    assert "warning: cannot read the channel" in done.stderr
    assert "host:/" in done.stdout
