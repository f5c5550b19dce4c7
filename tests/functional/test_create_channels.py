"""Channels as users name them, over HTTP too, and those that fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channel
from tests.support.creating import no_python, refused, requirements
from tests.support.http import Fault, Server, half, no_answer, status, wrong_bytes
from tests.support.tools import Tools


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain", "zst", "sharded"])
def test_channel__over_http_in_each_form_of_repodata__is_read(
    tools: Tools, channel: Channel, python: str, tmp_path: Path, form: Any
) -> None:
    needs = requirements(tmp_path, "greeting", python=python)
    with channel.only(form, tmp_path / "channel").over_http() as server:
        done = tools.create("-c", server.url, needs, tmp_path / "e.tar.gz")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "spelled", ["{folder}", "{folder}/", "file://{folder}", "../c", "./x/../../c"]
)
def test_channel__folder__may_be_spelled_in_many_ways(
    tools: Tools, channel: Channel, tmp_path: Path, spelled: str
) -> None:
    (tmp_path / "c").symlink_to(channel.folder)
    work = tmp_path / "work"
    (work / "x").mkdir(parents=True)
    needs = no_python(tmp_path, "shared-data")
    there = tools.at(tools.home, work)
    done = there.create("-c", spelled.format(folder=channel.folder), needs, "e.tar.gz")
    assert done.returncode == 0, done.stderr


def test_channel__named_by_the_requirements__is_used(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    conda = {"channels": [channel.url], "dependencies": ["shared-data"]}
    needs = tmp_path / "environment.yml"
    needs.write_text(json.dumps(conda))
    assert tools.create(needs, "e.tar.gz").returncode == 0


def test_channel__of_condarc__is_used_when_nothing_else_names_one(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    (tools.home / ".condarc").write_text(f"channels: [{channel.url}]\nenvs_dirs: [~/elsewhere]\n")
    needs = no_python(tmp_path, "shared-data")
    done = tools.create(needs, "mine", env={"CONDA_ENVS_PATH": None})
    assert done.returncode == 0, done.stderr
    assert (tools.home / "elsewhere/mine/share/shared-data").is_dir()


def test_network__is_not_there__exits_4(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "greeting", python=python)
    said = refused(tools, 4, "-c", "http://127.0.0.1:9/channel", needs, "mine")
    assert "http://127.0.0.1:9/channel" in said
    assert "check the channel's name and the network" in said


def test_channel__that_is_no_folder_or_no_channel__exits_4(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "greeting", python=python)
    said = refused(tools, 4, "-c", "./nowhere", needs, "mine")
    assert "./nowhere cannot be read: there is no such folder" in said
    said = refused(tools, 4, "-c", ".", needs, "mine")
    assert ". is not a conda channel: it has no noarch/repodata.json" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code"),
    [(status(404), 5), (status(503), 5), (no_answer(), 5), (half(), 5), (wrong_bytes(), 5)],
    ids=["404", "503", "no answer", "half", "wrong bytes"],
)
def test_channel__whose_package_cannot_be_fetched__exits_5_and_keeps_the_former(
    tools: Tools,
    web_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
    fault: Fault,
    code: int,
) -> None:
    (tools.cwd / "mine.tar.gz").write_bytes(b"former")
    needs = no_python(tools.cwd, "many-files")
    web_server.on("/noarch/many-files-*", fault)
    # A package cache of its own: in the session's one the package may be there already.
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    said = refused(tools, code, "-c", web_server.url, needs, "mine", env=env)
    assert "many-files" in said
    assert (tools.cwd / "mine.tar.gz").read_bytes() == b"former"
    assert not (tools.environments / "mine").exists()
    web_server.behave()
    done = tools.create("-c", web_server.url, needs, "mine", env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", [status(404), status(503), no_answer()])
def test_channel__whose_repodata_cannot_be_fetched__exits_4(
    tools: Tools, web_server: Server, fault: Fault, tmp_path_factory: Any
) -> None:
    needs = no_python(tools.cwd, "many-files")
    web_server.on("*/repodata*", fault)
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    assert web_server.url in refused(tools, 4, "-c", web_server.url, needs, "mine", env=env)
