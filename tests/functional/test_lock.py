"""The lock: what it says, and that it reproduces an environment."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from rattler import LockFile

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.http import Server
from tests.support.tools import Tools


def needs(tools: Tools, python: str, *dependencies: str) -> Path:
    path = tools.cwd / "requirements.json"
    path.write_text(json.dumps({"python": python, "conda": {"dependencies": dependencies}}))
    return path


def data_alone(tools: Tools) -> Path:
    """The same of a package that needs no Python: an environment that is quickly made."""
    path = tools.cwd / "environment.yml"
    path.write_text(json.dumps({"dependencies": ["shared-data"]}))
    return path


def inside(archive: Path) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile("etc/pypackage/environment.lock")
        assert file is not None
        return file.read()


def create(tools: Tools, *args: str | Path) -> None:
    done = tools.create(*args)
    assert done.returncode == 0, done.stderr


def fails(tools: Tools, code: int, *args: str | Path, fresh: Path | None = None) -> str:
    env = {"RATTLER_CACHE_DIR": str(fresh)} if fresh else {}
    done = tools.create(*args, "./other.tar.gz", env=env)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert not (tools.cwd / "other.tar.gz").exists()
    assert "Traceback" not in done.stderr
    return done.stderr


def test_lock__of_a_named_environment__is_beside_and_inside_and_pixi_reads_it(
    tools: Tools, channel: Channel, python: str
) -> None:
    create(tools, "-c", channel.http_url, needs(tools, python, "greeting"), "mine")
    path = tools.cwd / "mine.lock"
    assert inside(tools.cwd / "mine.tar.gz") == path.read_bytes()
    environment = LockFile.from_path(path).default_environment()
    assert environment is not None
    (platform,) = environment.platforms()
    records = environment.conda_repodata_records_for_platform(platform) or []
    found = {record.name.normalized: record for record in records}
    assert found["greeting"].url.startswith(f"{channel.http_url}/noarch/greeting-1.2-")
    assert all(record.sha256 for record in records)
    assert [str(one).rstrip("/") for one in environment.channels()] == [channel.http_url]


def test_lock__of_an_archive_by_path__is_inside_and_beside_only_on_demand(
    tools: Tools, channel: Channel
) -> None:
    path = data_alone(tools)
    create(tools, "-c", channel.folder, path, "./made.tar.gz")
    assert sorted(p.name for p in tools.cwd.iterdir()) == ["environment.yml", "made.tar.gz"]
    create(tools, "-c", channel.folder, "--lock", "a.lock", path, "./made.tar.gz")
    assert (tools.cwd / "a.lock").read_bytes() == inside(tools.cwd / "made.tar.gz")


def test_lock__of_folders_of_this_machine__does_not_name_them(
    tools: Tools, channel: Channel, python: str
) -> None:
    create(tools, "-c", channel.folder, needs(tools, python, "greeting"), "mine")
    text = (tools.cwd / "mine.lock").read_text()
    assert str(channel.folder) not in text
    assert "- conda: file:///local/noarch/greeting-1.2-pyhd8ed1ab_0.conda" in text


def test_lock__of_a_channel_with_a_password__does_not_tell_it(
    tools: Tools, web_server: Server
) -> None:
    plain = web_server.url.replace("://", "://user:secret@")
    create(tools, "-c", plain, data_alone(tools), "mine")
    content = (tools.cwd / "mine.lock").read_bytes() + inside(tools.cwd / "mine.tar.gz")
    assert b"secret" not in content


@pytest.fixture(scope="module")
def mine(session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an environment was made of, its archive and its lock."""
    tools = session_tools.at(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("mine"))
    path = needs(tools, channel.python.version, "many-versions <2", "greeting")
    create(tools, "-c", channel.folder, path, "mine")
    return tools.cwd


@pytest.mark.parametrize("way", ["input", "option", "inside"])
def test_locked__gives_the_same_bytes(tools: Tools, channel: Channel, mine: Path, way: str) -> None:
    lock = mine / "mine.lock"
    if way == "inside":
        lock = tools.cwd / "inside.lock"
        lock.write_bytes(inside(mine / "mine.tar.gz"))
    args = ("--locked", lock, mine / "requirements.json") if way == "option" else (lock,)
    create(tools, "--rebuild", "-c", channel.folder, *args, "./again.tar.gz")
    assert (tools.cwd / "again.tar.gz").read_bytes() == (mine / "mine.tar.gz").read_bytes()


