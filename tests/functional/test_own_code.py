"""The user's own modules and projects, in environments that do not know where they came from."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channel
from tests.support.tools import Tools

PROJECT = """\
[build-system]
requires = []
backend-path = ["."]
build-backend = "backend"

[project]
name = "my-project"
version = "3.1"
"""

# It builds with nothing but the standard library, and writes where it builds into its wheel's
# metadata only, as build tools do.
BACKEND = """\
import os, zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "my_project-3.1.dist-info"
    name = "my_project-3.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.write("my_project.py")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: my-project\\n"
                       "Version: 3.1\\nRequires-Dist: greeting>=1\\n"
                       "Requires-Dist: no-such-thing; extra == 'more'\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/entry_points.txt", "[console_scripts]\\nmine=my_project:main\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
"""


@pytest.fixture
def work(tools: Tools) -> Path:
    """A folder of the user's with a script's modules, a project and a file."""
    folder = tools.cwd / "theirs"
    (folder / "helpers/__pycache__").mkdir(parents=True)
    (folder / "helpers/__init__.py").write_text("from helpers import deep\n")
    (folder / "helpers/deep.py").write_text("WHERE = __file__\n")
    (folder / "helpers/__pycache__/deep.cpython-311.pyc").write_bytes(bytes(str(folder), "utf-8"))
    (folder / "single.py").write_text("import helpers\nVALUE = 7\n")
    (folder / "table.csv").write_text("a,b\n")
    (folder / "project").mkdir()
    (folder / "project/pyproject.toml").write_text(PROJECT)
    (folder / "project/backend.py").write_text(BACKEND)
    (folder / "project/my_project.py").write_text("def main():\n    print('my own')\n")
    return folder


def needs(folder: Path, channel: Channel, *pip: str, **keys: Any) -> Path:
    path = folder / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["greeting", {"pip": list(pip)}]}
    data = {"python": channel.python.version, "modules": [], "conda": conda, **keys}
    path.write_text(json.dumps(data))
    return path


def unpacked(tools: Tools, archive: str = "mine.tar.gz") -> Path:
    folder = tools.cwd / "elsewhere"
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], cwd=tools.cwd, check=True)
    return folder


def say(prefix: Path, code: str) -> str:
    done = subprocess.run(
        [prefix / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_own_code__local_added_and_project__works_away_from_this_machine(
    tools: Tools, channel: Channel, work: Path
) -> None:
    path = needs(work, channel, local=["helpers", "single.py"])
    before = sorted(p for p in work.rglob("*"))
    done = tools.create(
        *("--add", work / "project", "--add", f"{work}/table.csv:share/tables/"),
        *(path, "mine"),
        env={"PIP_NO_INDEX": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p for p in work.rglob("*")) == before
    work.rename(work.with_name("gone"))
    prefix = unpacked(tools)
    assert named_in(prefix, str(tools.cwd), str(tools.home), str(tools.cache)) == []
    assert say(prefix, "import single; print(single.VALUE)") == "7"
    assert say(prefix, "import helpers.deep; print(helpers.deep.WHERE)").startswith(str(prefix))
    mine = subprocess.run([prefix / "bin/mine"], capture_output=True, text=True, check=True)
    assert mine.stdout == "my own\n"
    assert (prefix / "share/tables/table.csv").read_text() == "a,b\n"


def named_in(prefix: Path, *words: str) -> list[Path]:
    """The files and links that have one of these words."""
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words))
    files = [path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    links = [path for path in prefix.rglob("*") if path.is_symlink()]
    found = [path for path in files if pattern.search(path.read_bytes())]
    return found + [path for path in links if pattern.search(str(path.readlink()).encode())]


@pytest.mark.parametrize(
    "requirement",
    [
        "-e ./project",
        pytest.param("./project", marks=pytest.mark.slow),
        pytest.param("my-project @ file://{work}/project", marks=pytest.mark.slow),
    ],
)
def test_requirement__folder_of_a_project__is_built_and_not_linked(
    tools: Tools, channel: Channel, work: Path, requirement: str
) -> None:
    path = needs(work, channel, requirement.format(work=work))
    done = tools.create(path, "./mine.tar.gz", env={"PIP_NO_INDEX": "1"})
    assert done.returncode == 0, done.stderr
    work.rename(work.with_name("gone"))
    prefix = unpacked(tools)
    assert "site-packages" in say(prefix, "import my_project; print(my_project.__file__)")


def test_local__not_found__is_an_error_and_there_is_no_archive(
    tools: Tools, channel: Channel, work: Path
) -> None:
    path = needs(tools.cwd, channel, local=["not_here.py"])
    done = tools.create(path, "./mine.tar.gz")
    assert done.returncode == 2
    assert f"own module {tools.cwd / 'not_here.py'} is not there" in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()


def test_local__no_python_module__is_refused_since_the_requirements_alone_name_it(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of this machine")
    path = needs(tools.cwd, channel, local=[str(tmp_path / "secret")])
    done = tools.create(path, "./mine.tar.gz")
    assert done.returncode == 3
    assert f"'local' names {tmp_path / 'secret'}, which is no Python module" in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()


def test_own_code__environment_of_python_alone__has_a_folder_for_it(
    tools: Tools, work: Path
) -> None:
    path = work / "single.json"
    version = platform.python_version()
    path.write_text(json.dumps({"python": version, "modules": [], "local": ["single.py"]}))
    done = tools.create("-c", "host", "--add", work / "helpers", path, "./mine.tar.gz")
    assert done.returncode == 0, done.stderr
    place = say(unpacked(tools), "import single; print(single.__file__)")
    assert re.search("/lib/python3.*/(site|dist)-packages/single.py", place)  # dist: Debian's


@pytest.mark.parametrize(
    ("add", "code", "says"),
    [
        ("nowhere.py", 2, "cannot add nowhere.py"),
        ("theirs/table.csv", 1, "--add theirs/table.csv:share/table.csv"),
        ("theirs/table.csv:../out", 1, "below the environment"),
        ("theirs/table.csv:bin/python", 5, "has bin/python already"),
        ("theirs/table.csv:bin/activate", 5, "has bin/activate already"),
        ("theirs/table.csv:etc/pypackage/data", 5, "has etc/pypackage/data already"),
        ("greeting.py", 5, "has a module greeting (greeting) already"),
        ("pipe:share/", 2, "neither a file nor a folder"),
    ],
)
def test_add__what_cannot_be__is_refused(
    tools: Tools, channel: Channel, work: Path, add: str, code: int, says: str
) -> None:
    (tools.cwd / "greeting.py").touch()
    os.mkfifo(tools.cwd / "pipe")
    done = tools.create("--add", add, needs(work, channel), "mine")
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()


def test_add__links_and_names_of_any_kind__are_copied_once(
    tools: Tools, channel: Channel, work: Path
) -> None:
    folder = tools.cwd / "o wn ü"
    folder.mkdir()
    (folder / "héllo wörld.txt").write_text("hi")
    (folder / "absolute").symlink_to(folder / "héllo wörld.txt")
    (folder / "circle").symlink_to(folder)
    (folder / ".#lock").symlink_to("me@here:17")
    path = needs(work, channel, local=["single.py"])
    added = ("--add", f"{folder}:share/d a t a", "--add", work / "single.py")
    done = tools.create(*added, path, "./mine.tar.gz")
    assert done.returncode == 0, done.stderr
    assert f"not in the archive: {folder}/.#lock" in done.stderr
    there = unpacked(tools) / "share/d a t a"
    assert {one.name: one.read_text() for one in there.iterdir()} == {
        "héllo wörld.txt": "hi",
        "absolute": "hi",
    }


def test_project__that_does_not_build__exits_4_with_what_was_said(
    tools: Tools, channel: Channel, work: Path
) -> None:
    (work / "project/backend.py").write_text("raise SystemExit('no compiler here')\n")
    done = tools.create("--add", work / "project", needs(work, channel), "mine")
    assert done.returncode == 4
    assert "no compiler here" in done.stderr
    assert "Traceback" not in done.stderr
