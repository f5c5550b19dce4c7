"""What users of conda type and expect: its options, its history, and near misses that are told."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from pypackage.prefix import history
from tests.support.channels import Channel
from tests.support.creating import refused
from tests.support.tools import Tools


@pytest.fixture
def environment(tools: Tools, channel: Channel) -> Path:
    """An environment.yml with a name and a variable; none of its packages needs Python."""
    path = tools.cwd / "environment.yml"
    dependencies = ["shared-data", "many-versions<2"]
    content = {"name": "named", "channels": [str(channel.folder)], "variables": {"SAID": "it"}}
    path.write_text(json.dumps({**content, "dependencies": dependencies}))
    return path


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["environment.yml"], "named"),
        (["-f", "environment.yml"], "named"),
        (["--file", "environment.yml", "--name", "other"], "other"),
        (["-n", "other", "environment.yml"], "other"),
        (["-f", "environment.yml", "other"], "other"),
    ],
)
def test_arguments__as_conda_has_them__name_the_environment(
    tools: Tools, environment: Path, words: list[str], name: str
) -> None:
    done = tools.create(*words)
    assert (done.returncode, done.stdout) == (0, f"{name}.tar.gz\n"), done.stderr
    state = json.loads((tools.environments / name / "conda-meta/state").read_text())
    assert state["env_vars"] == {"SAID": "it"}


def test_prefix__is_where_the_environment_is_made(tools: Tools, environment: Path) -> None:
    done = tools.create("-p", "deep/er", environment)
    assert (done.returncode, done.stdout) == (0, "er.tar.gz\n"), done.stderr
    assert (tools.cwd / "deep/er/share/many-versions").read_text() == "1.5 0\n"
    (tools.cwd / "taken").mkdir()
    assert "was not made by" in refused(tools, 5, "-p", "taken", environment)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-n", "x", "-p", "y", "environment.yml"], "exclude each other"),
        (["-n", "x", "environment.yml", "y"], "'y' is one too many"),
        (["-n", "a/b", "environment.yml"], "-p PREFIX takes a path"),
        (["-n", "x"], "required: REQUIREMENTS"),
        (["named", "environment.yml"], "python_package_create environment.yml named"),
        (["named", "./requirements.json"], "it ends like requirements"),
        (["--chanel", "host", "environment.yml", "x"], "did you mean --channel?"),
        (["-c", "Host", "environment.yml", "x"], "did you mean host?"),
        (["-c", "PyPI", "environment.yml", "x"], "PyPI is not a conda channel"),
    ],
)
def test_arguments__that_are_wrong__exit_1_and_say_what_is_meant(
    tools: Tools, environment: Path, words: list[str], said: str
) -> None:
    assert environment.exists()
    assert said in refused(tools, 1, *words)


def test_history__of_a_named_environment__says_as_conda_what_was_asked_for(
    tools: Tools, environment: Path, channel: Channel
) -> None:
    assert tools.create(environment, "mine").returncode == 0
    text = (tools.environments / "mine" / history.PATH).read_text()
    head, command, *packages, specs = text.splitlines()
    assert re.fullmatch(r"==> \d{4}-\d\d-\d\d \d\d:\d\d:\d\d <==", head)
    assert command.startswith("# cmd: ")
    url = channel.url
    assert packages == [
        f"+{url}/noarch::many-versions-1.5-h0123456_0",
        f"+{url}/noarch::shared-data-1.0-0",
    ]
    asked = ast.literal_eval(specs.removeprefix("# update specs: "))
    assert asked == ["shared-data", "many-versions<2"]