def test_locked__on_a_machine_with_an_empty_cache__finds_packages_in_the_named_folder(
    tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    create(tools, "-c", channel.folder, data_alone(tools), "mine")
    empty = tmp_path_factory.mktemp("rattler")
    said = fails(tools, 5, "--rebuild", "mine.lock", fresh=empty)
    assert "the lock has packages from a folder of another machine: " in said
    assert "-c" in said
    done = tools.create(
        "-c", channel.folder, "mine.lock", "./b.tar.gz", env={"RATTLER_CACHE_DIR": str(empty)}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_locked__host_channel__is_found_by_its_digest(tools: Tools, python: str) -> None:
    (tools.cwd / "r.json").write_text(json.dumps({"python": python, "modules": ["iniconfig"]}))
    create(tools, "-c", "host", "r.json", "mine")
    text = (tools.cwd / "mine.lock").read_text()
    assert "file:///local/" in text
    assert str(tools.cache) not in text
    create(tools, "--rebuild", "mine.lock", "./again.tar.gz")
    assert (tools.cwd / "again.tar.gz").read_bytes() == (tools.cwd / "mine.tar.gz").read_bytes()


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize("over", ["http", "folder"])
def test_locked__digest_that_differs__exits_5(
    tools: Tools,
    channel: Channel,
    over: str,
    warm: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    named = channel.http_url if over == "http" else str(channel.folder)
    create(tools, "-c", named, data_alone(tools), "mine")
    path = tools.cwd / "mine.lock"
    text = path.read_text()
    found = re.search(r"^- conda: \S*/shared-data-1.0-0.conda\n.*?sha256: (\w+)", text, re.M | re.S)
    assert found
    wrong = text.replace(found[1], "0" * 64)
    path.write_text(wrong)
    fresh = None if warm else tmp_path_factory.mktemp("rattler")
    said = fails(tools, 5, "-c", named, path, fresh=fresh)
    assert "shared-data" in said


@pytest.fixture
def with_wheel(tools: Tools, channel: Channel, python: str) -> Path:
    """A lock of an environment that has a wheel from a folder."""
    wheels.wheel(tools.cwd / "shelf", "said")
    asked = {"channels": [channel.url], "dependencies": [{"pip": ["said"]}]}
    path = tools.cwd / "requirements.json"
    path.write_text(json.dumps({"python": python, "conda": asked}))
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tools.cwd / "shelf")}
    done = tools.create(path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    return tools.cwd / "mine.lock"


@pytest.mark.slow
def test_locked__wheel_of_a_folder__is_found_by_its_name_and_digest(
    tools: Tools, channel: Channel, with_wheel: Path
) -> None:
    options = ("-c", channel.folder, "--rebuild", with_wheel, "./other.tar.gz")
    assert "said-1.0-py3-none-any.whl from a folder" in fails(tools, 5, *options[:-1])
    done = tools.create(*options, env={"PIP_FIND_LINKS": "shelf"})
    assert done.returncode == 0, done.stderr
    other, mine = tools.cwd / "other.tar.gz", tools.cwd / "mine.tar.gz"
    assert other.read_bytes() == mine.read_bytes()
    wheels.wheel(tools.cwd / "shelf", "said", files={"said.py": "VERSION = 'forged'"})
    done = tools.create(*options, env={"PIP_FIND_LINKS": "shelf"})
    assert done.returncode == 5, done.stderr
    assert "is not the package that was locked" in done.stderr


@pytest.mark.slow
def test_locked__source_archive__is_built_on_demand_only(
    tools: Tools, channel: Channel, python: str
) -> None:
    wheels.sdist(tools.cwd, "raw")
    asked = {"channels": [channel.url], "dependencies": [{"pip": ["raw"]}]}
    path = tools.cwd / "requirements.json"
    path.write_text(json.dumps({"python": python, "conda": asked}))
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tools.cwd)}
    done = tools.create("--allow-sdist", path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    done = tools.create("-c", channel.folder, "mine.lock", "./other.tar.gz", env=env)
    assert done.returncode == 5, done.stderr
    assert "raw 1.0 would have to be built" in done.stderr
    path.write_text(json.dumps({"python": python, "pip": ["raw @ git+https://127.0.0.1:9/raw"]}))
    assert "would have to be built" in fails(tools, 4, "-c", channel.folder, path)


LOCK = """\
version: 6
environments:
  default:
    channels:
    - url: file:///local
    packages:
      {platform}:
      - conda: file:///local/noarch/thing-1.0-0.conda
packages:
- conda: file:///local/noarch/thing-1.0-0.conda
  subdir: noarch
  sha256: 0000000000000000000000000000000000000000000000000000000000000000
"""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--exclude-newer", "2025-01-01", "a.lock"], "--exclude-newer has no effect"),
        (["--locked", "a.lock", "a.lock"], "--locked has no effect"),
        (["--locked", "-", "-"], "cannot both be stdin"),
    ],
)
def test_lock__with_options_that_do_not_go_with_it__exits_1(
    tools: Tools, channel: Channel, given: list[str], says: str
) -> None:
    (tools.cwd / "a.lock").write_text(LOCK.format(platform=channel.platform))
    assert says in fails(tools, 1, *given)


def test_lock__that_cannot_be_written__exits_2_before_the_work(tools: Tools) -> None:
    done = tools.create("--lock", "nowhere/x.lock", "-", "made", stdin='{"python": "3.11.7"}')
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere does not exist" in done.stderr
    assert "solving" not in done.stderr


