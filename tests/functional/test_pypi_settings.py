"""pip's and uv's settings in every way that packages of PyPI take through `create`.

The table below is the one of docs/python_package_create.md, cell by cell.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.functional.test_channels import PYTHON, THERE, fill
from tests.support import wheels
from tests.support.channels import Channel
from tests.support.clean import OWN_CONFIGURATION
from tests.support.http import Server, serve
from tests.support.tools import Tools

WAYS = ("host", "host and PyPI", "conda and PyPI", "local wheel", "URL", "lock", "platform")


@dataclass(frozen=True)
class World:
    """What the settings point at.

    Attributes:
        channel: With a real Python, for this machine.
        foreign: With one of a few bytes, for another platform too.
        shelf: A folder of wheels, `tiny` 1.0 and 2.0 among them.
        server: An index of them.
        lock: In which tiny 2.0 stands.
    """

    channel: Channel
    foreign: Path
    shelf: Path
    server: Server
    lock: str


@pytest.fixture(scope="module")
def world(
    session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    shelf = folder / "shelf"
    for version in ("1.0", "2.0"):
        wheels.wheel(shelf, "tiny", version)
    wheels.index(shelf)
    foreign = fill(folder / "foreign")
    with serve(shelf) as server:
        made = World(channel, foreign, shelf, server, "")
        tools = session_tools.at(folder, folder)
        done = create(tools, made, "conda and PyPI", {"PIP_FIND_LINKS": str(shelf)}, "--lock=a")
        assert done == "tiny 2.0"
        yield World(channel, foreign, shelf, server, (folder / "a").read_text())


def create(tools: Tools, world: World, way: str, env: dict[str, str], *options: str) -> str:
    """What becomes of `tiny` on a way: its version, or the line that refuses it."""
    where = {
        "host": ["-c", "host"],
        "host and PyPI": ["-c", "host"],
        "platform": ["-c", str(world.foreign), "--platform", THERE],
    }.get(way, ["-c", str(world.channel.folder)])
    name = "tiny-2.0-py3-none-any.whl"
    pip = {
        "host": "iniconfig",
        "local wheel": f"tiny @ {(world.shelf / name).as_uri()}",
        "URL": f"tiny @ {world.server.url}/{name}",
    }.get(way, "tiny")
    python = PYTHON if way == "platform" else world.channel.python.version
    needs = tools.cwd / "needs"
    data = {"python": python, "conda": {"dependencies": [{"pip": [pip]}]}}
    needs.write_text(world.lock if way == "lock" else json.dumps(data))
    settings = {**OWN_CONFIGURATION, "PIP_NO_INDEX": "1", **env}
    done = tools.create("-q", "--no-verify", *where, *options, needs, "e.tar", env=settings)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr}"
    with tarfile.open(tools.cwd / "e.tar") as tar:
        found = [member.name.split("/")[-2] for member in tar if member.name.endswith("/METADATA")]
    return " ".join(one.removesuffix(".dist-info").replace("-", " ") for one in sorted(found))


# --- constraints -------------------------------------------------------------------------

BOUND = {
    "host": "iniconfig",
    "host and PyPI": "tiny 1.0",
    "conda and PyPI": "tiny 1.0",
    "local wheel": "exit 4: ",
    "URL": "exit 4: ",
    "lock": "tiny 2.0",
    "platform": "tiny 1.0",
}


def constraint(form: str, tools: Tools) -> dict[str, str]:
    """The variables by which a form says that tiny is to be below 2, and iniconfig below 1."""
    file = tools.cwd / "bounds.txt"
    file.write_text("tiny<2\niniconfig<1\n")
    if form == "uv.toml":
        (tools.cwd / "uv.toml").write_text('constraint-dependencies = ["tiny<2", "iniconfig<1"]\n')
        return {}
    if form == "pip.conf":
        (tools.home / ".pip").mkdir()
        (tools.home / ".pip/pip.conf").write_text(f"[global]\nconstraint = {file}\n")
        return {}
    return {form: str(file)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", ["PIP_CONSTRAINT", "UV_CONSTRAINT", "pip.conf", "uv.toml"])
def test_constraint__in_any_form__bounds_what_is_chosen_and_nothing_else(
    tools: Tools, world: World, form: str, way: str
) -> None:
    env = {"PIP_FIND_LINKS": str(world.shelf), **constraint(form, tools)}
    assert create(tools, world, way, env).startswith(BOUND[way])
