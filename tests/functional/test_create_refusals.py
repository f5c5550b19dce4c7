"""What cannot be made: the exit code, and what is said of the reason."""

from __future__ import annotations

import json
import os

import pytest

from tests.support.channels import Channel
from tests.support.creating import refused, requirements
from tests.support.tools import Tools


@pytest.mark.parametrize("host", [False, True])
def test_create__module_of_which_nothing_is_known__is_no_guess(
    tools: Tools, channel: Channel, python: str, host: bool
) -> None:
    needs = json.dumps({"python": python, "modules": ["antigravity", "zq_unheard_of"]})
    done = tools.create("-", "mine", "-c", "host" if host else channel.folder, stdin=needs)
    assert done.returncode == 3
    assert "error: no package is known to have the module zq_unheard_of" in done.stderr
    assert "--allow-guesses" in done.stderr


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_create__archive_path_that_is_no_file__exits_2_and_leaves_it(
    tools: Tools, kind: str
) -> None:
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    path = tools.cwd / "pipe"
    os.mkfifo(path)
    target = str(path) if kind == "pipe" else "/dev/full"
    assert "is a device or pipe" in refused(tools, 2, "good.json", target)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "required"),
        (["one"], "required"),
        (["one", "two", "three"], "unrecognized"),
        (["--nonsense", "one", "two"], "unrecognized"),
        (["-c"], "expected one argument"),
        (["requirements.json", "env.tar.xz"], "archives end in .tar.gz, .tgz, .tar.zst"),
        (["--format", "rar", "requirements.json", "mine"], "no format rar"),
        (["--format", "zip", "requirements.json", "e.tar.gz"], "ends like tar.gz"),
        (["requirements.json", ".zip"], "not a name for an environment"),
        (["-j", "0", "requirements.json", "mine"], "'0' is not a positive number"),
        (["--compress-level", "10", "requirements.json", "mine"], "it has 0 to 9"),
        (["--compress-level", "1", "requirements.json", "e.tar"], "has no compression level"),
        (["--lock", "requirements.json", "requirements.json", "./e.zip"], "replace an input"),
        (["requirements.json", "./e.zip", "--add", "e.zip:share/"], "e.zip would replace an input"),
        (["--report", "./e.zip", "requirements.json", "e.zip"], "e.zip would replace another out"),
        (["--lock", "m.txt", "--sbom", "m.txt", "requirements.json", "m"], "m.txt would replace"),
        (["--lock", "m.tar.gz", "requirements.json", "m"], "m.tar.gz would replace another output"),
        (["--join", "e.zip", "e.zip", "--format", "zip"], "e.zip would replace an input"),
        (["requirements.json", "two words"], "not a name for an environment"),
        (["requirements.json", ""], "not a name for an environment"),
        (["requirements.json", ".tar.gz"], "not a name for an environment"),
        (["requirements.json", "base"], "not a name for an environment"),
    ],
)
def test_command_line__invalid__exits_1(tools: Tools, args: list[str], says: str) -> None:
    (tools.cwd / "requirements.json").write_text('{"python": "3.11", "modules": []}')
    (tools.cwd / "e.zip").touch()
    assert says in refused(tools, 1, *args)


def test_path__name_too_long__exits_2(tools: Tools) -> None:
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    assert "File name too long" in refused(tools, 2, "good.json", "x" * 300)
    assert "cannot read xxx" in refused(tools, 2, "x" * 300, "./e.tar.gz")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["missing.json", "mine"], "missing.json: No such file"),
        (["folder", "mine"], "folder is neither a conda environment, a virtual one nor a project"),
        (["good.json", "no/such/folder/e.tar.gz"], "no/such/folder"),
        (["good.json", "./folder"], "cannot write ./folder: it names a folder"),
        (["good.json", "e.tar.gz/"], "cannot write e.tar.gz/: it names a folder"),
        (["good.json", "./dangling"], "nowhere does not exist"),
        (["good.json", "e.tar.gz", "--lock", "e.lock/"], "cannot write e.lock/: it names a folder"),
        (["good.json", "named"], "cannot write named.lock: it names a folder"),
    ],
)
def test_path__invalid__exits_2(tools: Tools, args: list[str], says: str) -> None:
    (tools.cwd / "folder").mkdir()
    (tools.cwd / "named.lock").mkdir()
    (tools.cwd / "dangling").symlink_to("nowhere/e.tar.gz")
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    assert says in refused(tools, 2, *args)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x7fELF\x02\x01\x01\xff\xfe", "1:1: is in no known format"),
        (b"", "is empty"),
        (b'{"python": "3.11",\n "modules": [}', "2:14: not valid JSON"),
        (b"[]", "expected an object, not a list"),
        (b'{"modules": []}', "python: missing"),
        (b'{"python": 3.11, "modules": []}', "python: expected a string, not 3.11"),
        (b'{"python": "3.11", "modules": "numpy"}', 'modules: expected a list, not "numpy"'),
        (
            b'{"python": "3.11", "conda": {"dependencies": ["a", "b", "c", 7]}}',
            "conda.dependencies[3]: expected a string, not 7",
        ),
        (b'{"python": "3.11", "conda": {"dependencies": ["numpy >=("]}}', "numpy >=("),
        (
            b'{"python": "3.11", "conda": {"dependencies": [{"pipp": ["six"]}]}}',
            "conda.dependencies[0]: expected only the key 'pip', not 'pipp'\n  each conda package",
        ),
        (b'{"python": "3.11", "conda": {"channels": ["\\ud800"]}}', "conda.channels[0]"),
    ],
)
def test_requirements__invalid__exits_3_and_names_the_place(
    tools: Tools, channel: Channel, content: bytes, says: str
) -> None:
    (tools.cwd / "bad.json").write_bytes(content)
    assert says in refused(tools, 3, "-c", channel.folder, "bad.json", "mine")


@pytest.mark.parametrize(
    ("dependencies", "says"),
    [
        (["no-such-package"], "no-such-package"),
        (["needs-unknown"], "no-such-package"),
        (["many-versions=9"], "many-versions 9"),
        (["needs-cuda"], "__cuda"),
        (["needs-new-glibc"], "__glibc"),
    ],
)
def test_requirements__that_nothing_satisfies__exit_4_with_the_reason(
    tools: Tools, channel: Channel, python: str, dependencies: list[str], says: str
) -> None:
    needs = requirements(tools.cwd, *dependencies, python=python)
    assert says in refused(tools, 4, "-c", channel.folder, needs, "mine")


def test_requirements__that_exclude_each_other__exit_4_and_name_both(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "either-left", "either-right", python=python)
    said = refused(tools, 4, "-c", channel.folder, needs, "mine")
    assert "either-left" in said
    assert "either-right" in said


def test_create__module_that_no_package_has__exits_7_and_names_it(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "greeting", python=python, modules=["greeting", "numpy"])
    said = refused(tools, 7, "-c", channel.folder, needs, "mine")
    assert "numpy does not import in the environment" in said


def test_create__index_that_cannot_be_reached__exits_4_with_its_reason(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = json.dumps({"python": python, "conda": {"dependencies": [{"pip": ["zq-unheard-of"]}]}})
    dead = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    args = ("-", "./made.tar", "-c", channel.folder)
    told = refused(tools, 4, *args, stdin=needs, env=dead)
    assert "cannot fetch from PyPI" in told
    assert "check the network, or name a mirror" in told
