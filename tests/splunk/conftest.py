from __future__ import annotations

import json
import subprocess
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
    subprocess.run(["tar", "-xzf", spl, "-C", apps], check=True)
    (app,) = apps.iterdir()
    return app


@pytest.fixture(scope="module")
def spl(session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    conda = {"dependencies": ["greeting", "prefix-text", "prefix-binary"]}
    (folder / "needs.json").write_text(
        json.dumps({"python": channel.python.version, "modules": ["greeting"], "conda": conda})
    )
    about = ["--app-version", "1.2.0", "--maintainer", "Jane Doe <jane@example.org>"]
    words = [*about, "--description", "Searches of a shop", *options(), "needs.json", "shop"]
    source = ["--format", "splunk-app", "-c", channel.folder, "--add", SEARCHES]
    tools = session_tools.at(tmp_path_factory.mktemp("home"), folder)
    done = tools.create(*source, *words, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "shop.spl\n"
    return folder / "shop.spl"


@pytest.fixture(scope="module")
def app(spl: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, unpacked and then moved."""
    unpacked = unpack(spl, tmp_path_factory.mktemp("unpacked") / "apps")
    return unpacked.rename(tmp_path_factory.mktemp("splunk home") / "shop")
