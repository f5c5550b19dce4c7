from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.tools import Tools

SEARCHES = Path(__file__).parents[1] / "data/splunk/searches.py"
REPORTING = ("total",)
NAMES = ("score", "first", "numbers", "values", "broken", "left", "told", "killed", "nothing")


def options(module: str = "searches") -> list[str]:
    """What declares all commands."""
    words = [f"{name}={module}:{name}" for name in NAMES]
    words += [f"{name}={module}:{name}:reporting" for name in REPORTING]
    return [f"--splunk-command={word}" for word in words]


def unpack(spl: Path, apps: Path) -> Path:
    """Install an app as Splunk does, by tar, into a folder of apps."""
    apps.mkdir(parents=True)
    with tarfile.open(spl) as archive:
        archive.extractall(apps, filter="tar")
    (app,) = apps.iterdir()
    return app


def make(tools: Tools, channel: Channel, folder: Path, name: str, more: Sequence[str] = ()) -> Path:
    needs = folder / "needs.json"
    conda = {"dependencies": ["greeting", "prefix-text", "prefix-binary"]}
    needs.write_text(
        json.dumps({"python": channel.python.version, "modules": ["greeting"], "conda": conda})
    )
    about = ["--app-version", "1.2.0", "--maintainer", "Jane Doe <jane@example.org>"]
    words = [*about, "--description", "Searches of a shop", *options(), *more]
    source = ["--format", "splunk-app", "-c", channel.folder, "--add", SEARCHES]
    done = tools.create(*source, *words, needs, name)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{name}.spl\n"
    return tools.cwd / f"{name}.spl"


@pytest.fixture(scope="module")
def spl(session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    tools = session_tools.at(tmp_path_factory.mktemp("home"), folder)
    return make(tools, channel, folder, "shop")


@pytest.fixture(scope="module")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, unpacked and then moved."""
    unpacked = unpack(spl, tmp_path_factory.mktemp("unpacked") / "apps")
    return unpacked.rename(tmp_path_factory.mktemp("splunk home") / "shop")