def test_locked__for_another_platform__exits_3(tools: Tools, channel: Channel) -> None:
    create(tools, "-c", channel.folder, data_alone(tools), "mine")
    path = tools.cwd / "mine.lock"
    path.write_text(path.read_text().replace("linux-64", "osx-arm64"))
    said = fails(tools, 3, path)
    assert "mine.lock: is a lock for osx-arm64, not for linux-64" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version: 99\nenvironments: {}\npackages: []\n", "x.lock: not a pixi lock file: "),
        ("version: 6\nenvironments: {}\npackages: []\n", "x.lock: has no environment 'default'"),
    ],
)
def test_locked__invalid__exits_3(tools: Tools, text: str, says: str) -> None:
    (tools.cwd / "x.lock").write_text(text)
    assert says in fails(tools, 3, "x.lock")


def test_locked__file_that_is_none__exits_3(tools: Tools, python: str) -> None:
    path = needs(tools, python)
    said = fails(tools, 3, "--locked", path, path)
    assert "not a lock file of pixi or conda-lock" in said


def test_pixi_lock__with_several_environments__is_asked_which(
    tools: Tools, channel: Channel
) -> None:
    create(tools, "-c", channel.folder, data_alone(tools), "mine")
    content = yaml.safe_load((tools.cwd / "mine.lock").read_text())
    content["environments"] = dict.fromkeys(("a", "b"), content["environments"]["default"])
    (tools.cwd / "pixi.lock").write_text(yaml.safe_dump(content, sort_keys=False))
    assert "it has a, b" in fails(tools, 3, "pixi.lock")
    create(tools, "--environment", "b", "pixi.lock", "./b.tar.gz")
    content["environments"]["default"] = {"channels": [], "packages": {}}
    (tools.cwd / "pixi.lock").write_text(yaml.safe_dump(content, sort_keys=False))
    said = fails(tools, 3, "pixi.lock")
    assert "the environment 'default' is empty" in said
    assert "it has a, b" in said


def conda_lock(channel: Channel, platform: str, python: str) -> Iterator[dict[str, object]]:
    """The packages of an environment in conda-lock's form."""
    for subdir in (channel.platform, "noarch"):
        listed = json.loads((channel.folder / subdir / "repodata.json").read_text())
        for name, one in listed["packages.conda"].items():
            is_python = one["name"] == "python" and one["version"] == python
            if one["name"].startswith("lib") or is_python or one["name"] == "greeting":
                yield {
                    "name": one["name"],
                    "version": one["version"],
                    "manager": "conda",
                    "platform": platform,
                    "dependencies": {s.split()[0]: " ".join(s.split()[1:]) for s in one["depends"]},
                    "url": f"{channel.http_url}/{subdir}/{name}",
                    "hash": {"md5": one["md5"], "sha256": one["sha256"]},
                    "category": "main",
                    "optional": False,
                }


@pytest.mark.slow
def test_conda_lock__is_installed_as_it_is_locked(
    tools: Tools, channel: Channel, python: str
) -> None:
    packages = [*conda_lock(channel, channel.platform, python)]
    packages.append(
        {**packages[0], "name": "tool", "category": "dev", "url": "http://none/x.conda"}
    )
    content = {"version": 1, "metadata": {"platforms": [channel.platform]}, "package": packages}
    path = tools.cwd / "conda-lock.yml"
    path.write_text("# made by conda-lock\n" + yaml.safe_dump(content, sort_keys=False))
    create(tools, path, "mine")
    done = tools.run("-e", "mine.tar.gz", "--", "greet")
    assert done.stdout == "hello, world\n", done.stderr


def test_conda_lock__for_another_platform__exits_3(
    tools: Tools, channel: Channel, python: str
) -> None:
    packages = [*conda_lock(channel, "osx-64", python)]
    path = tools.cwd / "conda-lock.yml"
    path.write_text(yaml.safe_dump({"version": 1, "metadata": {}, "package": packages}))
    said = fails(tools, 3, path)
    assert "conda-lock.yml:" in said
    assert f"package: is a lock for osx-64, not for {channel.platform}" in said


def test_conda_lock__other_categories__are_told_and_taken_where_named(
    tools: Tools, channel: Channel, python: str
) -> None:
    packages = [*conda_lock(channel, channel.platform, python)]
    greeting = next(one for one in packages if one["name"] == "greeting")
    greeting["category"] = "dev"
    path = tools.cwd / "conda-lock.yml"
    path.write_text(yaml.safe_dump({"version": 1, "metadata": {}, "package": packages}))
    done = tools.create(path, "./main.tar.gz")
    assert done.returncode == 0, done.stderr
    assert "packages of the category dev are left out; --category dev takes them" in done.stderr
    done = tools.create("--category", "dev", path, "./dev.tar.gz")
    assert (done.returncode, "left out" in done.stderr) == (0, False), done.stderr
    ran = tools.run("-e", "dev.tar.gz", "--", "greet")
    assert ran.stdout == "hello, world\n", ran.stderr
